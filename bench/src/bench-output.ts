/** What the command says to people, on standard output. */

const quietMs = 30_000;
let saidAtMs = 0;

/** One line that stays. */
export function say(line: string): void {
  process.stdout.write(`${process.stdout.isTTY ? '\r\u001b[K' : ''}${line.trimEnd()}\n`);
}

/** On a terminal a line that the next one is written over; elsewhere one every half a minute, so that a log stays short. */
export function progress(line: string): void {
  if (process.stdout.isTTY) {
    process.stdout.write(`\r\u001b[K${line}`);
    return;
  }
  if (performance.now() - saidAtMs < quietMs) return;
  saidAtMs = performance.now();
  process.stdout.write(`… ${line}\n`);
}
