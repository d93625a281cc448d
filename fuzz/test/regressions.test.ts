/** Inputs that showed a fault once, given to their parsers again. */
import { afterAll, describe, expect, it } from '@jest/globals';
import { faultOf } from '../src/examination.ts';
import { parserNamed } from '../src/parsers.ts';
import { regressions } from '../src/regressions.ts';
import { removeFiles } from '../src/scratch-file.ts';

const kept = regressions();

afterAll(removeFiles);

describe.each(kept)('$parser: $name', ({ parser, input, mended }) => {
  it('shows its fault no more', async () => {
    expect(await faultOf(parserNamed(parser), input)).toBeUndefined();
  });

  it('says what was mended', () => {
    expect(mended).toEqual(expect.any(String));
  });
});
