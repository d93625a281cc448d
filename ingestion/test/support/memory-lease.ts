/** A Lease in memory with the API server's optimistic concurrency, and a way to it that can be broken for each candidate. */
import { PipelineError } from '@tapeline/core/errors';
import type { Lease, LeaseStore } from '../../src/lease.ts';

const away = new PipelineError('lease.unavailable', 'connect ECONNREFUSED', { retriable: true });

/** As a chart makes it: nobody held it yet. */
const freshLease: Lease = {
  holder: undefined,
  durationMs: undefined,
  acquireTimeMs: undefined,
  renewTimeMs: undefined,
  transitions: 0,
  resourceVersion: '1',
};

export class MemoryLease {
  lease: Lease;
  writes = 0;
  conflicts = 0;

  constructor(lease: Partial<Lease> = {}) {
    this.lease = { ...freshLease, ...lease };
  }

  /** Takes a write at the version it names only. */
  put(lease: Lease): Lease | 'conflict' {
    if (lease.resourceVersion !== this.lease.resourceVersion) {
      this.conflicts += 1;
      return 'conflict';
    }
    this.writes += 1;
    this.lease = { ...lease, resourceVersion: String(Number(this.lease.resourceVersion) + 1) };
    return this.lease;
  }
}

/** One candidate's way to the Lease. */
export class WayToLease implements LeaseStore {
  /** `away` refuses, `silent` never answers, `answers lost` does what it is asked and fails. */
  condition: 'well' | 'away' | 'silent' | 'answers lost' = 'well';
  closed = false;
  readonly #shared: MemoryLease;

  constructor(shared: MemoryLease) {
    this.#shared = shared;
  }

  async read(signal: AbortSignal): Promise<Lease> {
    await this.#enter(signal);
    return this.#shared.lease;
  }

  async write(lease: Lease, signal: AbortSignal): Promise<Lease | 'conflict'> {
    await this.#enter(signal);
    const answer = this.#shared.put(lease);
    if (this.condition === 'answers lost') throw away;
    return answer;
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  async #enter(signal: AbortSignal): Promise<void> {
    await Promise.resolve();
    if (this.condition === 'away') throw away;
    if (this.condition !== 'silent') return;
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(away), { once: true }));
  }
}
