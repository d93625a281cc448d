/** This file keeps the way to a Service open: `kubectl port-forward` ends with the pod that it was led to, and whenever the API server loses it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf } from '@tapeline/core/errors';
import type { WayToService } from './cluster.ts';
import { type ProcessVariables, runProgram } from './program.ts';

export interface ForwardingOptions {
  /** Context and namespace, as kubectl takes them. */
  readonly where: readonly string[];
  readonly environment: ProcessVariables;
  /** Gets a line each time that the way has closed. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

const pauseMs = 1_000;

/** Forwards until the signal aborts, again a second after each end. @throws the signal's reason */
export async function keepForwarding({ name, service, ports }: WayToService, options: ForwardingOptions): Promise<never> {
  const { where, environment, say, signal } = options;
  for (;;) {
    const args = [...where, 'port-forward', `service/${service}`, ports];
    const reason = await runProgram('kubectl', args, { environment, signal, keeps: 'end' }).then(() => 'kubectl ended', lastLineOf);
    signal.throwIfAborted();
    say(`${name}: the way has closed, it is opened again in ${pauseMs / 1_000} s: ${reason}`);
    await sleep(pauseMs, undefined, { signal });
  }
}

function lastLineOf(error: unknown): string {
  return reasonOf(error).trim().split('\n').at(-1) ?? '';
}
