import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../../test/support/eventually.ts';
import { type Random, randomOf } from '../../test/support/random.ts';
import type { LiveBoard } from '../src/live-board.ts';
import { heapBytes } from './support/heap.ts';
import { RandomMarket } from './support/random-market.ts';
import { type RunningMarket, startMarket } from './support/running-market.ts';
import { Screen } from './support/screen.ts';

const messages = 10_000;
/** Fewer than end a connection. */
const ofConnection = 40;

const examples = [
  '{"watch":{"symbols":["S1","S2","no such symbol"]}}',
  '{"subscribe":{"symbol":"S1","interval":"1m","indicators":true}}',
  '{"unsubscribe":{}}',
  '[[[[[[[[[[{}]]]]]]]]]]',
  '{"watch":{"symbols":"S1"}}',
  '{"__proto__":{"watch":1},"constructor":{"prototype":{}}}',
  '{"watch":{"symbols":["\\u0000","\\ud800","💹"]}}',
  '-1e999',
] as const;

let running: RunningMarket;
let board: LiveBoard;

beforeEach(async () => {
  running = await startMarket();
  board = await running.startBoard({ market: new RandomMarket(50, 1), socket: { updateIntervalMs: 20 } });
});

afterEach(() => running.close());

/** A message that is right, nearly right, or nothing of the kind. */
function message(random: Random): string | Buffer {
  const example = random.pick(examples);
  const at = random.below(example.length);
  const kind = random.below(7);
  if (kind === 0) return example;
  if (kind === 1) return example.slice(0, at);
  if (kind === 2) return `${example.slice(0, at)}${String.fromCharCode(random.below(0x250))}${example.slice(at + 1)}`;
  if (kind === 3) return `${example.slice(0, at)}${example}${example.slice(at)}`;
  if (kind === 4) return Buffer.from(Array.from({ length: random.below(60) }, () => random.below(256)));
  if (kind === 5)
    return JSON.stringify({ watch: { symbols: Array.from({ length: random.below(1_100) }, () => 'x'.repeat(random.below(66))) } });
  return example.replace(/\d|"\w+"/, () => random.pick(['null', 'true', '[]', '{}', '1e9', '"1m"']));
}

describe('whatever clients say', () => {
  it(`is answered, taken or ends their own connection: ${messages} seeded messages`, async () => {
    const random = randomOf(11);
    const good = await Screen.open(board.url);
    good.watch('S1', 'S2');
    await eventually('rows', () => good.table.size === 2);
    const before = heapBytes();
    let [refused, closed] = [0, 0];
    for (let sent = 0; sent < messages; sent += ofConnection) {
      const screen = await Screen.open(board.url);
      const closing = once(screen.socket, 'close');
      for (let count = 0; count < ofConnection; count += 1) screen.socket.send(message(random));
      // Behind all of them: its answer, or the end, says that they were read.
      screen.socket.send('{"subscribe":{"symbol":"S1","interval":"last"}}');
      const isEnded = await Promise.race([
        closing.then(() => true),
        eventually('the last answer', () => screen.errors.some(error => error.message.includes('subscribe.interval'))).then(() => false),
      ]);
      refused += screen.errors.length;
      closed += isEnded ? 1 : 0;
      expect(new Set(screen.errors.map(error => error.code))).toEqual(
        new Set(isEnded && screen.errors.length === 0 ? [] : ['message.invalid']),
      );
      screen.socket.terminate();
    }
    expect(refused).toBeGreaterThan(messages / 4);
    expect(closed).toBeLessThan(messages / ofConnection);
    expect(heapBytes() - before).toBeLessThan(8 * 1_048_576);
    const { length } = good.updates;
    await eventually('the board to go on', () => good.updates.length > length);
    expect(good.errors).toEqual([]);
  }, 60_000);

  it('ends their own connection when it is no WebSocket frame', async () => {
    const random = randomOf(12);
    const good = await Screen.open(board.url);
    for (let round = 0; round < 200; round += 1) {
      const { hostname, port } = new URL(board.url);
      const socket = connect(Number(port), hostname);
      const closing = once(socket, 'close');
      socket.on('error', () => undefined).resume();
      const head = ['GET /ws HTTP/1.1', `Host: ${hostname}:${port}`, 'Connection: Upgrade', 'Upgrade: websocket'];
      socket.write(`${[...head, 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='].join('\r\n')}\r\n\r\n`);
      // Reserved bits, unmasked frames, unknown opcodes: none of it is a frame of a client.
      socket.write(Buffer.from([0x70 | random.below(16), ...Array.from({ length: 40 }, () => random.below(256))]));
      await closing;
    }
    expect(good.socket.readyState).toBe(good.socket.OPEN);
    good.watch('S1');
    await eventually('a row', () => good.table.size === 1);
  });
});
