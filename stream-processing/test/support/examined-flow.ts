/** A small flow on the log and the store that an environment names, for the doctor to examine: a feed's records, and a processor of them. */
import { type Environment, readConfiguration } from '@tapeline/core/configuration';
import { pause } from '@tapeline/core/pause';
import { encodeRecord } from '@tapeline/core/record-codec';
import type { FeedRecord } from '@tapeline/core/records';
import { feedTopic } from '@tapeline/core/topics';
import { openConfiguredStore } from '@tapeline/database/configured-store';
import type { MarketStore } from '@tapeline/database/market-store';
import { openConfiguredLog } from '@tapeline/log/configured-log';
import type { MarketLog } from '@tapeline/log/market-log';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { eventually } from '../../../test/support/eventually.ts';
import type { Finding, FindingStatus } from '../../src/doctor/finding.ts';
import { processingSettings } from '../../src/processing-settings.ts';
import { runStreamProcessor } from '../../src/stream-processor.ts';
import { aHeartbeat, aSession } from './builders.ts';
import { metricOf } from './poisoned-partition.ts';

const patienceMs = 50_000;
export const silent = pino({ level: 'silent' });

export interface ExaminedFlow {
  readonly log: MarketLog;
  readonly store: MarketStore;
  /** Appends a record to every partition. */
  tell(record: FeedRecord): Promise<void>;
  /** Writes heartbeats and processes them, until it is stopped; resolves when every partition has a snapshot. */
  run(): Promise<void>;
  /** Ends the heartbeats, has all of them processed, and ends the processor, which saves. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

export async function examinedFlow(environment: Environment): Promise<ExaminedFlow> {
  const configuration = readConfiguration(environment);
  const log = await openConfiguredLog(configuration, { clientId: 'doctor-test', logger: silent });
  const store = openConfiguredStore(configuration, { logger: silent, registry: new Registry() });
  await store.migrate();
  const partitions = await log.partitionCount(feedTopic.name);
  const registry = new Registry();
  let told = 0;
  let quiet = new AbortController();
  let stopping = new AbortController();
  let beating: Promise<unknown> = Promise.resolve();
  let running: Promise<unknown> = Promise.resolve();

  async function tell(record: FeedRecord): Promise<void> {
    const value = encodeRecord(record);
    told += 1;
    await log.append(Array.from({ length: partitions }, (_, partition) => ({ topic: feedTopic.name, partition, value })));
  }
  async function beatOnce(): Promise<void> {
    await tell(aHeartbeat({ timeMs: Date.now(), lastDataMs: Date.now() }));
  }
  async function beat(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await beatOnce();
      await pause(100, signal);
    }
  }
  async function hasSnapshots(): Promise<boolean> {
    for (let partition = 0; partition < partitions; partition += 1) {
      const key = { consumerGroup: configuration.KAFKA_GROUP, topic: feedTopic.name, partition };
      if ((await store.loadSnapshot(key)) === undefined) return false;
    }
    return true;
  }
  async function hasReadAll(): Promise<boolean> {
    return metricOf(await registry.metrics(), 'tapeline_stream_processor_records_total') >= told * partitions;
  }
  return {
    log,
    store,
    tell,
    run: async () => {
      quiet = new AbortController();
      stopping = new AbortController();
      await tell(aSession({ timeMs: Date.now() }));
      // The first snapshot may be of the very first record: what the doctor looks for is in the log before there is one.
      await beatOnce();
      const settings = { ...processingSettings(configuration), signal: stopping.signal, registry, logger: silent };
      beating = beat(quiet.signal);
      running = runStreamProcessor({ log, store, ...settings });
      running.catch(() => undefined);
      await eventually('every partition has a snapshot', hasSnapshots, patienceMs);
    },
    stop: async () => {
      quiet.abort();
      await beating;
      await eventually('all is processed', hasReadAll, patienceMs);
      stopping.abort();
      await running;
    },
    close: async () => {
      quiet.abort();
      stopping.abort();
      await Promise.allSettled([beating, running]);
      await log.close();
      await store.close();
    },
  };
}

/** The worst status of each check, but for those of the machine that the test runs on. */
export function statuses(findings: readonly Finding[]): Readonly<Record<string, FindingStatus>> {
  const severity: readonly FindingStatus[] = ['skipped', 'ok', 'warning', 'fault'];
  const worst: Record<string, FindingStatus> = {};
  for (const { check, status } of findings) {
    if (check === 'node' || check.startsWith('folder ')) continue;
    const former = worst[check] ?? 'skipped';
    worst[check] = severity.indexOf(status) > severity.indexOf(former) ? status : former;
  }
  return worst;
}

/** What a check says, its remedy behind it. */
export function said(findings: readonly Finding[], check: string): string {
  const found = findings.filter(finding => finding.check === check);
  return found.map(({ what, remedy = '' }) => `${what}; ${remedy}`).join('\n');
}
