/**
 * Clients of the board as a process: each has a socket of its own, watches a list, and decodes every update with the page's own decoder.
 *
 * On standard output: `ready` when all have their rows. `begin` on standard input starts to count, `end` gives
 * `counted {"updates", "frames", "bytes", "tenths"}`: `tenths` says how many frames took how many tenths of a millisecond from the
 * server's clock in them to their arrival. With `--stalled` they read nothing after their first rows, and connect again when they are cut off.
 */
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import type { ServerMessage } from '@tapeline/visualization/board-messages';
import { RowReader } from '@tapeline/visualization/browser/row-frames';
import { loadSymbols } from './load.ts';
import { machineMs } from './machine-clock.ts';
import { RawWebSocket } from './raw-websocket.ts';
import { seededRandom } from './seeded-random.ts';

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: '' },
    clients: { type: 'string', default: '100' },
    symbols: { type: 'string', default: '1000' },
    watched: { type: 'string', default: '50' },
    /** 0: each client has a random one of its own. */
    lists: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    stalled: { type: 'boolean', default: false },
  },
});
const clients = Number(values.clients);
const watched = Number(values.watched);
const symbols = loadSymbols(Number(values.symbols));
const random = seededRandom(Number(values.seed));
const longestTenths = 100_000;
/** Connections that are being made at a time. */
const atOnce = 50;
const againMs = 1_000;

let counting = false;
let [updates, frames, bytes, served] = [0, 0, 0, 0];
let tenths = new Uint32Array(longestTenths + 1);

createInterface(process.stdin)
  .on('line', line => {
    if (line === 'begin') begin();
    else if (line === 'end') end();
  })
  .on('close', () => process.exit(0));
for (let client = 0; client < Math.min(atOnce, clients); client += 1) open(client);

function open(client: number): void {
  const reader = new RowReader();
  let isServed = false;
  const socket = new RawWebSocket(values.url, {
    open: () => socket.send(JSON.stringify({ watch: { symbols: listOf(client) } })),
    text: text => {
      const message = JSON.parse(text) as ServerMessage;
      if ('symbols' in message) reader.learn(message.symbols);
    },
    binary: view => {
      const arrivedMs = machineMs();
      const { nowMs, rows } = reader.read(view);
      if (rows.length > 0 && !isServed) {
        isServed = true;
        serve(client);
        if (values.stalled) socket.stall();
      }
      if (!counting) return;
      updates += rows.length;
      frames += 1;
      bytes += view.byteLength;
      const tenth = Math.min(longestTenths, Math.max(0, Math.round((arrivedMs - nowMs) * 10)));
      tenths[tenth] = (tenths[tenth] as number) + 1;
    },
    closed: () => {
      if (!values.stalled) throw new Error('the board ended a connection of a client that reads');
      setTimeout(() => open(client), againMs);
    },
  });
}

/** Has the next one connect. */
function serve(client: number): void {
  served += 1;
  if (client + atOnce < clients && served <= clients) open(client + atOnce);
  if (served === clients) process.stdout.write('ready\n');
}

function listOf(client: number): readonly string[] {
  const lists = Number(values.lists);
  if (lists > 0) return Array.from({ length: watched }, (_, index) => symbols[((client % lists) * watched + index) % symbols.length] ?? '');
  const list = new Set<string>();
  while (list.size < Math.min(watched, symbols.length)) list.add(symbols[Math.floor(random() * symbols.length)] ?? '');
  return [...list];
}

function begin(): void {
  [updates, frames, bytes] = [0, 0, 0];
  tenths = new Uint32Array(longestTenths + 1);
  counting = true;
}

function end(): void {
  counting = false;
  const used = tenths.findLastIndex(count => count > 0) + 1;
  process.stdout.write(`counted ${JSON.stringify({ updates, frames, bytes, tenths: [...tenths.subarray(0, used)] })}\n`);
}
