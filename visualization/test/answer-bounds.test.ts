import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AnswerBounds } from '../src/api/answer-bounds.ts';
import { until } from './support/running-market.ts';
import { aBar, minuteMs, type StockedBoard, startStockedBoard, tenOClockMs } from './support/stocked-board.ts';

const busy = { status: 503, code: 'server.busy' };

describe('the bounds of answers', () => {
  it('let so many rows be read at once, in the order of requests', async () => {
    const bounds = new AnswerBounds({ maxRows: 100 });
    const order: string[] = [];
    const ends = new Map<string, () => void>();
    const begin = (name: string, rows: number) =>
      bounds.whenRoom(rows, () => {
        order.push(name);
        return new Promise<void>(end => ends.set(name, end));
      });
    const all = [begin('a', 60), begin('b', 60), begin('c', 10), begin('whole', 1_000)];
    expect(order).toEqual(['a']);
    ends.get('a')?.();
    await all[0];
    expect(order).toEqual(['a', 'b', 'c']);
    ends.get('b')?.();
    ends.get('c')?.();
    await Promise.all([all[1], all[2]]);
    expect(order).toEqual(['a', 'b', 'c', 'whole']);
    ends.get('whole')?.();
    await Promise.all(all);
  });

  it('refuse who comes when too many wait, and give the room back after a failure', async () => {
    const bounds = new AnswerBounds({ maxRows: 1, maxWaiting: 1 });
    const first = Promise.withResolvers<void>();
    const working = bounds.whenRoom(1, () => first.promise);
    const waiting = bounds.whenRoom(1, async () => 'done');
    await expect(bounds.whenRoom(1, async () => 'never')).rejects.toMatchObject(busy);
    first.reject(new Error('the store is away'));
    await expect(working).rejects.toThrow('the store is away');
    expect(await waiting).toBe('done');
  });
});

describe('a reader that takes nothing', () => {
  let board: StockedBoard;

  beforeAll(async () => {
    const bars = Array.from({ length: 40_000 }, (_, index) => aBar({ startMs: tenOClockMs - index * minuteMs }));
    const bounds = { maxUnsentBytes: 1_000_000, readerIdleMs: 2_000 };
    board = await startStockedBoard({ bars }, { nowMs: tenOClockMs + minuteMs, board: { answerBounds: bounds } });
  }, 60_000);

  afterAll(() => board.close());

  it('is cut off; until then the server begins nothing that it could not hold', async () => {
    const query = '/api/bars?symbol=BTC/USD&interval=1m&limit=40000';
    const readers = Array.from({ length: 4 }, () => connect(Number(new URL(board.url).port), '127.0.0.1'));
    const closed = readers.map(reader => once(reader, 'close'));
    for (const reader of readers) {
      reader.on('error', () => undefined);
      reader.pause();
      reader.write(`GET ${query} HTTP/1.1\r\nhost: a\r\n\r\n`);
    }
    const refused = await until(
      'it says that it is busy',
      async () => {
        const answer = await board.get('/api/bars?symbol=BTC/USD&interval=1m&limit=1');
        return answer.status === 503 ? answer : undefined;
      },
      45_000,
    );
    expect(refused?.json()).toMatchObject({ error: { code: 'server.busy' } });
    expect(refused?.headers.get('retry-after')).toBe('2');
    await until(
      'there is room again',
      async () => (await board.get('/api/bars?symbol=BTC/USD&interval=1m&limit=1')).status === 200,
      45_000,
    );
    for (const reader of readers) reader.destroy();
    await Promise.all(closed);
  }, 120_000);
});
