import { describe, expect, it } from '@jest/globals';
import { eventually, NotInTime } from './support/eventually.ts';

describe('waiting in a test', () => {
  it('ends with what is found, once that is neither undefined nor false', async () => {
    const seen = [undefined, false, undefined, 0, 'too late'] as const;
    let looks = 0;
    expect(await eventually('something', () => seen[looks++])).toBe(0);
    expect(looks).toBe(4);
  });

  it('says in words, after the deadline, what did not come', async () => {
    let looks = 0;
    const looking = eventually(
      () => `a look that helps, after ${looks}`,
      async () => ++looks < 0,
      20,
    );
    await expect(looking).rejects.toBeInstanceOf(NotInTime);
    await expect(looking).rejects.toThrow(`not within 20 ms: a look that helps, after ${looks}`);
    await expect(eventually('rain', () => undefined, 20)).rejects.toThrow('not within 20 ms: rain');
  });

  it('ends at once with what is thrown', async () => {
    const broken = () => {
      throw new TypeError('broken');
    };
    await expect(eventually('anything', broken)).rejects.toThrow(new TypeError('broken'));
  });
});
