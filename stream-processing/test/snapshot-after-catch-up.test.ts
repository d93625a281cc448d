import { expect, it } from '@jest/globals';
import { createLogger } from '@tapeline/core/logging';
import { encodeRecord } from '@tapeline/core/record-codec';
import { topics } from '@tapeline/core/topics';
import { openSqliteStore } from '@tapeline/database/sqlite/sqlite-store';
import { openEmbeddedLog } from '@tapeline/log/embedded-log';
import { Registry } from 'prom-client';
import { eventually } from '../../test/support/eventually.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { runStreamProcessor } from '../src/stream-processor.ts';
import { aHeartbeat, aSession, aTick, at } from './support/builders.ts';

const logger = createLogger({ name: 'test', level: 'silent', secrets: [] });
const key = { consumerGroup: 'stream-processor', topic: 'market-data.feed', partition: 0 };

it('saves once it has caught up, so that a partition that moves often is not read again from further and further back', async () => {
  const directory = temporaryFolder('catch-up');
  const log = await openEmbeddedLog({ directory, logger });
  await log.ensureTopics(topics.map(topic => ({ name: topic.name, partitions: 1 })));
  const store = openSqliteStore({ dataDir: directory, logger, registry: new Registry() });
  await store.migrate();
  const records = [aSession({ timeMs: at(0) }), aTick({ timeMs: at(1) }), aTick({ timeMs: at(2) }), aHeartbeat({ timeMs: at(9) })];
  await log.append(records.map(record => ({ topic: 'market-data.feed', partition: 0, value: encodeRecord(record) })));
  const stop = new AbortController();
  const running = runStreamProcessor({
    log,
    store,
    group: 'stream-processor',
    intervals: ['1s'],
    allowedLatenessMs: 2_000,
    correctionHorizonMs: 60_000,
    snapshotIntervalMs: 3_600_000,
    signal: stop.signal,
    registry: new Registry(),
    logger,
  });
  // It has not been stopped, and an hour has not passed.
  const snapshot = await eventually('a snapshot', () => store.loadSnapshot(key));
  expect(snapshot.nextOffset).toBe(4);
  stop.abort();
  await running;
  await log.close();
  await store.close();
}, 30_000);
