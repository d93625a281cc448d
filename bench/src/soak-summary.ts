/** What the samples of a soak say: how fast the memory of each process grows, how far behind it was, and what the disks took. */
import type { ProcessSample } from './process-sample.ts';
import { afterWarmUp, flatnessOf, slopeOf } from './soak-slope.ts';

/** One look at everything, every ten seconds. */
export interface SoakSample {
  /** Since the begin of the load. */
  readonly atMs: number;
  /** Ticks since the begin of the load: given to the socket, durable in the log, in durable results, dropped with account. */
  readonly sent: number;
  readonly acked: number;
  readonly processed: number;
  readonly lost: number;
  /** Of the last minute's pieces, from the socket to the log's acknowledgement; absent in the first. */
  readonly ackP99Ms?: number;
  readonly processes: Readonly<Record<string, ProcessSample>>;
  /** Bytes of the servers' data, by name; of those that were started for it. */
  readonly disks: Readonly<Record<string, number>>;
}

/** Fewer say nothing. */
export const fewestSamples = 12;

/** Servers whose heap is theirs to fill: their memory is told, and not judged. */
const unjudged = new Set(['Kafka', 'Cassandra']);

/**
 * Numbers by name: `rss`, `heap` (middles), `growth` (of RSS in an hour, with `growthLow` and `growthHigh`), `flat` (1 or 0), `sockets`,
 * `files` and `handles` (what came to be more, from the end of the warm-up to the end), each followed by the process; `disk` in bytes an hour.
 * @throws RangeError when there are too few.
 */
export function summaryOf(samples: readonly SoakSample[]): Readonly<Record<string, number>> {
  const last = samples.at(-1);
  if (last === undefined || samples.length < fewestSamples) {
    throw new RangeError(`${samples.length} samples, expected ${fewestSamples} at least: let the soak run for two minutes`);
  }
  const warm = afterWarmUp(samples);
  const lags = warm.map(lagOf);
  const ackP99s = warm.flatMap(({ ackP99Ms }) => ackP99Ms ?? []);
  const processes = Object.keys(last.processes).map(name => processSummary(name, warm));
  const disks = Object.keys(last.disks).map(name => [`disk ${name}`, perHour(warm, sample => sample.disks[name])] as const);
  return {
    ...{
      seconds: last.atMs / 1_000,
      samples: samples.length,
      sent: last.sent,
      lost: last.lost,
      unprocessedAtEnd: lagOf(last),
    },
    ...{ lagMost: Math.max(...lags), lagGrowth: perHour(warm, lagOf) },
    ...(ackP99s.length === 0 ? {} : { ackP99Ms: Math.max(...ackP99s) }),
    ...Object.assign({}, ...processes),
    ...Object.fromEntries(disks),
  };
}

/** Names of the processes of a summary, and which of them are judged. */
export function processesOf(values: Readonly<Record<string, number>>): readonly { readonly name: string; readonly isJudged: boolean }[] {
  const names = Object.keys(values).flatMap(key => (key.startsWith('rss ') ? [key.slice('rss '.length)] : []));
  return names.map(name => ({ name, isJudged: !unjudged.has(name) }));
}

function processSummary(name: string, samples: readonly SoakSample[]): Readonly<Record<string, number>> {
  const own = samples.flatMap(({ atMs, processes: { [name]: process } }) => (process === undefined ? [] : [{ atMs, process }]));
  const { slope, perHour: growth, most, isFlat } = flatnessOf(own.map(({ atMs, process }) => ({ atMs, value: process.residentBytes })));
  const heaps = own.flatMap(({ atMs, process: { heapUsedBytes } }) =>
    heapUsedBytes === undefined ? [] : [{ atMs, value: heapUsedBytes }],
  );
  const heap = heaps.length < 3 ? undefined : slopeOf(heaps);
  const more = (of: (process: ProcessSample) => number | undefined): number => {
    const [first, last] = [own[0]?.process, own.at(-1)?.process];
    return ((last && of(last)) ?? 0) - ((first && of(first)) ?? 0);
  };
  return {
    [`rss ${name}`]: slope.median,
    [`growth ${name}`]: growth,
    [`growthLow ${name}`]: slope.low * 3_600,
    [`growthHigh ${name}`]: slope.high * 3_600,
    [`allowed ${name}`]: most,
    [`flat ${name}`]: isFlat ? 1 : 0,
    ...(heap === undefined ? {} : { [`heap ${name}`]: heap.median, [`heapGrowth ${name}`]: heap.perSecond * 3_600 }),
    [`sockets ${name}`]: more(({ sockets }) => sockets),
    [`files ${name}`]: more(({ files }) => files),
    [`handles ${name}`]: more(({ handles }) => handles),
  };
}

/** What both say comes a tenth of a second apart, so results may seem ahead. */
function lagOf({ acked, processed }: SoakSample): number {
  return Math.max(0, acked - processed);
}

function perHour(samples: readonly SoakSample[], of: (sample: SoakSample) => number | undefined): number {
  return slopeOf(samples.map(sample => ({ atMs: sample.atMs, value: of(sample) ?? 0 }))).perSecond * 3_600;
}
