/**
 * This file tells a server that this launcher started from any other process.
 *
 * A pid file alone proves nothing: after a crash or a reboot its number may belong to a stranger. So each server carries its own
 * folder as a system property in its command line, and a pid counts only while that process shows it.
 */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The argument that marks the server whose state is in `nodeDirectory` (an absolute path without links). */
export function markerOf(nodeDirectory: string): string {
  return `-Dtapeline.node=${nodeDirectory}`;
}

/** The file that holds the pid of the server in `nodeDirectory`. */
export function pidFileOf(nodeDirectory: string): string {
  return join(nodeDirectory, 'pid');
}

/** The pid of the server in `nodeDirectory`; undefined when it does not run, whatever its pid file says. */
export async function runningPid(nodeDirectory: string): Promise<number | undefined> {
  const text = await readFile(pidFileOf(nodeDirectory), 'utf8').catch(() => '');
  if (!/^\d+\s*$/.test(text)) return undefined;
  const pid = Number(text);
  return (await carries(pid, markerOf(nodeDirectory))) ? pid : undefined;
}

/** Memory that a process has in RAM, in bytes; undefined when it is gone. */
export async function residentBytes(pid: number): Promise<number | undefined> {
  const kilobytes = Number((await ps(pid, 'rss=')).trim());
  return kilobytes > 0 ? kilobytes * 1024 : undefined;
}

async function carries(pid: number, marker: string): Promise<boolean> {
  if (process.platform === 'linux') {
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return commandLine === '' ? await hasLastThreads(pid) : commandLine.split('\0').includes(marker);
  }
  return `${await ps(pid, 'args=')} `.includes(`${marker} `);
}

/** A killed process loses its command line before its last threads are gone, and they still hold its ports. */
async function hasLastThreads(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  return threads.length > 1;
}

async function ps(pid: number, column: string): Promise<string> {
  const answer = await run('ps', ['-ww', '-o', column, '-p', String(pid)]).catch(() => undefined);
  return answer?.stdout.trim() ?? '';
}
