/** Writes what was measured into BENCHMARKS.md: tables, and with each the command that measures it again. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { spreadOf } from './distribution.ts';
import { goalRows } from './goals.ts';
import { fanOut } from './report-fan-out.ts';
import { ingester } from './report-ingester.ts';
import { wholeChain } from './report-load.ts';
import { commandsOf, merged } from './report-sections.ts';
import type { BenchResult, Results } from './results.ts';
import { subjects } from './subjects.ts';
import { count, micros, millis, table } from './table-text.ts';

const file = new URL('../../BENCHMARKS.md', import.meta.url);

/** Sections that were not measured here stay as they are. @param say is told where it is. */
export function writeReport(results: Results, say: (line: string) => void): void {
  if (results.all().length === 0)
    return say('nothing was measured here yet, so BENCHMARKS.md stays as it is: run npm run bench -- all first');
  const fresh = reportOf(results.all());
  writeFileSync(file, existsSync(file) ? merged(readFileSync(file, 'utf8'), fresh) : fresh);
  say('BENCHMARKS.md is written');
}

/** The document. */
export function reportOf(all: readonly BenchResult[]): string {
  const results = newest(all);
  const sections = [
    head(),
    goals(results),
    cost(results),
    correctness(results),
    live(results),
    ingester(results),
    wholeChain(results),
    memory(results),
    pair(results),
    recovery(results),
    fanOut(results),
  ];
  return `${sections.filter(section => section !== '').join('\n\n')}\n`;
}

/** Of the same measurement the last one counts. */
function newest(all: readonly BenchResult[]): readonly BenchResult[] {
  const byName = new Map<string, BenchResult>();
  for (const result of all) byName.set(JSON.stringify([result.figure, result.subject, result.round, result.parameters]), result);
  return [...byName.values()];
}

function head(): string {
  return `# Benchmarks

Written by \`npm run bench -- report\`; do not edit. Each section tells when it was measured, at which commit and on which machine; those that a
machine did not measure stay as they were.

All subjects read the same topic of a real Kafka 4.3 on the same machine, in turns. The load is what the ingester writes: full JSON tick
records (some 260 bytes), 4 partitions, 20,000 ticks to an event-time second, Zipf 0.75, out of order within 200 ms, 0.1 % late by 3 to 10 s,
heartbeats 4 a second. CPU time is user and system time of the subject's whole process tree, the broker excluded; it is the slope after
the warm-up (4 million ticks; 1 million for kafkajs and with Cassandra). Given are least, median and greatest of the rounds.
Everything: \`npm run bench -- all --resume\`.`;
}

function goals(results: readonly BenchResult[]): string {
  const rows = goalRows(results);
  if (rows.length === 0) return '';
  return `## Goals\n\n${table(['figure', 'at least', 'aim', 'measured', ''], rows)}`;
}

function cost(results: readonly BenchResult[]): string {
  const topics = groupsOf(
    results,
    'cost',
    ({ parameters }) => `${parameters.symbols} symbols, ${count(Number(parameters.topicTicks))} ticks`,
  );
  const tables = topics.map(([topic, inTopic]) => `### ${topic}\n\n${costTable(inTopic)}\n\n${commandsOf(inTopic)}`);
  if (tables.length === 0) return '';
  const work = `Tapeline computes bars of all 8 intervals with VWAP, indicators, corrections by late ticks and snapshots, and makes the bytes of their
records. The peers compute open, high, low, close and count of 1 s and 1 min, drop what is late by more than 2 s, and count the bars.
Those on a JVM compare the checksums of batches, as their client does by default; Tapeline does on request (\`KAFKA_CHECK_CRCS\`), kafkajs never.`;
  return `## CPU time for a tick, and catch-up\n\n${work}\n\n${tables.join('\n\n')}`;
}

function costTable(results: readonly BenchResult[]): string {
  const bySubject = groupsOf(results, 'cost', ({ subject }) => subject);
  const own = bySubject.find(([subject]) => subject === 'tapeline')?.[1];
  const ownMicros = own === undefined ? undefined : spreadOf(valuesOf(own, 'cpuMicrosPerTick')).median;
  const rows = bySubject
    .map(([subject, runs]) => ({ subject, runs, cpu: spreadOf(valuesOf(runs, 'cpuMicrosPerTick')) }))
    .sort((a, b) => a.cpu.median - b.cpu.median)
    .map(({ subject, runs, cpu }) => [
      subjects.find(({ name }) => name === subject)?.description ?? subject,
      `${micros(cpu.min)} · **${micros(cpu.median)}** · ${micros(cpu.max)}`,
      ownMicros === undefined ? '' : (cpu.median / ownMicros).toFixed(1),
      count(spreadOf(valuesOf(runs, 'ticksPerSecond')).median),
      count(spreadOf(valuesOf(runs, 'peakResidentBytes')).median / 2 ** 20),
      spreadOf(valuesOf(runs, 'startupCpuSeconds')).median.toFixed(1),
      String(runs.length),
    ]);
  return table(['who', 'µs of CPU a tick', 'times Tapeline', 'ticks/s', 'RSS, MiB', 'start-up, CPU s', 'rounds'], rows);
}

function correctness(results: readonly BenchResult[]): string {
  const found = of(results, 'correctness');
  if (found.length === 0) return '';
  const rows = found.flatMap(({ subject, values }) =>
    ['1s', '1m'].flatMap(interval => {
      const [expected, equal] = [values[`expected ${interval}`], values[`equal ${interval}`]];
      if (expected === undefined || equal === undefined) return [];
      const [late, lateEqual] = [values[`expected with late ticks ${interval}`] ?? 0, values[`equal with late ticks ${interval}`] ?? 0];
      return [
        [
          subject,
          interval,
          `${count(equal)} of ${count(expected)} (${percent(equal, expected)})`,
          `${percent(lateEqual, late)} of ${count(late)}`,
        ],
      ];
    }),
  );
  const words = `Bars of a topic of a million ticks against an oracle that sorts and groups all ticks. Windows with a late tick stand apart: Tapeline corrects its
bar with the tick and is held to the bar of all ticks; the peers drop it and are held to the bar without. Flink's watermark follows every 200 ms
and Spark's after each micro-batch, so in a catch-up both still count ticks that are late. Spark's \`first()\` and \`last()\` go by arrival.`;
  return `## Are the bars right?\n\n${words}\n\n${table(['who', 'interval', 'equal bars', 'equal where a tick was late'], rows)}\n\n${commandsOf(found)}`;
}

function live(results: readonly BenchResult[]): string {
  const parts = [
    liveTable('Until a consumer has the bar', of(results, 'latency')),
    liveTable('Until the bar is durable in Cassandra', of(results, 'durability')),
  ].filter(part => part !== '');
  if (parts.length === 0) return '';
  const words = `From before the append of the heartbeat that passes a window's end by the allowed lateness, while ticks come at the pace of their event time:
until a consumer of \`market-data.bars\` has the bar, and until the write to Cassandra is acknowledged. Beside it, in the same run, a bare kafkajs
echo (a topic in, a topic out). Milliseconds; after 10 s of warm-up. In turns with Tapeline a relay is measured: it reads the same feed as Tapeline does and
appends as many bytes at the same heartbeats, ready made. It computes nothing, so its times are what the way through Kafka takes here, whoever computes.`;
  return `## Latency in the steady state\n\n${words}\n\n${parts.join('\n\n')}`;
}

function liveTable(heading: string, found: readonly BenchResult[]): string {
  if (found.length === 0) return '';
  const rows = found.map(({ subject, parameters, round, values }) => [
    subject,
    `${count(Number(parameters.ticksPerSecond))} ticks/s, ${count(Number(parameters.symbols))} symbols`,
    String(round),
    `${millis(values.p50Ms)} · ${millis(values.p99Ms)}`,
    `${millis(values.echoP50Ms)} · ${millis(values.echoP99Ms)}`,
    `${millis(values.p50FirstHalfMs)} → ${millis(values.p50SecondHalfMs)}`,
    count(values.bars ?? 0),
  ]);
  const columns = ['who', 'load', 'round', 'p50 · p99', 'echo p50 · p99', 'p50 of the first half → the second', 'bars'];
  return `### ${heading}\n\n${table(columns, rows)}\n\n${commandsOf(found)}`;
}

function memory(results: readonly BenchResult[]): string {
  const found = of(results, 'memory');
  if (found.length === 0) return '';
  const rows = found.map(({ parameters, values }) => [
    count(Number(parameters.symbols)),
    count(values.bytesPerSymbol ?? Number.NaN),
    `${count((values.grownBytes ?? Number.NaN) / 1024)} KB over ${count(values.grownOverTicks ?? Number.NaN)} ticks`,
    (values.minorCollectionsPerMillionTicks ?? Number.NaN).toFixed(2),
    micros(values.foldMicrosPerTick ?? Number.NaN),
  ]);
  const words = `The fold alone, fed from memory by ticks that are written into the same bytes again and again: all intervals, indicators, correction
windows of the last 60 s of event time at 20,000 ticks a second, bars encoded and dropped.`;
  const columns = ['symbols', 'bytes a symbol', 'growth', 'minor collections a million ticks', 'µs of CPU a tick'];
  return `## Memory of the fold\n\n${words}\n\n${table(columns, rows)}\n\n${commandsOf(found)}`;
}

function pair(results: readonly BenchResult[]): string {
  const found = of(results, 'pair');
  if (found.length === 0) return '';
  const rows = groupsOf(found, 'pair', ({ subject }) => subject).map(([subject, runs]) => {
    const cpu = spreadOf(valuesOf(runs, 'cpuMicrosPerTick'));
    return [
      subject,
      `${micros(cpu.min)} · **${micros(cpu.median)}** · ${micros(cpu.max)}`,
      count(spreadOf(valuesOf(runs, 'ticksPerSecond')).median),
      String(runs.length),
    ];
  });
  return `## Two processes for the work of one\n\n${table(['processes', 'µs of CPU a tick', 'ticks/s', 'rounds'], rows)}\n\n${commandsOf(found)}`;
}

function recovery(results: readonly BenchResult[]): string {
  const found = of(results, 'recovery');
  if (found.length === 0) return '';
  const rows = found.map(({ subject, values }) => [
    subject,
    count(values.p50Ms ?? Number.NaN),
    count(values.p99Ms ?? Number.NaN),
    count(values.samples ?? 0),
  ]);
  const words =
    'From the last result in Cassandra before to the first one after, the worst of the partitions that moved; three brokers, two processors.';
  return `## Recovery\n\n${words}\n\n${table(['a processor was', 'p50, ms', 'p99, ms', 'samples'], rows)}\n\n${commandsOf(found)}`;
}

function of(results: readonly BenchResult[], name: string): readonly BenchResult[] {
  return results.filter(({ figure }) => figure === name);
}

function groupsOf(
  results: readonly BenchResult[],
  figure: string,
  nameOf: (result: BenchResult) => string,
): readonly (readonly [string, readonly BenchResult[]])[] {
  return Object.entries(
    Object.groupBy(
      results.filter(result => result.figure === figure),
      nameOf,
    ),
  ).map(([name, group]) => [name, group ?? []]);
}

function valuesOf(runs: readonly BenchResult[], name: string): readonly number[] {
  return runs.map(({ values }) => values[name] ?? Number.NaN);
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '–' : `${((part / whole) * 100).toFixed(part === whole ? 0 : 1)} %`;
}
