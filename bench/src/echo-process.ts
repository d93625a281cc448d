/** A bare kafkajs echo as a process: what comes in on one topic goes out on another, as fast as kafkajs does it. */
import { parseArgs } from 'node:util';
import kafkajs from 'kafkajs';

const { values } = parseArgs({
  options: { brokers: { type: 'string', default: '' }, from: { type: 'string', default: '' }, to: { type: 'string', default: '' } },
});
const kafka = new kafkajs.Kafka({ clientId: 'bench-echo', brokers: values.brokers.split(','), logLevel: kafkajs.logLevel.ERROR });
const producer = kafka.producer();
const consumer = kafka.consumer({ groupId: `bench-echo-${process.pid}-${Date.now()}` });
process.on('SIGTERM', () => process.exit(0));
await producer.connect();
await consumer.connect();
await consumer.subscribe({ topic: values.from, fromBeginning: true });
await consumer.run({
  eachMessage: async ({ message }) => {
    await producer.send({ topic: values.to, messages: [{ value: message.value }] });
  },
});
process.stdout.write('ready\n');
