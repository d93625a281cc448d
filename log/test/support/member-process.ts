/**
 * A member of a group in a process of its own, to be stopped and killed.
 * Arguments: brokers, topic, group, and more options of the log as JSON. Says on its output which partitions it got and lost, a JSON line each.
 */
import { pino } from 'pino';
import { type KafkaLogOptions, openKafkaLog } from '../../src/kafka-log.ts';

const [brokers = '', topic = '', group = '', options = '{}'] = process.argv.slice(2);
const logger = pino({ level: 'silent' });
const more = JSON.parse(options) as Partial<KafkaLogOptions>;
const log = await openKafkaLog({ brokers: brokers.split(','), clientId: 'member-process', logger, ...more });
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
for await (const claim of log.join({ topic, group, signal: stop.signal })) {
  process.stdout.write(`${JSON.stringify({ got: claim.partition })}\n`);
  stop.signal.addEventListener('abort', () => claim.release());
  claim.lost.addEventListener('abort', () => {
    process.stdout.write(`${JSON.stringify({ lost: claim.partition })}\n`);
    claim.release();
  });
}
await log.close();
