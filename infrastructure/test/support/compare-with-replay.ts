/**
 * This program compares what the store holds with a replay of the log, from inside a cluster's network, and prints a report as JSON.
 *
 * While ticks flow, what is stored may be newer than the replay, never older and never different at the same version. With `--exact`
 * nothing may be stored that the replay does not give; nobody may write meanwhile. Addresses come from the usual environment.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bar } from '@tapeline/core/bars';
import { readConfiguration } from '@tapeline/core/configuration';
import { createLogger } from '@tapeline/core/logging';
import { decodeRecord } from '@tapeline/core/record-codec';
import { feedTopic } from '@tapeline/core/topics';
import { openServingStore } from '@tapeline/database/configured-store';
import type { MarketStore } from '@tapeline/database/market-store';
import { openConfiguredLog } from '@tapeline/log/configured-log';
import type { LogBatch, MarketLog, PartitionOffsets } from '@tapeline/log/market-log';
import { Registry } from 'prom-client';
import { allTime, barBytes, barName, storedBars } from '../../../bench/src/stored-bars.ts';
import { type LogReplay, replayOfLog } from '../../../standalone/test/support/replay-of-log.ts';
import { keyOf } from '../../../standalone/test/support/tick-key.ts';
import { eventually } from '../../../test/support/eventually.ts';

export interface ComparisonReport {
  /** Bars that the replay gives, and how many of them are stored alike. */
  readonly bars: number;
  readonly sameBars: number;
  readonly ticks: number;
  readonly sessions: number;
  /** Ticks of a session are numbered from one; numbers that the log should hold and does not. */
  readonly missingSequences: number;
  /** Ticks that stand in the log more than once. */
  readonly repeatedTicks: number;
  /** Spans without a feed that the store lists, in order, each once however many symbols it touches. */
  readonly gaps: readonly { readonly reason: string; readonly lengthMs: number }[];
  /** What differs, at most ten lines. */
  readonly differences: readonly string[];
}

type CapturedFeed = Pick<MarketLog, 'offsets' | 'read'> & { batches(): readonly LogBatch[] };

const DEADLINE_MS = 240_000;
const SECOND_LOOK_MS = 3_000;
const limit = 1_000_000;

async function main(): Promise<ComparisonReport> {
  const configuration = readConfiguration(process.env);
  const logger = createLogger({ name: 'comparison', level: 'warn', secrets: [] });
  const log = await openConfiguredLog(configuration, { clientId: 'comparison', logger, readOnly: true });
  const store = openServingStore(configuration, { logger, registry: new Registry(), readOnly: true });
  try {
    const captured = await captureFeed(log);
    const replay = await replayOfLog(captured);
    await untilDurable(log, store, configuration.KAFKA_GROUP);
    const compared = await compare(replay, store, process.argv.includes('--exact'));
    return { ...compared, missingSequences: await missingSequences(captured, log) };
  } finally {
    await Promise.all([log.close(), store.close()]);
  }
}

/** A snapshot is saved after all results before it: once every partition's reaches the log's end of now, they are stored. */
async function untilDurable(log: MarketLog, store: MarketStore, consumerGroup: string): Promise<void> {
  const topic = feedTopic.name;
  for (const { partition, highWatermark } of await log.offsets(topic)) {
    let nextOffset = 0;
    const isSaved = async () => {
      nextOffset = (await store.loadSnapshot({ consumerGroup, topic, partition }))?.nextOffset ?? 0;
      return nextOffset >= highWatermark;
    };
    const told = () => `partition ${partition}: the last snapshot is at ${nextOffset}, the log's end was at ${highWatermark}`;
    await eventually(told, isSaved, DEADLINE_MS);
  }
}

async function compare(replay: LogReplay, store: MarketStore, exact: boolean): Promise<Omit<ComparisonReport, 'missingSequences'>> {
  const stored = await storedRows(replay.symbols, store);
  const isSame = (bar: Bar): boolean => {
    const other = stored.bars.get(barName(bar));
    if (other === undefined) return false;
    return barBytes(other) === barBytes(bar) || (!exact && other.versionUs > bar.versionUs);
  };
  const different = [...replay.bars.values()].filter(bar => !isSame(bar));
  const surplus = exact ? [...stored.bars.keys()].filter(key => !replay.bars.has(key)) : [];
  const surplusTicks = exact ? [...stored.ticks].filter(key => !replay.ticks.has(key)) : [];
  const missingTicks = [...replay.ticks.keys()].filter(key => !stored.ticks.has(key));
  const gaps = new Map(
    (await store.gaps({ ...allTime, limit })).map(({ fromMs, toMs, reason }) => [toMs, { reason, lengthMs: toMs - fromMs }]),
  );
  const differences = [
    ...different.map(bar => `replay ${JSON.stringify(bar)}, stored ${JSON.stringify(stored.bars.get(barName(bar)))}`),
    ...missingTicks.map(key => `tick ${key}: not stored`),
    ...[...surplus, ...surplusTicks].map(key => `${key}: stored, and not in the replay`),
  ];
  return {
    bars: replay.bars.size,
    sameBars: replay.bars.size - different.length,
    ticks: replay.ticks.size,
    sessions: replay.sessions.size,
    repeatedTicks: [...replay.ticks.values()].filter(count => count > 1).length,
    gaps: [...gaps].toSorted(([a], [b]) => a - b).map(([, gap]) => gap),
    differences: differences.slice(0, 10),
  };
}

async function storedRows(symbols: ReadonlySet<string>, store: MarketStore) {
  const bars = await storedBars(store, symbols, () => allTime);
  const ticks = new Set<string>();
  for (const symbol of symbols) {
    for (const { tick } of await store.ticks({ symbol, ...allTime, limit })) ticks.add(keyOf(tick));
  }
  return { bars, ticks };
}

/** The feed topic as it is now, read once, all partitions at a time. */
async function captureFeed(log: MarketLog): Promise<CapturedFeed> {
  const ranges = await log.offsets(feedTopic.name);
  const captured = new Map<number, LogBatch[]>();
  const capture = async ({ partition, lowOffset, highWatermark }: PartitionOffsets) => {
    const batches: LogBatch[] = [];
    captured.set(partition, batches);
    if (lowOffset === highWatermark) return;
    const range = { topic: feedTopic.name, partition, fromOffset: lowOffset, toOffset: highWatermark };
    for await (const batch of log.read(range)) batches.push(batch);
  };
  await Promise.all(ranges.map(capture));
  return {
    offsets: async () => ranges,
    read: async function* ({ partition }) {
      yield* captured.get(partition) ?? [];
    },
    batches: () => [...captured.values()].flat(),
  };
}

/**
 * Ticks are numbered over all symbols of a session, so a hole is a tick that was received and never written. Partitions are read
 * at different moments, so a hole counts when a second look does not fill it.
 */
async function missingSequences(captured: CapturedFeed, log: MarketLog): Promise<number> {
  const before = sequencesIn(captured);
  if (holesIn(before).length === 0) return 0;
  await sleep(SECOND_LOOK_MS);
  const after = sequencesIn(await captureFeed(log));
  return holesIn(before).filter(([session, sequence]) => !after.get(session)?.has(sequence)).length;
}

function sequencesIn(captured: CapturedFeed): ReadonlyMap<string, ReadonlySet<number>> {
  const sequences = new Map<string, Set<number>>();
  const records = captured.batches().flatMap(batch => batch.records.map(({ value }) => decodeRecord(value)));
  for (const tick of records.filter(record => record.kind === 'tick')) {
    const session = `${tick.feed} ${tick.session}`;
    sequences.set(session, (sequences.get(session) ?? new Set()).add(tick.sequence));
  }
  return sequences;
}

function holesIn(sequences: ReadonlyMap<string, ReadonlySet<number>>): readonly (readonly [session: string, sequence: number])[] {
  return [...sequences].flatMap(([session, seen]) => {
    const all = Array.from({ length: Math.max(...seen) }, (_, index) => index + 1);
    return all.filter(sequence => !seen.has(sequence)).map(sequence => [session, sequence] as const);
  });
}

process.stdout.write(`${JSON.stringify(await main())}\n`);
