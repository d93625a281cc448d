/** The sections of BENCHMARKS.md about the whole chain: loads, what it carries, the soak, and backlogs. */
import { spreadOf } from './distribution.ts';
import { commandsOf } from './report-sections.ts';
import type { BenchResult } from './results.ts';
import { processesOf } from './soak-summary.ts';
import { count, millis, table } from './table-text.ts';

/** Empty when nothing of it was measured. */
export function wholeChain(results: readonly BenchResult[]): string {
  const of = (figure: string) => results.filter(result => result.figure === figure);
  const parts = [loads(of('load'), of('load-capacity')), soaks(of('soak')), backlogs(of('backlog'))];
  return parts.filter(part => part !== '').join('\n\n');
}

function loads(results: readonly BenchResult[], capacities: readonly BenchResult[]): string {
  const carried = capacities.at(-1);
  if (results.length === 0 && carried === undefined) return '';
  const words = `Price server (the vendor's protocol on a real socket) → ingester → Kafka, 4 partitions → stream processor → Cassandra, and the live board with a client, all
on the same cores. Raw ticks are not stored. Lag is what the log has acknowledged and no durable result has yet. Acknowledged is from before the server's write of a piece
to the broker's acknowledgement of all of it; a bar is due when its second, by the vendor's stamps, and the 2 s for stragglers are over, and is durable when
Cassandra has acknowledged it (the heartbeat that closes it comes up to 250 ms later). Where more comes than can be taken, it waits unread in the socket and in the ingester's buffers (300,000 ticks at most), and what is beyond them
goes into gap records, never in silence; "held" is what waits at the vendor's side of the socket. Times of acknowledgement are only told of turns without loss. Given are least, median and greatest of the rounds, or the greatest alone.`;
  const parts = [`## The whole chain under load\n\n${words}`];
  if (carried !== undefined) parts.push(capacityText(carried));
  if (results.length > 0) parts.push(timesTable(results), accountTable(results), usageTable(results), commandsOf(results));
  return parts.join('\n\n');
}

function capacityText({ parameters, values, command }: BenchResult): string {
  const { carriedPerSecond = Number.NaN, tooManyPerSecond, lostThere = 0, behindThereSeconds = 0 } = values;
  const beyond =
    tooManyPerSecond === undefined
      ? ''
      : `; at ${count(tooManyPerSecond)} what waits grows (${behindThereSeconds.toFixed(1)} s behind after ${parameters.seconds} s, ${count(lostThere)} lost)`;
  return `This machine carries **${count(carriedPerSecond)} ticks/s** of ${count(Number(parameters.symbols))} symbols through the whole chain${beyond}: \`${command}\``;
}

function timesTable(results: readonly BenchResult[]): string {
  const rows = groups(results).map(runs => [
    ...named(runs),
    spread(runs, 'ackP50Ms'),
    spread(runs, 'ackP99Ms'),
    spread(runs, 'barP50Ms'),
    spread(runs, 'barP99Ms'),
    count(most(runs, 'lagMost')),
    count(most(runs, 'lagAtEnd')),
    most(runs, 'drainSeconds').toFixed(1),
    (most(runs, 'mostHeldBytes') / 2 ** 20).toFixed(1),
  ]);
  const columns = [
    'profile',
    'mean, ticks/s',
    'acknowledged p50, ms',
    'p99, ms',
    'bar durable p50, ms',
    'p99, ms',
    'lag at most',
    'at the end',
  ];
  return table([...columns, 'caught up after, s', 'held, MiB'], rows);
}

function accountTable(results: readonly BenchResult[]): string {
  const rows = groups(results).map(runs => {
    const [bars, different] = [total(runs, 'bars'), total(runs, 'differentBars')];
    const counts = ['sent', 'inLog', 'inGaps', 'refused', 'unaccounted', 'twiceInLog'].map(name => count(total(runs, name)));
    return [...named(runs).slice(0, 1), ...counts, bars === 0 ? '–' : `${count(bars - different)} of ${count(bars)}`, String(runs.length)];
  });
  const columns = ['profile', 'ticks sent', 'in the log', 'in gap records', 'refused', 'unaccounted for', 'twice in the log'];
  return table([...columns, "bars equal to a replay's", 'rounds'], rows);
}

function usageTable(results: readonly BenchResult[]): string {
  const processes = [
    ...new Set(results.flatMap(({ values }) => Object.keys(values).flatMap(key => (key.startsWith('cpu ') ? [key.slice(4)] : [])))),
  ];
  const rows = groups(results).map(runs => [
    ...named(runs).slice(0, 1),
    ...processes.map(name => {
      const cpu = spreadOf(valuesOf(runs, `cpu ${name}`)).median;
      return Number.isNaN(cpu) ? '–' : `${cpu.toFixed(2)} · ${count(most(runs, `rss ${name}`) / 2 ** 20)}`;
    }),
  ]);
  return `Cores · MiB of RSS at most:\n\n${table(['profile', ...processes], rows)}`;
}

function soaks(results: readonly BenchResult[]): string {
  if (results.length === 0) return '';
  const words = `The same chain under a steady load, looked at every 10 s. The slope is that of the last five sixths of the time: the middle of the slopes of all pairs of samples
(Theil, Sen), with its 95 % interval. Flat is less than 3 % of the process, or than 10 MiB, an hour. The heaps of Kafka and Cassandra are theirs to fill.`;
  const parts = results.map(result => {
    const { parameters, values } = result;
    const mebibytes = (name: string): string => ((values[name] ?? Number.NaN) / 2 ** 20).toFixed(1);
    const rows = processesOf(values).map(({ name, isJudged }) => [
      name,
      count((values[`rss ${name}`] ?? Number.NaN) / 2 ** 20),
      values[`heap ${name}`] === undefined ? '–' : mebibytes(`heap ${name}`),
      `**${mebibytes(`growth ${name}`)}** (${mebibytes(`growthLow ${name}`)} to ${mebibytes(`growthHigh ${name}`)})`,
      isJudged ? (values[`flat ${name}`] === 1 ? 'flat' : 'grows') : '',
      `${values[`sockets ${name}`]} · ${values[`files ${name}`]}`,
    ]);
    const disks = Object.keys(values).filter(key => key.startsWith('disk '));
    const disk = disks.map(key => `${key.slice('disk '.length)} ${mebibytes(key)} MiB an hour`).join(', ');
    const { sent = 0, lost = 0, lagMost = 0, lagGrowth = 0, unprocessedAtEnd = 0, ackP99Ms } = values;
    const head = `### ${count(Number(parameters.minutes))} minutes at ${count(Number(parameters.rate))} ticks/s`;
    const account = `${count(sent)} ticks sent, ${count(lost)} lost. Lag at most ${count(lagMost)}, at the end ${count(unprocessedAtEnd)}, growing by ${count(lagGrowth)} an hour; acknowledged within ${millis(ackP99Ms)} ms (p99 of the worst minute). Growth of the disks: ${disk || 'not measured'}.`;
    const columns = ['process', 'RSS, MiB', 'heap, MiB', 'growth, MiB an hour', '', 'more sockets · files'];
    return `${head}\n\n${account}\n\n${table(columns, rows)}\n\n${commandsOf([result])}`;
  });
  return `## Soak\n\n${words}\n\n${parts.join('\n\n')}`;
}

function backlogs(results: readonly BenchResult[]): string {
  if (results.length === 0) return '';
  const rows = groups(results).map(runs => [
    runs[0]?.subject ?? '',
    count(Number(runs[0]?.parameters.ticks)),
    spread(runs, 'firstResultSeconds'),
    spread(runs, 'caughtUpSeconds'),
    count(spreadOf(valuesOf(runs, 'ticksPerSecond')).median),
    count(most(runs, 'bars')),
    `${count(most(runs, 'residentEarlyBytes') / 2 ** 20)} → ${count(most(runs, 'residentLateBytes') / 2 ** 20)}`,
    count(most(runs, 'peakResidentBytes') / 2 ** 20),
    runs[0]?.values.readAgain === undefined ? '–' : count(most(runs, 'readAgain')),
  ]);
  const words = `A processor starts on a topic that is full; times are from the start of its process. One was stopped (SIGTERM) when it had done two fifths, and another one went on:
its times and bars are those of the rest, and what it read again is told.`;
  const columns = [
    'store',
    'ticks waiting',
    'first result, s',
    'caught up, s',
    'ticks/s',
    'bars',
    'RSS of the second fifth → the last, MiB',
  ];
  return `## A backlog\n\n${words}\n\n${table([...columns, 'at most, MiB', 'records read again'], rows)}\n\n${commandsOf(results)}`;
}

function named(runs: readonly BenchResult[]): readonly string[] {
  const { subject = '', parameters } = runs[0] ?? {};
  return [subject, count(Number(parameters?.meanPerSecond))];
}

function groups(results: readonly BenchResult[]): readonly (readonly BenchResult[])[] {
  return Object.values(Object.groupBy(results, ({ subject, parameters }) => JSON.stringify([subject, parameters]))).map(
    group => group ?? [],
  );
}

function valuesOf(runs: readonly BenchResult[], name: string): readonly number[] {
  return runs.map(({ values }) => values[name] ?? Number.NaN);
}

function most(runs: readonly BenchResult[], name: string): number {
  return Math.max(...valuesOf(runs, name));
}

/** Of the rounds that have it. */
function total(runs: readonly BenchResult[], name: string): number {
  return runs.reduce((sum, { values }) => sum + (values[name] ?? 0), 0);
}

function spread(runs: readonly BenchResult[], name: string): string {
  const { min, median, max } = spreadOf(valuesOf(runs, name));
  if (Number.isNaN(median)) return '–';
  return runs.length === 1 ? millis(median) : `${millis(min)} · **${millis(median)}** · ${millis(max)}`;
}
