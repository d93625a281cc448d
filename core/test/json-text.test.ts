import { describe, expect, it } from '@jest/globals';
import { isShallow, jsonText, parseJson, shownValue } from '../src/json-text.ts';

const nested = (depth: number): unknown => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`);

describe('JSON of what others sent', () => {
  it('is JSON', () => {
    expect(jsonText({ a: [1, 'x'] })).toBe('{"a":[1,"x"]}');
    expect([shownValue('x'.repeat(200)).length, shownValue(undefined), shownValue(null)]).toEqual([100, 'absent', 'null']);
  });

  it('is a sentence where the value is nested more deeply than can be written', () => {
    const atAnyDepth = (calls: number): string => (calls === 0 ? jsonText(nested(3_000)) : atAnyDepth(calls - 1));
    expect([atAnyDepth(0), atAnyDepth(3_000)]).toEqual([jsonText(nested(100_000)), jsonText(nested(100_000))]);
    expect(jsonText(nested(100_000))).toBe('something that is nested too deeply to be written');
  });

  it('is refused when it is nested in more levels than anything of ours', () => {
    expect(parseJson('{"a":[1]}')).toEqual({ a: [1] });
    expect(() => parseJson('{')).toThrow(SyntaxError);
    expect(() => parseJson(`${'['.repeat(102)}${']'.repeat(102)}`)).toThrow('it is nested in more than 100 levels');
  });

  it('is shallow as long as nothing stands in more than so many others', () => {
    expect([isShallow(7, 0), isShallow([], 0), isShallow([[]], 0), isShallow({ a: [{}] }, 2), isShallow({ a: [{}] }, 1)]).toEqual([
      true,
      true,
      false,
      true,
      false,
    ]);
    expect(isShallow(nested(100_000), 20)).toBe(false);
  });
});
