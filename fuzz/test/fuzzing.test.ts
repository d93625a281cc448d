/** The fuzzer itself: inputs that come again, faults that are told and made small, runs that add up. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { faultOf } from '../src/examination.ts';
import type { FuzzedParser } from '../src/fuzzed-parser.ts';
import { inputOf } from '../src/inputs.ts';
import { minimised } from '../src/minimise.ts';
import { ParserThread } from '../src/parser-thread.ts';
import { parsers } from '../src/parsers.ts';
import { keepRegression } from '../src/regressions.ts';
import { Totals } from '../src/totals.ts';

let folder: string;

beforeEach(() => {
  folder = temporaryFolder('fuzz');
});

function aParser(check: FuzzedParser['check']): FuzzedParser {
  return { name: 'test', reads: 'anything', heldTo: 'nothing', format: 'json', example: () => '{"a":[1,2,{"b":"c"}]}', check };
}

describe('inputs', () => {
  it.each(parsers.map(parser => [parser.name, parser] as const))(
    'of %s are the same for the same seed and number, and differ',
    (_, parser) => {
      const inputs = Array.from({ length: 40 }, (_, index) => inputOf(parser, 7, index).toString('hex'));
      expect(Array.from({ length: 40 }, (_, index) => inputOf(parser, 7, index).toString('hex'))).toEqual(inputs);
      expect(new Set(inputs).size).toBeGreaterThan(20);
    },
  );
});

describe('an examination', () => {
  it('tells what was thrown, what pollutes a prototype and what takes too long', async () => {
    const thrown = await faultOf(
      aParser(() => {
        throw new TypeError('no 17 of "x"');
      }),
      Buffer.from('x'),
    );
    expect(thrown?.mark).toBe('TypeError: no 0 of …');
    const polluting = aParser(() => {
      (Object.prototype as unknown as Record<string, unknown>).polluted = true;
    });
    expect((await faultOf(polluting, Buffer.from('x')))?.mark).toBe('pollution');
    expect('polluted' in {}).toBe(false);
    const slow = aParser(() => {
      const begun = process.threadCpuUsage();
      while (process.threadCpuUsage(begun).user < 1_200_000);
    });
    expect((await faultOf(slow, Buffer.from('x')))?.mark).toBe('slow');
    expect(
      await faultOf(
        aParser(() => undefined),
        Buffer.from('x'),
      ),
    ).toBeUndefined();
  });
});

describe('a thread of parsers', () => {
  it('is ended when an input has no end, and goes on anew', async () => {
    const thread = new ParserThread(1);
    const task = { kind: 'inputs', parser: 'price-tails', seed: 1, from: 0, to: 50, mostMs: 60_000 } as const;
    try {
      expect((await thread.run(task)).ended?.mark).toBe('hang');
    } finally {
      await thread.close();
    }
    const patient = new ParserThread();
    try {
      expect(await patient.run(task)).toMatchObject({ next: 50, faults: 0 });
    } finally {
      await patient.close();
    }
  }, 60_000);
});

describe('an input that shows a fault', () => {
  it('is made as small as shows it', async () => {
    const small = await minimised(Buffer.from('aaaaaaaaXbbbbbbbYcccccc'), async input => /X.*Y/.test(input.toString()));
    expect(small.toString()).toBe('XY');
  });

  it('is kept once for each fault', () => {
    const found = { parser: 'test', input: Buffer.from('x'), found: 'TypeError: no', seed: 1, index: 2 };
    expect(keepRegression(found, 'TypeError: no', folder)).toMatch(/^typeerror-no-/);
    expect(keepRegression(found, 'TypeError: no', folder)).toBeUndefined();
    expect(readdirSync(join(folder, 'test'))).toHaveLength(2);
  });
});

describe('totals', () => {
  it('add runs up, and count an input once however often it was looked at', () => {
    const totals = new Totals(folder);
    const part = { parser: 'a', faults: 0, seconds: 2, at: '2026-11-21T00:00:00.000Z' };
    for (const [seed, from, to] of [
      [1, 0, 100],
      [1, 50, 150],
      [1, 200, 210],
      [2, 0, 5],
    ] as const)
      totals.add({ ...part, seed, from, to });
    totals.add({ ...part, parser: 'b', seed: 9, from: 0, to: 7, at: '2026-11-22T00:00:00.000Z' });
    expect(totals.of('a')).toEqual({ inputs: 165, faults: 0, seconds: 8, seeds: [1, 2] });
    totals.add({ ...part, seed: 2, from: 5, to: 9, faults: 1 });
    expect(totals.of('a')).toEqual({ inputs: 169, faults: 1, seconds: 10, seeds: [1, 2] });
    expect(totals.parts()).toHaveLength(5);
    expect([totals.nextIndex('a', 1), totals.nextIndex('a', 3), totals.lastSeed()]).toEqual([210, 0, 9]);
  });
});
