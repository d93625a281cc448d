import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../../test/support/eventually.ts';
import { AnswerBounds } from '../src/api/answer-bounds.ts';
import { startStockedBoard, tenOClockMs } from './support/stocked-board.ts';

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

  it('let nobody who waits begin while too much is unread', async () => {
    const bounds = new AnswerBounds({ maxRows: 1, maxUnsentBytes: 1_000 });
    const response = Object.assign(new PassThrough(), { setTimeout: () => undefined }) as unknown as ServerResponse;
    const first = Promise.withResolvers<void>();
    const working = bounds.whenRoom(1, () => first.promise);
    let hasBegun = false;
    const waiting = bounds.whenRoom(1, async () => {
      hasBegun = true;
    });
    bounds.watch(response, 2_000);
    first.resolve();
    await working;
    await new Promise(setImmediate);
    expect(hasBegun).toBe(false);
    response.destroy();
    await waiting;
    expect(hasBegun).toBe(true);
  });
});

describe('a reader that takes nothing', () => {
  /** More than the sockets of both sides take. */
  const body = Buffer.alloc(32 * 1_024 * 1_024, 'a');
  let server: Server;
  let port: number;

  beforeAll(async () => {
    const bounds = new AnswerBounds({ maxUnsentBytes: 1_000_000, readerIdleMs: 4_000 });
    server = createServer((_request, response) => {
      bounds
        .whenRoom(1, async () => undefined)
        .then(
          () => {
            bounds.watch(response, body.length);
            response.end(body);
          },
          () => response.writeHead(503).end(),
        );
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    port = (server.address() as AddressInfo).port;
  });

  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it('is cut off; until then nothing new is begun that could not be held', async () => {
    const reader = connect(port, '127.0.0.1');
    reader.on('error', () => undefined);
    reader.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await once(reader, 'readable');
    const statusOf = async () => (await fetch(`http://127.0.0.1:${port}`)).status;
    expect(await statusOf()).toBe(503);
    await eventually('there is room again', async () => (await statusOf()) === 200, 60_000);
    reader.destroy();
  }, 90_000);
});

describe('a board that has its hands full', () => {
  it('says so, and when to try again', async () => {
    const board = await startStockedBoard({}, { nowMs: tenOClockMs, board: { answerBounds: { maxWaiting: 0 } } });
    const answer = await board.get('/api/latest');
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2']);
    expect(answer.json()).toEqual({
      error: { code: 'server.busy', message: 'too many answers are being made or wait for slow readers: try again in a moment' },
    });
    await board.close();
  });
});
