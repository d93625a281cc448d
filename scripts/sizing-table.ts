/**
 * Writes the table of sizes into docs/sizing.md, between its two markers: `npm run sizing-table`. A test fails when it is stale.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { runCommandLine } from '@tapeline/core/command-line';
import { intervals } from '@tapeline/core/intervals';
import { type Sizing, sizingOf, type Workload } from '@tapeline/infrastructure/sizing';

const begin = '<!-- sizes: begin -->';
const end = '<!-- sizes: end -->';
const file = new URL('../docs/sizing.md', import.meta.url);

const usual = { ticksPerSymbolSecond: 0.5, peakFactor: 4, intervals, tickRetentionDays: 30, barYears: 1, replicationFactor: 3 } as const;

/** The columns, by what stands above them. */
export const workloads: readonly (readonly [string, Workload])[] = [
  ['10, tiny', { ...usual, symbols: 10, replicationFactor: 1, partitions: 4 }],
  ['10', { ...usual, symbols: 10 }],
  ['1,000', { ...usual, symbols: 1_000 }],
  ['10,000', { ...usual, symbols: 10_000 }],
  ['10,000 without 1s, 5s', { ...usual, symbols: 10_000, intervals: intervals.filter(interval => interval !== '1s' && interval !== '5s') }],
];

const rows: readonly (readonly [string, (sizing: Sizing) => string])[] = [
  ['ticks a second: mean, peak', ({ ticksPerSecond, peakTicksPerSecond }) => `${count(ticksPerSecond)}, ${count(peakTicksPerSecond)}`],
  ['bars a second', ({ barsPerSecond }) => count(barsPerSecond)],
  ['partitions (`KAFKA_FEED_PARTITIONS`, `feedPartitions`)', ({ partitions }) => count(partitions)],
  ['Kafka: brokers', ({ kafka }) => count(kafka.brokers)],
  ['Kafka: written a day', ({ kafka }) => bytes(kafka.bytesPerDay)],
  ['Kafka: disk of each (`brokerStorageSize`)', ({ kafka }) => bytes(kafka.diskBytes)],
  ['Kafka: memory of each', ({ kafka }) => bytes(kafka.memoryBytes)],
  ['stream processors at the peak', ({ processors }) => count(processors.count)],
  ['… memory of each', ({ processors }) => bytes(processors.memoryBytes)],
  ['… `SNAPSHOT_INTERVAL_MS`', ({ processors }) => count(processors.snapshotIntervalMs)],
  ['Cassandra: nodes', ({ cassandra }) => count(cassandra.nodes)],
  ['Cassandra: ticks of 30 days, one replica', ({ cassandra }) => bytes(cassandra.tickBytes)],
  ['Cassandra: bars of a year, one replica', ({ cassandra }) => bytes(cassandra.barBytes)],
  ['Cassandra: disk of each (`nodeStorageSize`)', ({ cassandra }) => bytes(cassandra.diskBytes)],
  ['Cassandra: memory of each', ({ cassandra }) => bytes(cassandra.memoryBytes)],
];

/** The table as Markdown. */
function sizingTable(): string {
  const sizings = workloads.map(([, workload]) => sizingOf(workload));
  const lines = rows.map(([name, show]) => `| ${[name, ...sizings.map(show)].join(' | ')} |`);
  const head = `| symbols | ${workloads.map(([name]) => name).join(' | ')} |`;
  return [head, `| --- |${' --: |'.repeat(sizings.length)}`, ...lines].join('\n');
}

/** The document with the table of now. */
export function withSizingTable(document: string): string {
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/sizing.md must have a line "${begin}" and, after it, "${end}"`);
  return `${document.slice(0, from + begin.length)}\n${sizingTable()}\n${document.slice(to)}`;
}

function count(value: number): string {
  return new Intl.NumberFormat('en', { maximumFractionDigits: value < 10 ? 1 : 0 }).format(value);
}

/** Two digits are all that such an estimate has. */
function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;
  const unit = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, value)) / 10));
  return `${Number((value / 1_024 ** unit).toPrecision(2))} ${units[unit]}`;
}

if (import.meta.main) {
  const help = 'sizing-table: writes the table of sizes into docs/sizing.md.\n';
  process.exitCode = await runCommandLine({ help }, async () => {
    writeFileSync(file, withSizingTable(readFileSync(file, 'utf8')));
    return 0;
  });
}
