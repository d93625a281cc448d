import { describeWithKafka } from '@tapeline/services/for-tests';
import { pino } from 'pino';
import { openKafkaLog } from '../src/kafka-log.ts';
import { describeMarketLogContract } from './market-log-contract.ts';

const logger = pino({ level: process.env.LOG_LEVEL ?? 'silent' });

describeWithKafka('on a real Kafka', ({ brokers }) => {
  const open = () => openKafkaLog({ brokers, clientId: 'log-test', logger });

  describeMarketLogContract('the log on Kafka', async () => {
    let log = await open();
    return {
      log,
      reopen: async () => {
        await log.close();
        log = await open();
        return log;
      },
      close: () => log.close(),
    };
  });
});
