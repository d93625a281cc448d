/**
 * This file ends a server when the process that started it ends, however that happens: return, exception, Ctrl-C or `kill -9`.
 *
 * A shell waits on a pipe whose other end only our process holds. The kernel closes that end with the process, so it needs no
 * signal handler in a test and no help from a process that was killed.
 */
import { type ChildProcess, spawn } from 'node:child_process';

/** Asks the server to end, and kills it when it has not within ten seconds. */
const SCRIPT = `
kill -TERM "$1" || exit 0
for attempt in $(seq 100); do sleep 0.1; kill -0 "$1" || exit 0; done
kill -KILL "$1"
`;

/** Ties the life of `server`, a child of this process, to this process. */
export function guard(server: ChildProcess): void {
  const watchdog = atOurEnd(SCRIPT, String(server.pid));
  server.once('exit', () => watchdog.kill('SIGKILL'));
}

/**
 * Runs `script` in a shell when this process ends, with `args` as `$1` and so on.
 * @returns the shell that waits; kill it when there is nothing left to end
 */
export function atOurEnd(script: string, ...args: readonly string[]): ChildProcess {
  const watchdog = spawn('/bin/sh', ['-c', `read -r nothing\n${script}`, 'tapeline-watchdog', ...args], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watchdog.unref();
  const pipe = watchdog.stdin;
  // A pipe to a child keeps the event loop alive unless told not to; the types do not know that it is a socket.
  if ('unref' in pipe && typeof pipe.unref === 'function') pipe.unref();
  pipe.on('error', () => undefined);
  return watchdog;
}
