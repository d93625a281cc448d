/**
 * Whole logs at random, as one partition would hold them: what a market, its feeds and their failures can put there. The steps are
 * what fast-check shrinks; `logOf` plays them, so that a record is always one that an ingester could have written.
 */
import { type Interval, intervals } from '@tapeline/core/intervals';
import { partitionOf } from '@tapeline/core/partitioner';
import type { FeedRecord, SessionRecord, Tick } from '@tapeline/core/records';
import fc from 'fast-check';
import type { FoldOptions } from '../../src/fold/partition-fold.ts';
import { type Market, marketOf, type Volumes } from './random-market.ts';
import { rulesOf } from './random-rules.ts';

export interface RandomLog {
  readonly options: FoldOptions;
  readonly records: readonly FeedRecord[];
}

export interface RandomLogOptions {
  /** Steps of a log; a step gives none, one or a few records. @default 120 */
  readonly maxSteps?: number;
  /** Number of symbols that feeds name. @default 1 to 5 */
  readonly symbols?: fc.Arbitrary<number>;
  /** `eighths` are added exactly in any order, `decimals` are what vendors send. @default 'eighths' */
  readonly volumes?: Volumes;
  /** @default any set of intervals */
  readonly intervals?: fc.Arbitrary<readonly Interval[]>;
}

interface Step {
  readonly what: (typeof steps)[number];
  readonly stepMs: number;
  readonly feed: number;
  readonly symbol: number;
  /** How far the vendor's stamp is behind the receipt, or a heartbeat behind the clock. */
  readonly behindMs: number;
  readonly cents: number;
  readonly volume: 'none' | 'baseline' | 'same' | 'less' | 'reset' | number;
  readonly spread: number | undefined;
  /** Bits: which symbols a session leaves out, which optional fields are there. */
  readonly bits: number;
}

const weights = {
  tick: 70,
  heartbeat: 30,
  disconnected: 1,
  session: 2,
  sameSession: 1,
  oldSession: 1,
  takeOver: 2,
  resent: 2,
  duplicate: 2,
  zombie: 1,
  unsaid: 1,
  gap: 1,
  history: 4,
  instrument: 1,
  rules: 2,
} as const;
const steps = Object.keys(weights) as readonly (keyof typeof weights)[];

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.oneof(...steps.map(what => ({ weight: weights[what], arbitrary: fc.constant(what) }))),
  stepMs: fc.oneof(
    { weight: 10, arbitrary: fc.constantFrom(0, 0, 1, 250, 1_000) },
    { weight: 8, arbitrary: fc.integer({ min: 0, max: 4_000 }) },
    { weight: 1, arbitrary: fc.integer({ min: 4_000, max: 200_000 }) },
    { weight: 1, arbitrary: fc.constantFrom(900_000, 3_600_000, 40_000_000, 86_400_000) },
  ),
  feed: fc.constantFrom(0, 0, 0, 1, 2),
  symbol: fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 1_000 })),
  behindMs: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(0, 0, 40) },
    { weight: 3, arbitrary: fc.integer({ min: 0, max: 8_000 }) },
    { weight: 3, arbitrary: fc.integer({ min: 2_000, max: 20_000 }) },
    { weight: 1, arbitrary: fc.constantFrom(30_000, 59_000, 62_000, 90_000, 700_000, 4_000_000, 90_000_000) },
  ),
  cents: fc.integer({ min: 1, max: 20_000 }),
  volume: fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom('none' as const, 'baseline' as const, 'same' as const, 'less' as const, 'reset' as const) },
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 4_000 }) },
  ),
  spread: fc.option(fc.integer({ min: 0, max: 50 }), { nil: undefined }),
  bits: fc.nat({ max: 255 }),
});

/** Every set of intervals, the usual ones and those that skip levels more often than others. */
const intervalSets: fc.Arbitrary<readonly Interval[]> = fc.oneof(
  fc.constant(intervals),
  fc.constantFrom<readonly Interval[]>(['1s', '1m'], ['1h', '1d'], ['1d'], ['15m', '1h', '1d'], ['5s', '1h'], ['1m', '1d']),
  fc.subarray([...intervals], { minLength: 1 }),
);

/** Logs of a few symbols, with everything in them that can happen. */
export function randomLogs(wanted: RandomLogOptions = {}): fc.Arbitrary<RandomLog> {
  return fc
    .record({
      steps: fc.array(step, { maxLength: wanted.maxSteps ?? 120, size: 'max' }),
      symbols: wanted.symbols ?? fc.integer({ min: 1, max: 5 }),
      intervals: wanted.intervals ?? intervalSets,
      partition: fc.constantFrom({ partition: 0, partitions: 1 }, { partition: 0, partitions: 1 }, { partition: 1, partitions: 3 }),
      allowedLatenessMs: fc.constantFrom(2_000, 2_000, 0, 500, 7_000),
      correctionHorizonMs: fc.constantFrom(60_000, 60_000, 0, 1_000, 600_000),
      startMs: fc.constantFrom(
        Date.UTC(2024, 10, 4, 10),
        Date.UTC(2024, 10, 4, 18, 25),
        Date.UTC(2024, 10, 4, 23, 59, 30),
        1_730_716_712_345,
      ),
    })
    .map(({ steps, symbols, partition, startMs, ...rest }) => {
      const options: FoldOptions = { ...partition, ...rest };
      const market = marketOf({ startMs, symbols, volumes: wanted.volumes ?? 'eighths' });
      return { options, records: logOf(steps, market).filter(record => isHere(record, options)) };
    });
}

/** Logs of hundreds of symbols on one partition; larger, so give it fewer runs. */
export function largeRandomLogs(wanted: RandomLogOptions = {}): fc.Arbitrary<RandomLog> {
  return randomLogs({ maxSteps: 3_000, symbols: fc.integer({ min: 200, max: 600 }), ...wanted });
}

function isHere(record: FeedRecord, options: FoldOptions): boolean {
  return !('symbol' in record) || partitionOf(record.symbol, options.partitions) === options.partition;
}

function logOf(played: readonly Step[], market: Market): readonly FeedRecord[] {
  const records: FeedRecord[] = [market.session(0, 0), ...(played.length % 4 === 0 ? [] : [rulesRecord(played.length, market)])];
  for (const next of played) {
    market.pass(next.stepMs);
    records.push(...recordsOf(next, market, records));
  }
  market.pass(70_000);
  records.push(...market.heartbeats());
  return records;
}

function recordsOf(next: Step, market: Market, before: readonly FeedRecord[]): readonly FeedRecord[] {
  const { feed, bits } = next;
  switch (next.what) {
    case 'tick':
      return [market.tick(market.ownerOf(next.symbol) ?? feed, next.symbol, next)];
    case 'unsaid':
      return [market.tick(feed, 1_000_000 + (next.symbol % 3), next)];
    case 'zombie':
      return [market.tick(feed, next.symbol, { ...next, sessionsAgo: bits % 3 })];
    case 'heartbeat':
      return [market.heartbeat(bits % 8 === 0 ? feed : market.busiest(), { ...next, connected: true })];
    case 'disconnected':
      return [market.heartbeat(feed, { ...next, connected: false })];
    case 'session':
      return [market.session(market.busiest(), bits)];
    case 'sameSession':
      return [market.sameSession(feed, bits)];
    case 'oldSession':
      return oldSession(before, bits);
    case 'takeOver':
      return [market.session(feed, bits, bits % 2 === 0 ? next.behindMs : 0)];
    case 'resent':
      return resent(before, market, bits);
    case 'duplicate':
      return before.filter(isTick).slice(-1 - (bits % 4));
    case 'gap':
      return [market.gap(feed, next.symbol, next.behindMs, bits)];
    case 'history':
      return [market.history(next.symbol, next)];
    case 'instrument':
      return [market.instrument(next.symbol)];
    case 'rules':
      return [rulesRecord(bits, market)];
  }
}

function rulesRecord(bits: number, market: Market): FeedRecord {
  return { v: 1, kind: 'alert-rules', rules: [...rulesOf(bits)], receivedTimeMs: market.nowMs() };
}

/** A session record that stands in the log once more, behind its successors. */
function oldSession(before: readonly FeedRecord[], bits: number): readonly FeedRecord[] {
  const sessions = before.filter((record): record is SessionRecord => record.kind === 'session');
  const old = sessions.at(-1 - (bits % sessions.length));
  return old === undefined ? [] : [old];
}

/** A feed begins anew, and its vendor sends the last price again. */
function resent(before: readonly FeedRecord[], market: Market, bits: number): readonly FeedRecord[] {
  const last = before.filter(isTick).at(-1 - (bits % 3));
  if (last === undefined) return [];
  const begun = market.session(market.feedIndex(last.feed), bits & 128 ? bits : 0);
  market.pass(bits);
  return [begun, market.again(last)];
}

function isTick(record: FeedRecord): record is Tick {
  return record.kind === 'tick';
}
