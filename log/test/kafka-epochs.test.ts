import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import type { Broker } from '../src/kafka-client.ts';
import { epochEnds } from '../src/kafka-epochs.ts';
import type { Exchange } from '../src/kafka-exchange.ts';

const warnings: string[] = [];
const logger = pino({ level: 'warn' }, { write: (line: string) => warnings.push(line) });
const question = { topic: 'feed', partitions: [0, 3].map(partition => ({ partition, leaderEpoch: 258 + partition })) };

/** Written by the definition of version 3: replica, topics; of each partition its number, the current epoch and the one asked for. */
const questionBytes = 'ffffffff 00000001 0004 66656564 00000002 00000000 ffffffff 00000102 00000003 ffffffff 00000105';

describe('the end of a leader epoch', () => {
  it('is asked for and answered in the bytes of OffsetForLeaderEpoch, version 3', async () => {
    // The time to wait, topics; of each partition the error, its number, the epoch, and where it ends: 5,000,000,000, and nowhere.
    const answer =
      '00000000 00000001 0004 66656564 00000002 0000 00000000 00000102 000000012a05f200 0000 00000003 ffffffff ffffffffffffffff';
    const { broker, asked } = answering(answer);
    expect(await epochEnds(broker, question, logger)).toEqual(
      new Map([
        [0, 5_000_000_000],
        [3, -1],
      ]),
    );
    expect(asked).toEqual([`23 3 ${questionBytes.replaceAll(' ', '')}`]);
  });

  it('is an error of kafkajs where another broker leads now, and a RangeError where the response ends too early', async () => {
    const moved = answering('00000000 00000001 0004 66656564 00000001 0006 00000000 ffffffff ffffffffffffffff');
    await expect(epochEnds(moved.broker, question, logger)).rejects.toMatchObject({ type: 'NOT_LEADER_FOR_PARTITION' });
    const short = answering('00000000 00000001 0004 66656564 00000001 0000 00000000 00000102 00000001');
    await expect(epochEnds(short.broker, question, logger)).rejects.toMatchObject({ name: 'RangeError' });
  });

  it('is not told by a broker that is too old or may not tell it, which is said once', async () => {
    const old = answering('', 2);
    expect(await epochEnds(old.broker, question, logger)).toEqual(new Map());
    expect(old.asked).toEqual([]);
    const refused = answering('00000000 00000001 0004 66656564 00000001 001d 00000000 ffffffff ffffffffffffffff');
    expect(await epochEnds(refused.broker, question, logger)).toEqual(new Map());
    expect(refused.asked).toHaveLength(1);
    expect(warnings).toHaveLength(1);
  });
});

/** A broker that answers these bytes, and the requests that it got. */
function answering(hex: string, maxVersion = 4) {
  const asked: string[] = [];
  const send = async ({ request, response }: Exchange<unknown>) => {
    asked.push(`${request.apiKey} ${request.apiVersion} ${(await request.encode()).buffer.toString('hex')}`);
    return response.parse(await response.decode(Buffer.from(hex.replaceAll(' ', ''), 'hex')));
  };
  return { broker: { versions: { 23: { maxVersion } }, connectionPool: { send } } as unknown as Broker, asked };
}
