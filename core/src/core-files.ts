/**
 * A core file is a process's memory, with the secrets in it, and may be sent to whoever looks for the cause of a crash; so may Node's report,
 * which holds the environment.
 */
import { writeFileSync } from 'node:fs';

/** Linux: which parts of memory a core file has, a bit for each kind; children inherit it. */
const filterFile = '/proc/self/coredump_filter';
let isDone = false;

/** From now on a core file of this process has no memory in it, where the system can be told so (Linux), and a report no environment. */
export function keepMemoryOutOfCoreFiles(): void {
  if (isDone) return;
  isDone = true;
  process.report.excludeEnv = true;
  try {
    writeFileSync(filterFile, '0');
  } catch {
    // Another system, or a sandbox that keeps it from us: `ulimit -c 0` is left to whoever runs it.
  }
}
