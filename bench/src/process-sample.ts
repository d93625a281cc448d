/** What a process holds at a moment: memory, CPU, what its own metrics say of its heap, and its open files and sockets. */
import { readdirSync, readlinkSync } from 'node:fs';
import { treeUsage } from './process-tree.ts';

export interface ProcessSample {
  readonly residentBytes: number;
  /** Since it started. */
  readonly cpuSeconds: number;
  /** Absent where it serves no metrics, or did not answer in time. */
  readonly heapUsedBytes?: number;
  /** What keeps Node's event loop alive, likewise. */
  readonly handles?: number;
  readonly files: number;
  readonly sockets: number;
}

export interface SampledProcess {
  readonly name: string;
  readonly pid: number;
  /** Where its `/metrics` are. */
  readonly probes?: string | undefined;
}

const patienceMs = 5_000;

export async function sampleProcess({ pid, probes }: SampledProcess): Promise<ProcessSample> {
  const metrics = probes === undefined ? '' : await metricsOf(probes);
  const heapUsedBytes = sumOfMetric(metrics, 'nodejs_heap_size_used_bytes');
  const handles = sumOfMetric(metrics, 'nodejs_active_handles_total');
  const own = heapUsedBytes === undefined || handles === undefined ? {} : { heapUsedBytes, handles };
  return { ...treeUsage([pid]), ...openFiles(pid), ...own };
}

/** The text of `/metrics`; empty when it does not come in time: a busy process is measured all the same. */
export async function metricsOf(probes: string): Promise<string> {
  try {
    const answer = await fetch(`${probes}/metrics`, { signal: AbortSignal.timeout(patienceMs) });
    return answer.ok ? await answer.text() : '';
  } catch {
    return '';
  }
}

/** The sum over all labels of a metric in the text of `/metrics`; absent when it is not there. */
export function sumOfMetric(text: string, name: string): number | undefined {
  const values = text.split('\n').flatMap(line => {
    const isNamed = line.startsWith(name) && (line[name.length] === ' ' || line[name.length] === '{');
    return isNamed ? [Number(line.slice(line.lastIndexOf(' ') + 1))] : [];
  });
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
}

function openFiles(pid: number): { readonly files: number; readonly sockets: number } {
  const targets = namesIn(`/proc/${pid}/fd`).map(name => targetOf(`/proc/${pid}/fd/${name}`));
  return { files: targets.length, sockets: targets.filter(target => target.startsWith('socket:')).length };
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Empty for one that was closed meanwhile. */
function targetOf(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return '';
  }
}
