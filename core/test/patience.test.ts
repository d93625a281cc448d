import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { PipelineError } from '../src/errors.ts';
import { patiently } from '../src/patience.ts';

const away = new PipelineError('store.unavailable', 'no host answers', { retriable: true });

function hearing() {
  const lines: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line).msg) });
  return { lines, patience: { logger, signal: new AbortController().signal } };
}

/** Fails so many times. */
function failing(failures: number): () => Promise<string> {
  let attempts = 0;
  return async () => {
    attempts += 1;
    if (attempts <= failures) throw away;
    return 'done';
  };
}

describe('patience', () => {
  it('tells when an outage begins and when it is over, and not each attempt', async () => {
    const { lines, patience } = hearing();
    expect(await patiently('writing to a queue', failing(3), patience)).toBe('done');
    expect(lines).toEqual([
      'writing to a queue failed: no host answers; trying again',
      expect.stringMatching(/^writing to a queue: done at last after [01] s$/),
    ]);
  });

  it('tells now and then while it lasts, since when', async () => {
    const { lines, patience } = hearing();
    await patiently('writing to a queue', failing(4), { ...patience, tellEveryMs: 250 });
    expect(lines.length).toBeGreaterThan(2);
    expect(lines.length).toBeLessThan(6);
    expect(lines[1]).toMatch(/^writing to a queue fails for [01] s: no host answers; trying on$/);
  });

  it('says nothing of what succeeds at once', async () => {
    const { lines, patience } = hearing();
    await patiently('writing to a queue', failing(0), patience);
    expect(lines).toEqual([]);
  });
});
