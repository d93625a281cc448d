/** Builders of records, and a fold that collects what it gives out. */
import type { Bar } from '@tapeline/core/bars';
import type { Interval } from '@tapeline/core/intervals';
import type { FeedRecord, Heartbeat, HistoryRecord, SessionRecord, Tick } from '@tapeline/core/records';
import type { FoldOutput } from '../../src/fold/outputs.ts';
import { type FoldOptions, PartitionFold } from '../../src/fold/partition-fold.ts';

/** 2024-11-04 10:00:00 UTC, a Monday. */
export const tenOClockMs = Date.UTC(2024, 10, 4, 10);
export const feed = 'twelve-data/0';

export function at(seconds: number): number {
  return tenOClockMs + Math.round(seconds * 1_000);
}

let sequence = 0;

/** A tick at `timeMs`, received then; the rest as given. */
export function aTick(fields: Partial<Tick> & { readonly timeMs: number }): Tick {
  sequence += 1;
  return {
    v: 1,
    kind: 'tick',
    feed,
    session: 1,
    sequence,
    symbol: 'BTC/USD',
    price: 100,
    sourceTimeMs: Math.floor(fields.timeMs / 1_000) * 1_000,
    receivedTimeMs: fields.timeMs,
    tradingDay: '2024-11-04',
    tradingDayEndMs: Date.UTC(2024, 10, 5),
    ...fields,
  };
}

export function aSession(fields: Partial<SessionRecord> & { readonly timeMs: number }): SessionRecord {
  return { v: 1, kind: 'session', feed, session: 1, symbols: ['BTC/USD'], refused: [], ...fields };
}

export function aHeartbeat(fields: Partial<Heartbeat> & { readonly timeMs: number }): Heartbeat {
  return { v: 1, kind: 'heartbeat', feed, session: 1, connected: true, ...fields };
}

/** A bar of history that fills the minute from ten o'clock on, received an hour later; the rest as given. */
export function aHistory(fields: Partial<HistoryRecord> = {}): HistoryRecord {
  return {
    ...{ v: 1, kind: 'history', source: 'twelve-data/rest', action: 'fill', symbol: 'BTC/USD', interval: '1m' },
    ...{ startMs: at(0), endMs: at(60), open: 10, high: 12, low: 9, close: 11, tickCount: 0, flags: ['filled'], revision: 0 },
    ...{ receivedTimeMs: at(3_600), ...fields },
  };
}

export const foldOptions: FoldOptions = {
  partition: 0,
  partitions: 1,
  intervals: ['1s', '5s', '15s', '1m', '5m', '15m', '1h', '1d'],
  allowedLatenessMs: 2_000,
  correctionHorizonMs: 60_000,
};

export interface FoldRun {
  readonly fold: PartitionFold;
  readonly outputs: readonly FoldOutput[];
  /** Every bar given out for an interval, in order, revisions included. */
  bars(interval: Interval): readonly Bar[];
  kinds(kind: FoldOutput['kind']): readonly FoldOutput[];
}

/** Folds records from the empty state. */
export function foldOf(records: readonly FeedRecord[], options: Partial<FoldOptions> = {}): FoldRun {
  const fold = new PartitionFold({ ...foldOptions, ...options });
  const outputs: FoldOutput[] = [];
  for (const record of records) fold.apply(record, output => outputs.push(structuredClone(output)));
  return {
    fold,
    outputs,
    bars: interval => outputs.flatMap(output => (output.kind === 'bar' && output.bar.interval === interval ? [output.bar] : [])),
    kinds: kind => outputs.filter(output => output.kind === kind),
  };
}
