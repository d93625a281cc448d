import { describe, expect, it } from '@jest/globals';
import type { Bar } from '@tapeline/core/bars';
import { type FeedRecord, recordTimeMs } from '@tapeline/core/records';
import fc from 'fast-check';
import type { FoldOutput } from '../src/fold/outputs.ts';
import { PartitionFold } from '../src/fold/partition-fold.ts';
import { AlertOracle, type OracleAlert } from './support/alert-oracle.ts';
import { equalButForRounding } from './support/nearly-equal.ts';
import { Oracle, type OracleOutput } from './support/oracle.ts';
import { largeRandomLogs, type RandomLog, randomLogs } from './support/random-feeds.ts';

/** How often each property is tried; a long run sets it, as in ORACLE_RUNS=10000. */
const runs = Number(process.env.ORACLE_RUNS ?? 120);
const largeRuns = Math.ceil(runs / 60);
const noTimeOut = 24 * 3_600_000;
/** A failure is made small for a while, not for hours. */
const bounds = { interruptAfterTimeLimit: 60_000 + 100 * runs, markInterruptAsFailure: true };

describe(`the fold and the oracle, ${runs} logs`, () => {
  it(
    'give out the same of every record',
    () => {
      fc.assert(fc.property(randomLogs(), expectSame), { ...bounds, numRuns: runs });
    },
    noTimeOut,
  );

  it(
    'give out the same of every record with hundreds of symbols on the partition',
    () => {
      fc.assert(fc.property(largeRandomLogs({ maxSteps: 600 }), expectSame), { ...bounds, numRuns: largeRuns });
    },
    noTimeOut,
  );

  it(
    'give the same bars that volumes of vendors make, but for the rounding of their sums',
    () => {
      fc.assert(fc.property(randomLogs({ volumes: 'decimals' }), expectSame), { ...bounds, numRuns: Math.ceil(runs / 5) });
    },
    noTimeOut,
  );
});

describe(`snapshots at any offset, ${runs} logs`, () => {
  const cuts = fc.array(fc.nat({ max: 400 }), { minLength: 1, maxLength: 6 });

  it(
    'change no byte of what is given out, nor of the state',
    () => {
      const everyCut = fc.oneof(
        { weight: 9, arbitrary: cuts },
        { weight: 1, arbitrary: fc.constant(Array.from({ length: 400 }, (_, at) => at)) },
      );
      fc.assert(
        fc.property(randomLogs({ volumes: 'decimals' }), everyCut, (log, at) => {
          expect(bytesOf(log, new Set(at))).toBe(bytesOf(log, new Set()));
        }),
        { ...bounds, numRuns: runs },
      );
    },
    noTimeOut,
  );
});

/** Holds the fold to the oracle, record by record; and the versions to DESIGN.md §4. */
function expectSame({ records, options }: RandomLog): void {
  const fold = new PartitionFold(options);
  const oracle = new Oracle(options);
  const alertOracle = new AlertOracle(options.partition);
  records.forEach((record, offset) => {
    const versionUs = Math.max(fold.versionUs + 1, recordTimeMs(record) * 1_000);
    const all: FoldOutput[] = [];
    fold.apply(record, output => all.push(structuredClone(output)));
    const outputs = all.filter(({ kind }) => kind !== 'alert');
    expectVersions(outputs, versionUs);
    expectEqual(outputs.map(plain).sort(byPlace), oracle.apply(record).map(plain).sort(byPlace), offset, record);
    const feed = record.kind === 'heartbeat' ? oracle.knownFeed(record.feed) : undefined;
    expectAlerts(all, alertOracle.apply(record, outputs, feed, versionUs), offset, record);
    if (offset % 8 !== 0 && offset !== records.length - 1) return;
    for (const symbol of oracle.symbols()) {
      for (const interval of options.intervals) {
        expectEqual(fold.openBars(symbol, interval), oracle.openBars(symbol, interval), offset, record);
      }
    }
  });
}

function expectAlerts(outputs: readonly FoldOutput[], wanted: readonly OracleAlert[], offset: number, record: FeedRecord): void {
  const given = outputs.flatMap(output => (output.kind === 'alert' ? [output.alert] : []));
  const told = given.map(({ v: _, kind: __, severity: ___, message: ____, ...alert }) => alert).sort(byId);
  if (JSON.stringify(told) !== JSON.stringify([...wanted].sort(byId)))
    expect({ offset, record, told }).toEqual({ offset, record, told: [...wanted].sort(byId) });
}

function byId(a: OracleAlert, b: OracleAlert): number {
  return a.id < b.id ? -1 : 1;
}

function expectEqual(given: unknown, wanted: unknown, offset: number, record: FeedRecord): void {
  if (equalButForRounding(given, wanted)) return;
  expect({ offset, record, outputs: given }).toEqual({ offset, record, outputs: wanted });
}

/** The first output of a record has its version, each further one more. */
function expectVersions(outputs: readonly FoldOutput[], firstUs: number): void {
  const versions = outputs.flatMap(output => {
    if (output.kind === 'bar') return [output.bar.versionUs];
    return 'versionUs' in output ? [output.versionUs] : [];
  });
  versions.forEach((versionUs, index) => {
    if (versionUs !== firstUs + index) expect(versions).toEqual(versions.map((_, place) => firstUs + place));
  });
}

/** An output without its version and without the text that explains it. */
function plain(output: FoldOutput | OracleOutput): Record<string, unknown> {
  if (output.kind === 'bar') return { ...output, bar: { ...output.bar, versionUs: 0 } };
  const { versionUs: _, detail: __, ...rest } = { versionUs: 0, detail: '', ...output };
  return rest;
}

function byPlace(a: Record<string, unknown>, b: Record<string, unknown>): number {
  return placeOf(a) < placeOf(b) ? -1 : 1;
}

function placeOf(output: Record<string, unknown>): string {
  const bar = output.bar as Bar | undefined;
  if (bar === undefined) return `${output.kind} ${output.symbol ?? ''} ${output.fromMs ?? ''} ${output.toMs ?? ''}`;
  return `bar ${bar.symbol} ${bar.interval} ${bar.startMs} ${String(bar.revision).padStart(6, '0')}`;
}

/** Every output as its bytes, and the last state; the state goes through encode and decode before each offset of `cuts`. */
function bytesOf({ records, options }: RandomLog, cuts: ReadonlySet<number>): string {
  let fold = new PartitionFold(options);
  const lines: string[] = [];
  const emit = (output: FoldOutput): void => {
    lines.push(JSON.stringify(output));
  };
  records.forEach((record, offset) => {
    if (cuts.has(offset)) fold = PartitionFold.decode(fold.encode(), options);
    fold.apply(record, emit);
  });
  lines.push(inOneOrder(JSON.parse(Buffer.from(fold.encode()).toString())));
  return lines.join('\n');
}

/** JSON with its fields in one order: decoding sets absent ones behind the others. */
function inOneOrder(state: unknown): string {
  const sorted = (_: string, value: unknown): unknown =>
    typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort()) : value;
  return JSON.stringify(state, sorted);
}
