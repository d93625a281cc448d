/** Times a bare kafkajs echo: the yardstick for what a hop through Kafka and back takes on this machine at this moment. */
import kafkajs from 'kafkajs';
import { LiveProcess } from './live-process.ts';
import { machineMs } from './machine-clock.ts';
import { nodeCommand } from './subjects.ts';

export interface Echo {
  /** Milliseconds from before the send to the arrival of the answer, with when it was sent. */
  readonly samples: readonly { readonly sentAtMs: number; readonly tookMs: number }[];
  stop(): Promise<void>;
}

const intervalMs = 50;

/** Sends 20 a second until it is stopped. The topics have one partition each. */
export async function startEcho(brokers: readonly string[], topics: { readonly from: string; readonly to: string }): Promise<Echo> {
  const kafka = new kafkajs.Kafka({ clientId: 'bench-echo-asker', brokers: [...brokers], logLevel: kafkajs.logLevel.ERROR });
  const producer = kafka.producer();
  const consumer = kafka.consumer({ groupId: `bench-echo-asker-${process.pid}-${Date.now()}` });
  const samples: { sentAtMs: number; tookMs: number }[] = [];
  await producer.connect();
  await consumer.connect();
  await consumer.subscribe({ topic: topics.to, fromBeginning: false });
  await consumer.run({
    eachMessage: async ({ message }) => {
      const sentAtMs = Number(message.value?.toString());
      samples.push({ sentAtMs, tookMs: machineMs() - sentAtMs });
    },
  });
  const ready = Promise.withResolvers<void>();
  const flags = ['--brokers', brokers.join(','), '--from', topics.from, '--to', topics.to];
  const answering = new LiveProcess('the echo', nodeCommand('echo-process.ts', flags), () => ready.resolve());
  await Promise.race([ready.promise, answering.ended()]);
  const send = (): void => {
    producer.send({ topic: topics.from, messages: [{ value: machineMs().toFixed(3) }] }).catch(() => undefined);
  };
  const timer = setInterval(send, intervalMs);
  return {
    samples,
    stop: async () => {
      clearInterval(timer);
      await answering.end();
      await Promise.allSettled([consumer.disconnect(), producer.disconnect()]);
    },
  };
}
