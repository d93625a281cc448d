import { describe, expect, it } from '@jest/globals';
import { overlay, renderValues } from '../src/chart-values.ts';

describe('values of charts', () => {
  it('join maps and replace lists and texts when one is laid over the other', () => {
    const under = { image: { tag: 'a', pullPolicy: 'Never' }, hosts: ['one', 'two'], replicas: 1 };
    const over = { image: { tag: 'b' }, hosts: ['three'], extra: true };
    expect(overlay(under, over)).toEqual({ image: { tag: 'b', pullPolicy: 'Never' }, hosts: ['three'], replicas: 1, extra: true });
  });

  it('quote texts, so that a commit of digits stays a text', () => {
    expect(renderValues({ imageTag: '12e4567' })).toBe('{\n  "imageTag": "12e4567"\n}');
  });

  it.each([`\${path.module}`, '%{ if true }'])('refuse %s, which Terraform would read', text => {
    expect(() => renderValues({ setting: text })).toThrow('chart values must not hold Terraform templates');
  });
});
