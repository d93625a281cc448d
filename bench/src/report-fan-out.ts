/** The section of BENCHMARKS.md about the board's socket. */
import { spreadOf } from './distribution.ts';
import { commandsOf } from './report-sections.ts';
import type { BenchResult } from './results.ts';
import { count, millis, table } from './table-text.ts';

/** Empty when nothing of it was measured. */
export function fanOut(results: readonly BenchResult[]): string {
  const found = results.filter(({ figure }) => figure === 'fan-out');
  if (found.length === 0) return '';
  const groups = Object.values(Object.groupBy(found, ({ subject, parameters }) => JSON.stringify([subject, parameters])));
  const rows = groups.flatMap(runs => (runs === undefined ? [] : [rowOf(runs, ''), rowOf(runs, 'stalled ')]));
  const words = `The live board's own server, on a market whose prices all move every 80 ms; each client has a socket of its own, in processes of their own, and decodes
every row with the page's own decoder: rows are counted there. CPU is the server's process, the moving of the prices included. Times are from the start of the
turn in which the board tells a client to the arrival of its frame; beside it, in the same run, what an idle socket takes from a stamp to its arrival. Stalled
clients watch all symbols and read nothing; those that are cut off connect again.`;
  const columns = [
    'lists',
    'clients × symbols',
    'rows/s',
    'M rows a CPU-second',
    'p50 · p99, ms',
    'idle echo p50 · p99, ms',
    'bytes a row',
    'rounds',
  ];
  return `## Fan-out of the live board\n\n${words}\n\n${table(
    columns,
    rows.filter(row => row.length > 0),
  )}\n\n${commandsOf(found)}`;
}

function rowOf(runs: readonly BenchResult[], half: '' | 'stalled '): readonly string[] {
  const { subject, parameters } = runs[0] as BenchResult;
  const middle = (name: string): number => spreadOf(runs.map(({ values }) => values[`${half}${name}`] ?? Number.NaN)).median;
  if (Number.isNaN(middle('p99Ms'))) return [];
  const { min, median, max } = spreadOf(runs.map(({ values }) => (values[`${half}updatesPerCpuSecond`] ?? Number.NaN) / 1e6));
  return [
    half === '' ? subject : `${subject}; ${parameters.stalled} stalled clients more`,
    `${count(Number(parameters.clients))} × ${parameters.watched} of ${count(Number(parameters.symbols))}`,
    count(middle('updatesPerSecond')),
    `${min.toFixed(2)} · **${median.toFixed(2)}** · ${max.toFixed(2)}`,
    `${millis(middle('p50Ms'))} · ${millis(middle('p99Ms'))}`,
    `${millis(middle('echoP50Ms'))} · ${millis(middle('echoP99Ms'))}`,
    middle('bytesPerUpdate').toFixed(1),
    String(runs.length),
  ];
}
