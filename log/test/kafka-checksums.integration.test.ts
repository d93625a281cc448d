import { channel } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { expect, it } from '@jest/globals';
import { describeWithKafka } from '@tapeline/services/for-tests';
import { pino } from 'pino';
import { openKafkaLog } from '../src/kafka-log.ts';
import { aTopic, texts } from './support/log-reading.ts';

const logger = pino({ level: 'silent' });
const wholeText = 'a price of 100.25';

describeWithKafka('what is damaged on its way from a broker', ({ brokers }) => {
  it.each([
    { checkCrcs: true, seen: 'ends the reading where checksums are compared' },
    { checkCrcs: false, seen: 'is read as it came where they are not' },
  ])(
    '$seen',
    async ({ checkCrcs }) => {
      const log = await openKafkaLog({ brokers, clientId: 'checksum-test', logger, checkCrcs });
      let stop = () => {};
      try {
        const topic = await aTopic(log);
        await log.append([{ topic, partition: 0, value: Buffer.from(wholeText) }]);
        const read = () => texts(log.read({ topic, partition: 0, fromOffset: 0, toOffset: 1 }));
        expect(await read()).toEqual([wholeText]);
        stop = turnBits();
        if (checkCrcs) await expect(read()).rejects.toThrow('the record batch from offset 0 on is damaged, its checksum differs');
        else expect(await read()).toEqual(['a price of 900.25']);
      } finally {
        stop();
        await log.close();
      }
    },
    60_000,
  );
});

/** From now on the price is another in whatever comes from a socket that this process opens. */
function turnBits(): () => void {
  const opened = (message: unknown) => {
    const { socket } = message as { socket: Socket };
    socket.prependListener('data', (frame: Buffer) => {
      const at = frame.indexOf(wholeText);
      if (at >= 0) frame.write('9', at + wholeText.indexOf('1'));
    });
  };
  channel('net.client.socket').subscribe(opened);
  return () => channel('net.client.socket').unsubscribe(opened);
}
