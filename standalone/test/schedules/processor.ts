/**
 * The stream processor of the schedules: the parts of stream-processing/src/main.ts, with an address for its peers (`PEER_HOST`), and
 * with snapshots that fail as `SNAPSHOT_FAULT` (JSON of a `SnapshotFault`) says. A fault sits between the steps of the write, where a
 * killed process or a lost connection would be.
 */
import { readConfiguration } from '@tapeline/core/configuration';
import { PipelineError, reasonOf } from '@tapeline/core/errors';
import { createLogger } from '@tapeline/core/logging';
import { createProbes, serveProbes } from '@tapeline/core/probes';
import { exitStatusOf, runningPart, runService, stopSignal } from '@tapeline/core/service';
import { SnapshotTables } from '@tapeline/database/cassandra/snapshot-tables';
import { openConfiguredStore } from '@tapeline/database/configured-store';
import { openKafkaLog } from '@tapeline/log/kafka-log';
import { prefixedLog } from '@tapeline/log/prefixed-log';
import { runStreamProcessor } from '@tapeline/stream-processing/stream-processor';
import { Registry } from 'prom-client';
import type { SnapshotFault } from './schedule.ts';

const { SNAPSHOT_FAULT, PEER_HOST, ...environment } = process.env;
/** A step that fails does so this often, so that the write has to be done again and again. */
const failures = 3;

if (SNAPSHOT_FAULT !== undefined) breakSnapshots(JSON.parse(SNAPSHOT_FAULT) as SnapshotFault);
process.exit(await main().catch((error: unknown) => exitStatusOf(error, line => process.stderr.write(line))));

async function main(): Promise<number> {
  const configuration = readConfiguration(environment);
  const logger = createLogger({ name: 'stream-processor', level: configuration.LOG_LEVEL, secrets: [] });
  const signal = stopSignal(logger);
  const registry = new Registry();
  const probes = await serveProbes({ probes: createProbes({ registry, checks: [] }), host: '127.0.0.1', port: 0 });
  logger.info({ url: probes.url }, `probes and metrics are at ${probes.url}`);
  const processor = runningPart('stream processor', async stopping => {
    const store = openConfiguredStore(configuration, { logger, registry });
    await store.ready().catch((error: unknown) => logger.warn({ reason: reasonOf(error) }, 'partitions wait for the store'));
    const kafka = await openKafkaLog({
      brokers: configuration.KAFKA_BROKERS ?? [],
      clientId: 'stream-processor',
      sessionTimeoutMs: configuration.KAFKA_SESSION_TIMEOUT_MS,
      logger,
      ...(PEER_HOST === undefined || PEER_HOST === '' ? {} : { peer: { host: PEER_HOST } }),
    });
    const log = prefixedLog(kafka, configuration.KAFKA_TOPIC_PREFIX ?? '');
    try {
      await runStreamProcessor({
        log,
        store,
        group: configuration.KAFKA_GROUP,
        intervals: configuration.BAR_INTERVALS,
        allowedLatenessMs: configuration.ALLOWED_LATENESS_MS,
        correctionHorizonMs: configuration.CORRECTION_HORIZON_MS,
        snapshotIntervalMs: configuration.SNAPSHOT_INTERVAL_MS,
        signal: stopping,
        registry,
        logger,
      });
    } finally {
      await log.close();
      await store.close();
    }
  });
  return runService({ parts: [processor], logger, signal, stopDeadlineMs: 15_000 });
}

function breakSnapshots(fault: SnapshotFault): void {
  let snapshots = 0;
  let failed = 0;
  const strike = (): void => {
    if (snapshots < fault.snapshot || failed >= failures) return;
    if (fault.how === 'die') process.kill(process.pid, 'SIGKILL');
    failed += 1;
    throw new PipelineError('store.unavailable', `the schedule lets snapshot ${snapshots} fail at step ${fault.step}`, { retriable: true });
  };
  const { writeChunk, point } = SnapshotTables.prototype;
  SnapshotTables.prototype.writeChunk = async function (this: SnapshotTables, ...chunk) {
    if (chunk[1] === 0) snapshots += 1;
    if (fault.step === 'before-chunk') strike();
    await writeChunk.apply(this, chunk);
    if (fault.step === 'after-chunk') strike();
  };
  SnapshotTables.prototype.point = async function (this: SnapshotTables, ...pointer) {
    await point.apply(this, pointer);
    if (fault.step === 'after-pointer') strike();
  };
}
