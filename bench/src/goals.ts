/** What Tapeline sets out to reach, beside what was measured. */
import { spreadOf } from './distribution.ts';
import { watchLists } from './fan-out.ts';
import type { BenchResult } from './results.ts';
import { processesOf } from './soak-summary.ts';
import { count } from './table-text.ts';

interface Goal {
  readonly figure: string;
  readonly unit: string;
  readonly atLeast: number;
  readonly aim: number;
  /** Whether more is better. */
  readonly isMore: boolean;
  readonly measure: (results: readonly BenchResult[]) => number | undefined;
}

/** Of the fan-out: nothing is shared. */
const [{ subject: ownLists }] = watchLists;
const narrow = 1_000;
const wide = 12_000;

const goals: readonly Goal[] = [
  less('CPU time for a tick, everything on', 'µs', 0.5, 0.4, results => median(results, 'cost', 'tapeline', 'cpuMicrosPerTick')),
  more('catch-up through Kafka, one process', 'M ticks/s', 1.5, 2.5, results =>
    scaled(median(results, 'cost', 'tapeline', 'ticksPerSecond'), 1e-6),
  ),
  ratio('Flink, hand-written parser', 'flink-hand', 4.8, 6),
  ratio('Flink, Jackson', 'flink-jackson', 5.5, 7),
  ratio('Kafka Streams, RocksDB', 'kafka-streams', 15, 19),
  ratio('Spark Structured Streaming', 'spark', 15, 19),
  ratio('kafkajs eachMessage', 'kafkajs', 13, 16),
  less('closed bar readable by a consumer, p50', 'ms', 3, 3, results => median(results, 'latency', 'tapeline', 'p50Ms')),
  less('closed bar readable by a consumer, p99', 'ms', 10, 5, results => median(results, 'latency', 'tapeline', 'p99Ms')),
  less('closed bar durable in Cassandra, p99', 'ms', 50, 20, results => median(results, 'durability', 'tapeline', 'p99Ms')),
  less('memory for a symbol of 12,000', 'KB', 4, 2, results =>
    scaled(median(results, 'memory', 'tapeline', 'bytesPerSymbol', wide), 1 / 1_024),
  ),
  less('CPU of two processes for the work of one', 'times', 1.05, 1.02, results =>
    quotient(results, 'pair', 'two processes', 'one process'),
  ),
  less('RSS with 12,000 symbols', 'MiB', 300, 300, results =>
    scaled(median(results, 'cost', 'tapeline', 'peakResidentBytes', wide), 1 / 2 ** 20),
  ),
  less('CPU time of the ingester for a price', 'µs', 1, 1, results => median(results, 'ingester', 'tapeline', 'cpuMicrosPerEvent')),
  less('price acknowledged, p99, by a bare kafkajs produce', 'times', 2, 2, besideBare),
  less('growth of the ingester in 10 minutes', 'MiB', 10, 10, results =>
    scaled(median(results, 'ingester-memory', 'tapeline', 'grownBytes'), 1 / 2 ** 20),
  ),
  more('rows that clients of the board decode for a second of its CPU', 'M', 5, 5, results =>
    scaled(median(results, 'fan-out', ownLists, 'updatesPerCpuSecond'), 1e-6),
  ),
  less('board to client, p99, beyond an idle echo', 'ms', 5, 5, results => median(results, 'fan-out', ownLists, 'beyondEchoMs')),
  less('what 100 stalled clients change of both', '%', 10, 10, besideStalled),
  less('ticks lost or unaccounted for under load', 'ticks', 0, 0, results =>
    greatest(results, 'load', ({ inGaps = 0, unaccounted = 0 }) => inGaps + Math.abs(unaccounted)),
  ),
  less("bars under load that differ from a replay's", 'bars', 0, 0, results =>
    greatest(results, 'load', ({ differentBars = 0 }) => differentBars),
  ),
  less('growth of a process in the soak beyond flat (3 % or 10 MiB an hour)', 'MiB', 0, 0, results =>
    scaled(greatest(longestSoak(results), 'soak', beyondFlat), 1 / 2 ** 20),
  ),
  more('catch-up from a backlog, one process', 'M ticks/s', 1.5, 2, results =>
    scaled(median(results, 'backlog', 'bars counted', 'ticksPerSecond'), 1e-6),
  ),
  less('RSS while catching up from a backlog', 'MiB', 300, 250, results =>
    scaled(
      greatest(results, 'backlog', ({ peakResidentBytes = 0 }) => peakResidentBytes),
      1 / 2 ** 20,
    ),
  ),
  less('recovery, stopped cleanly, p99', 'ms', 1_000, 1_000, results => median(results, 'recovery', 'stopped cleanly', 'p99Ms')),
  less('recovery, killed, p99', 'ms', 7_000, 2_000, results => median(results, 'recovery', 'killed', 'p99Ms')),
];

/** Rows of figure, at least, aim, measured, and a word; only of what was measured. */
export function goalRows(results: readonly BenchResult[]): readonly (readonly string[])[] {
  return goals.flatMap(goal => {
    const value = goal.measure(results);
    if (value === undefined || Number.isNaN(value)) return [];
    const reaches = (target: number): boolean => (goal.isMore ? value >= target : value <= target);
    const word = reaches(goal.aim) ? 'aim reached' : reaches(goal.atLeast) ? 'reached' : 'missed';
    return [[goal.figure, ...[goal.atLeast, goal.aim, value].map(number => `${short(number)} ${goal.unit}`), word]];
  });
}

function less(figure: string, unit: string, atLeast: number, aim: number, measure: Goal['measure']): Goal {
  return { figure, unit, atLeast, aim, isMore: false, measure };
}

function more(figure: string, unit: string, atLeast: number, aim: number, measure: Goal['measure']): Goal {
  return { figure, unit, atLeast, aim, isMore: true, measure };
}

function ratio(words: string, subject: string, atLeast: number, aim: number): Goal {
  return more(`less CPU for a tick than ${words}`, 'times', atLeast, aim, results => quotient(results, 'cost', subject, 'tapeline'));
}

/** Of the longest run, when there are several of different lengths. */
function median(results: readonly BenchResult[], figure: string, subject: string, value: string, symbols?: number): number | undefined {
  const fitting = results.filter(result => {
    const wanted = symbols ?? (result.parameters.symbols === undefined ? undefined : narrow);
    return result.figure === figure && result.subject === subject && result.parameters.symbols === wanted;
  });
  const length = ({ parameters }: BenchResult): number =>
    Number(parameters.topicTicks ?? parameters.ticks ?? parameters.events ?? parameters.ticksPerSecond ?? parameters.clients ?? 0);
  const longest = Math.max(...fitting.map(length));
  const values = fitting.filter(result => length(result) === longest).map(result => result.values[value] ?? Number.NaN);
  return values.length === 0 ? undefined : spreadOf(values).median;
}

/** Over all results of a figure. */
function greatest(
  results: readonly BenchResult[],
  figure: string,
  figureOf: (values: BenchResult['values']) => number,
): number | undefined {
  const values = results.flatMap(result => (result.figure === figure ? [figureOf(result.values)] : []));
  return values.length === 0 ? undefined : Math.max(...values);
}

/** One that was interrupted says little beside a whole one. */
function longestSoak(results: readonly BenchResult[]): readonly BenchResult[] {
  const soaks = results.filter(({ figure }) => figure === 'soak');
  const minutes = Math.max(...soaks.map(({ parameters }) => Number(parameters.minutes)));
  return soaks.filter(({ parameters }) => parameters.minutes === minutes);
}

/** Bytes an hour of the process that is furthest beyond what counts as flat. */
function beyondFlat(values: BenchResult['values']): number {
  const judged = processesOf(values).filter(({ isJudged }) => isJudged);
  return Math.max(0, ...judged.map(({ name }) => (values[`growth ${name}`] ?? 0) - (values[`allowed ${name}`] ?? 0)));
}

function scaled(value: number | undefined, factor: number): number | undefined {
  return value === undefined ? undefined : value * factor;
}

/** CPU for a tick of one by that of another, on the longest topic that both have read. */
function quotient(results: readonly BenchResult[], figure: string, dividend: string, divisor: string): number | undefined {
  const topicsOf = (subject: string) =>
    new Set(results.filter(result => result.figure === figure && result.subject === subject).map(lengthOf));
  const [longOfOne, longOfOther] = [topicsOf(dividend), topicsOf(divisor)];
  const onBoth = results.filter(result => longOfOne.has(lengthOf(result)) && longOfOther.has(lengthOf(result)));
  const above = median(onBoth, figure, dividend, 'cpuMicrosPerTick');
  const below = median(onBoth, figure, divisor, 'cpuMicrosPerTick');
  return above === undefined || below === undefined ? undefined : above / below;
}

/** The middle of the turns: each is compared with the one beside it. */
function besideBare(results: readonly BenchResult[]): number | undefined {
  const turns = results.filter(({ figure }) => figure === 'ingester-latency');
  const ratios = turns.flatMap(({ subject, round, values }) => {
    if (subject !== 'tapeline') return [];
    const beside = turns.find(other => other.subject !== subject && other.round === round);
    return [(values.p99Ms ?? Number.NaN) / (beside?.values.p99Ms ?? Number.NaN)];
  });
  return ratios.length === 0 ? undefined : spreadOf(ratios).median;
}

/** The greater of the losses of rows a CPU-second and of p99, in percent. */
function besideStalled(results: readonly BenchResult[]): number | undefined {
  const value = (name: string): number => median(results, 'fan-out', ownLists, name) ?? Number.NaN;
  const fewerRows = 1 - value('stalled updatesPerCpuSecond') / value('updatesPerCpuSecond');
  const slower = value('stalled p99Ms') / value('p99Ms') - 1;
  return Math.max(0, fewerRows, slower) * 100;
}

function lengthOf({ parameters }: BenchResult): number {
  return Number(parameters.topicTicks ?? parameters.ticks ?? parameters.ticksPerSecond ?? 0);
}

function short(value: number): string {
  return value >= 100 ? count(value) : String(Number(value.toPrecision(3)));
}
