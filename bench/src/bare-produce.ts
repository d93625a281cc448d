/**
 * A bare kafkajs produce as a process: records as large as ticks, made once, sent at a pace. A line for each send that was acknowledged,
 * `took <ms> <how many records>`: the yardstick for what the way to the broker and back takes at this moment.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import kafkajs from 'kafkajs';
import { loadRecords } from './load.ts';
import { machineMs } from './machine-clock.ts';

const { values } = parseArgs({
  options: {
    brokers: { type: 'string', default: '' },
    topic: { type: 'string', default: '' },
    rate: { type: 'string', default: '50000' },
    seconds: { type: 'string', default: '10' },
  },
});
const rate = Number(values.rate);
const total = rate * Number(values.seconds);
const paceMs = 4;
const messages = [...loadRecords(100_000)].map(({ key = null, value, partition }) => ({ key, value, partition }));

const kafka = new kafkajs.Kafka({ clientId: 'bench-produce', brokers: values.brokers.split(','), logLevel: kafkajs.logLevel.ERROR });
const producer = kafka.producer();
await producer.connect();
const sending = new Set<Promise<void>>();
const beganMs = machineMs();
for (let sent = 0; sent < total; ) {
  const due = Math.min(total, Math.floor(((machineMs() - beganMs) / 1_000) * rate));
  const from = sent % messages.length;
  const piece = messages.slice(from, from + due - sent);
  sent += piece.length;
  if (piece.length > 0) send(piece);
  await sleep(paceMs);
}
await Promise.all(sending);
await producer.disconnect();
process.stdout.write('done {}\n');

function send(piece: typeof messages): void {
  const atMs = machineMs();
  const sent = producer.send({ topic: values.topic, acks: -1, messages: piece }).then(() => {
    process.stdout.write(`took ${(machineMs() - atMs).toFixed(3)} ${piece.length}\n`);
  });
  sending.add(sent);
  void sent.then(() => sending.delete(sent));
}
