import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { PipelineError } from '../src/errors.ts';
import { untilThere } from '../src/waiting-start.ts';

const away = new PipelineError('log.unavailable', 'no broker answers', { retriable: true });
const refused = new PipelineError('log.unavailable', 'the password is wrong', { retriable: false });

function hearing() {
  const lines: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line).msg) });
  return { lines, options: { logger, pauseMs: 10, tellEveryMs: 55 } };
}

describe('a start that waits for a server', () => {
  it('goes on as soon as it is there, and tells of it now and then meanwhile', async () => {
    const { lines, options } = hearing();
    let attempts = 0;
    const open = async () => {
      attempts += 1;
      if (attempts < 10) throw away;
      return 'open';
    };
    expect(await untilThere('Kafka', open, { ...options, signal: new AbortController().signal })).toBe('open');
    expect(lines[0]).toBe('waiting for Kafka, for 0 s: no broker answers');
    expect(lines.at(-1)).toBe('Kafka answered after 0 s');
    expect(lines.length).toBeLessThan(6);
  });

  it('says nothing of one that is there', async () => {
    const { lines, options } = hearing();
    await untilThere('Kafka', async () => 'open', { ...options, signal: new AbortController().signal });
    expect(lines).toEqual([]);
  });

  it('ends with what waiting does not mend, and with the last failure when it is stopped', async () => {
    const { options } = hearing();
    const stop = new AbortController();
    const failing = (error: unknown) => () => Promise.reject(error);
    await expect(untilThere('Kafka', failing(refused), { ...options, signal: stop.signal })).rejects.toBe(refused);
    const waiting = untilThere('Kafka', failing(away), { ...options, pauseMs: 60_000, signal: stop.signal });
    setTimeout(() => stop.abort(), 20);
    await expect(waiting).rejects.toBe(away);
  });
});
