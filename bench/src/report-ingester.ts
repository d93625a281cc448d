/** The section of BENCHMARKS.md about the ingester. */
import { spreadOf } from './distribution.ts';
import { commandsOf } from './report-sections.ts';
import type { BenchResult } from './results.ts';
import { count, micros, millis, table } from './table-text.ts';

/** Empty when nothing of it was measured. */
export function ingester(results: readonly BenchResult[]): string {
  const of = (figure: string) => results.filter(result => result.figure === figure);
  const parts = [cost(of('ingester')), latency(of('ingester-latency')), memory(of('ingester-memory'))];
  const found = parts.filter(part => part !== '');
  if (found.length === 0) return '';
  const words = `A server of prebuilt frames sends TwelveData's price messages over a real WebSocket; the ingester reads, maps, encodes and appends them to a real
Kafka, 4 partitions, all in-sync replicas. CPU is the ingester's process alone: from the socket to the broker's acknowledgement, server and broker
excluded.`;
  return `## The ingester\n\n${words}\n\n${found.join('\n\n')}`;
}

function cost(results: readonly BenchResult[]): string {
  if (results.length === 0) return '';
  const rows = groups(results).map(runs => {
    const cpu = spreadOf(values(runs, 'cpuMicrosPerEvent'));
    return [
      count(Number(runs[0]?.parameters.symbols)),
      `${micros(cpu.min)} · **${micros(cpu.median)}** · ${micros(cpu.max)}`,
      count(spreadOf(values(runs, 'eventsPerSecond')).median),
      count(spreadOf(values(runs, 'residentBytes')).median / 2 ** 20),
      count(values(runs, 'lost').reduce((sum, lost) => sum + lost, 0)),
      String(runs.length),
    ];
  });
  return `### CPU\n\n${table(['symbols', 'µs of CPU a price', 'prices/s', 'RSS, MiB', 'lost', 'rounds'], rows)}\n\n${commandsOf(results)}`;
}

function latency(results: readonly BenchResult[]): string {
  if (results.length === 0) return '';
  const rows = groups(results).map(runs => [
    runs[0]?.subject ?? '',
    count(Number(runs[0]?.parameters.rate)),
    spread(values(runs, 'p50Ms')),
    spread(values(runs, 'p99Ms')),
    String(runs.length),
  ]);
  const words = `From before the server's write of a piece to the acknowledgement of all of it, and for the bare kafkajs produce from the call of \`send\` with the records
ready made to its return; in turns. Milliseconds; least, median and greatest of the turns.`;
  return `### Until a price is acknowledged\n\n${words}\n\n${table(['who', 'prices/s', 'p50', 'p99', 'turns'], rows)}\n\n${commandsOf(results)}`;
}

function memory(results: readonly BenchResult[]): string {
  if (results.length === 0) return '';
  const rows = results.map(({ parameters, values: { residentBytes = Number.NaN, grownBytes = Number.NaN, lost = Number.NaN } }) => [
    count(Number(parameters.rate)),
    count(Number(parameters.seconds)),
    count(residentBytes / 2 ** 20),
    (grownBytes / 2 ** 20).toFixed(1),
    count(lost),
  ]);
  return `### Memory\n\n${table(['prices/s', 'seconds', 'RSS, MiB', 'grown from the second fifth to the last, MiB', 'lost'], rows)}\n\n${commandsOf(results)}`;
}

/** Those of one subject under the same parameters together. */
function groups(results: readonly BenchResult[]): readonly (readonly BenchResult[])[] {
  const byName = Object.groupBy(results, ({ subject, parameters }) => JSON.stringify([subject, parameters]));
  return Object.values(byName).map(group => group ?? []);
}

function values(runs: readonly BenchResult[], name: string): readonly number[] {
  return runs.map(result => result.values[name] ?? Number.NaN);
}

function spread(numbers: readonly number[]): string {
  const { min, median, max } = spreadOf(numbers);
  return `${millis(min)} · **${millis(median)}** · ${millis(max)}`;
}
