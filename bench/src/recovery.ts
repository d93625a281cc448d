/** Figure `recovery`: how long partitions are without results, measured by the failure schedules on three brokers and Cassandra. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { PipelineError } from '@tapeline/core/errors';
import type { BenchContext } from './bench-context.ts';

interface Times {
  readonly p50: number;
  readonly p99: number;
  readonly highest: number;
  readonly samples: readonly number[];
}

interface RecoveryOfGroup {
  /** True when members watch each other and remove a dead one. */
  readonly peers: boolean;
  readonly cleanStop?: Times;
  readonly kill?: Times;
  readonly join?: Times;
}

type NamedTimes = readonly [string, Times | undefined];

export async function measureRecovery(context: BenchContext, { samples }: { readonly samples: number }): Promise<void> {
  const base = { figure: 'recovery', round: 1, parameters: { samples } };
  if (context.resume && context.results.has({ ...base, subject: 'killed' })) return;
  const groups = await schedules(context, samples);
  const command = `npm run schedules -- recovery --samples ${samples}`;
  const named = groups.flatMap(({ peers, cleanStop, kill, join }): readonly NamedTimes[] =>
    peers
      ? [
          ['stopped cleanly', cleanStop],
          ['joined by another', join],
          ['killed', kill],
        ]
      : [['killed, nobody watching: session timeout of 6 s', kill]],
  );
  for (const [subject, times] of named) {
    if (times === undefined) continue;
    const values = { samples: times.samples.length, p50Ms: times.p50, p99Ms: times.p99, highestMs: times.highest };
    context.results.add({ ...base, subject, values, command });
    context.say(`recovery, ${subject}: p50 ${times.p50} ms, p99 ${times.p99} ms of ${times.samples.length}`);
  }
}

async function schedules(context: BenchContext, samples: number): Promise<readonly RecoveryOfGroup[]> {
  const child = spawn('npm', ['run', '--silent', 'schedules', '--', 'recovery', '--samples', String(samples)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const stop = (): void => void child.kill('SIGTERM');
  context.signal.addEventListener('abort', stop, { once: true });
  let found: readonly RecoveryOfGroup[] | undefined;
  let count = 0;
  createInterface(child.stdout).on('line', line => {
    count += 1;
    context.progress(`recovery: ${count} lines of its report`);
    if (line.startsWith('{"recovery":')) found = (JSON.parse(line) as { recovery: readonly RecoveryOfGroup[] }).recovery;
  });
  const [code] = await once(child, 'close');
  context.signal.removeEventListener('abort', stop);
  context.signal.throwIfAborted();
  if (found !== undefined) return found;
  const message = `npm run schedules -- recovery ended with ${code} and without its last line; run it by itself to see why`;
  throw new PipelineError('services.unavailable', message, { retriable: false });
}
