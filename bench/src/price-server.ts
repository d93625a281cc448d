/**
 * A server of prices as a process, over a real WebSocket: it answers each subscription and sends prebuilt frames as it is told.
 *
 * On standard input: `rate <a second> <seconds>` (paced; more pairs go on from there, 0 a second is quiet), `window <most unacknowledged>
 * <how many>` (as fast as it may), `acked <count>`. On standard output: `url <address>`, `ready` when a client has subscribed,
 * `sent <count> <machine clock in ms> <bytes that the client has not let out yet>` for each piece that is paced, `over <count>` when all that
 * was asked for is sent. Counts are since the start.
 */
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { WebSocketServer } from 'ws';
import { machineMs } from './machine-clock.ts';
import { dueAfter, type Pace, secondsOf } from './pace.ts';
import { acceptedSymbols, frameOf, priceFrames } from './price-frames.ts';

const { values } = parseArgs({ options: { symbols: { type: 'string', default: '1000' }, frames: { type: 'string', default: '200000' } } });
const accepted = new Map(acceptedSymbols(Number(values.symbols)).map(answer => [answer.symbol, answer]));
const frames = priceFrames(Number(values.frames), accepted.size);
/** As often as a socket gives a handful of prices. */
const paceMs = 4;
/** Frames in one write at most. */
const mostFrames = 500;
/** What the kernel and we may hold that the client has not read. */
const mostBufferedBytes = 4 * 1_048_576;

const server = createServer();
const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
let client: Duplex | undefined;
let subscribed = 0;
let sent = 0;
let acked = 0;

server.on('upgrade', (request, socket, head) => {
  sockets.handleUpgrade(request, socket, head, connection => {
    connection.on('message', data => answer(String(data), socket));
    connection.on('error', () => process.exit(0));
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object') say(`url ws://127.0.0.1:${address?.port}/v1/quotes/price`);
});
createInterface(process.stdin)
  .on('line', line => {
    const [word, ...numbers] = line.split(' ');
    const [first = 0, second = 0] = numbers.map(Number);
    if (word === 'acked') acked = first;
    else if (word === 'rate') void paced(pacesOf(numbers.map(Number)));
    else if (word === 'window') void windowed(first, second);
  })
  .on('close', () => process.exit(0));

function answer(text: string, socket: Duplex): void {
  const { action, params } = JSON.parse(text) as { action: string; params?: { symbols: string } };
  if (action !== 'subscribe' || params === undefined) return;
  const success = params.symbols.split(',').flatMap(symbol => accepted.get(symbol) ?? []);
  socket.write(frameOf(JSON.stringify({ event: 'subscribe-status', status: 'ok', success, fails: null })));
  subscribed += success.length;
  client = socket;
  if (subscribed === accepted.size) say('ready');
}

/** As the paces say, whatever the client does. */
async function paced(paces: readonly Pace[]): Promise<void> {
  const [beganMs, before] = [machineMs(), sent];
  const endMs = beganMs + secondsOf(paces) * 1_000;
  const total = dueAfter(paces, Number.POSITIVE_INFINITY);
  for (let done = 0; done < total || machineMs() < endMs; done = sent - before) {
    const due = dueAfter(paces, machineMs() - beganMs);
    if (due > done) {
      // The moment before the write: what the client's socket makes of it counts.
      const atMs = machineMs();
      while (sent - before < due) send(due - (sent - before));
      say(`sent ${sent} ${atMs.toFixed(3)} ${client?.writableLength ?? 0}`);
    }
    await sleep(paceMs);
  }
  say(`over ${sent}`);
}

function pacesOf(numbers: readonly number[]): readonly Pace[] {
  return numbers.flatMap((perSecond, index) => (index % 2 === 0 ? [{ perSecond, seconds: numbers[index + 1] ?? 0 }] : []));
}

/** As fast as acknowledgements come, with at most so many on their way. */
async function windowed(most: number, total: number): Promise<void> {
  const before = sent;
  while (sent - before < total) {
    const room = Math.min(most - (sent - acked), total - (sent - before));
    if (room >= Math.min(mostFrames, total - (sent - before)) && (client?.writableLength ?? 0) < mostBufferedBytes) {
      send(room);
      await turn();
    } else await sleep(1);
  }
  say(`over ${sent}`);
}

/** One write of at most so many frames. */
function send(most: number): void {
  const from = sent % frames.count;
  const to = Math.min(frames.count, from + Math.min(most, mostFrames));
  frames.stamp(from, to, Math.floor(Date.now() / 1_000));
  // The bytes are written over when their turn comes again, long after they have left.
  client?.write(frames.bytes.subarray(frames.starts[from], frames.starts[to]));
  sent += to - from;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
