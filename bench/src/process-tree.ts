/**
 * CPU time and memory of processes with all their descendants, as Linux counts them: what a peer costs, whatever it starts.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { reasonOf, usageError } from '@tapeline/core/errors';

export interface TreeUsage {
  /** User and system time, that of ended and awaited children included. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

interface ProcessStat {
  readonly parent: number;
  readonly ticks: number;
  readonly pages: number;
}

/** Linux tells processes so, whatever the kernel's own clock. */
const ticksPerSecond = 100;
const pageBytes = 4_096;

/** @throws PipelineError `usage` where there is no /proc. */
export function treeUsage(roots: readonly number[]): TreeUsage {
  const processes = readProcesses();
  const children = new Map<number, number[]>();
  for (const [pid, { parent }] of processes) children.set(parent, [...(children.get(parent) ?? []), pid]);
  const waiting = [...roots];
  let ticks = 0;
  let pages = 0;
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    const stat = processes.get(pid);
    if (stat === undefined) continue;
    ticks += stat.ticks;
    pages += stat.pages;
    waiting.push(...(children.get(pid) ?? []));
  }
  return { cpuSeconds: ticks / ticksPerSecond, residentBytes: pages * pageBytes };
}

function readProcesses(): ReadonlyMap<number, ProcessStat> {
  const processes = new Map<number, ProcessStat>();
  for (const name of processFolders()) {
    const stat = readStat(name);
    if (stat !== undefined) processes.set(Number(name), stat);
  }
  return processes;
}

function processFolders(): readonly string[] {
  try {
    return readdirSync('/proc').filter(name => /^\d+$/.test(name));
  } catch (error) {
    const message = `CPU time of processes is read from /proc, which cannot be read: ${reasonOf(error)}; run the benchmarks on Linux`;
    throw usageError(message, error);
  }
}

/** `undefined` for a process that ended meanwhile. The name in brackets may hold anything, so fields are counted from its end. */
function readStat(pid: string): ProcessStat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const times = fields.slice(11, 15).map(Number);
    return { parent: Number(fields[1]), ticks: times.reduce((sum, value) => sum + value, 0), pages: Number(fields[21]) };
  } catch {
    return undefined;
  }
}
