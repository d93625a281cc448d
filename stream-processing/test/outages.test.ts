import { describe, expect, it } from '@jest/globals';
import { PipelineError } from '@tapeline/core/errors';
import { pino } from 'pino';
import { Outages } from '../src/outages.ts';

const away = new PipelineError('store.unavailable', 'no host answers', { retriable: true });

function hearing() {
  const lines: string[] = [];
  let nowMs = 0;
  const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line).msg) });
  return { lines, outages: new Outages({ logger, now: () => nowMs }), pass: (ms: number) => (nowMs += ms) };
}

describe('what is told of a store that is away', () => {
  it('is a line when it begins, one each ten seconds with what waits, and one when all go on', () => {
    const { lines, outages, pass } = hearing();
    const works = [0, 0, 1, 2].map(partition => ({ doing: 'writing results', partition }));
    for (let second = 0; second < 25; second += 1) {
      for (const work of works) outages.failed(work, away);
      pass(1_000);
    }
    for (const work of works) outages.over(work, true);
    expect(lines).toEqual([
      'writing results: no host answers; trying again, partition 0 waits',
      'still: no host answers; 3 partitions wait for 10 s, 41 attempts failed, still trying',
      'still: no host answers; 3 partitions wait for 20 s, 81 attempts failed, still trying',
      'writing results: done at last after 25 s, all partitions go on',
    ]);
  });

  it('is asked for while it lasts, and nothing afterwards', () => {
    const { lines, outages, pass } = hearing();
    const work = { doing: 'writing results', partition: 3 };
    expect(outages.problem).toBeUndefined();
    outages.failed(work, away);
    pass(4_000);
    expect(outages.problem).toBe('no host answers: 1 partition waits for 4 s, 1 attempt failed');
    outages.failed(work, new PipelineError('store.full', 'the disk is full', { retriable: false }));
    expect(outages.problem).toBe('the disk is full: 1 partition waits for 0 s, 1 attempt failed');
    outages.over(work, false);
    expect(outages.problem).toBeUndefined();
    expect(lines.filter(line => line.includes('done at last'))).toEqual([]);
  });
});
