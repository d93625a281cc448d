/** This file asks for the Lease within a time limit, and turns a failure into an answer that is absent, said once for each reason. */
import { PipelineError, reasonOf } from '@tapeline/core/errors';
import type { Logger } from 'pino';
import type { Lease, LeaseStore } from './lease.ts';

export interface LeaseRequestsOptions {
  readonly store: LeaseStore;
  /** An unanswered request is given up after so long. */
  readonly requestMs: number;
  /** Waits, or until the signal aborts; never rejects. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly logger: Logger;
}

export class LeaseRequests {
  readonly #options: LeaseRequestsOptions;
  #problem: string | undefined = 'the Lease has not been read yet';

  constructor(options: LeaseRequestsOptions) {
    this.#options = options;
  }

  /** Why the last request failed; undefined when it did not. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** The Lease; undefined when it could not be had in time. */
  async read(mostMs = Number.POSITIVE_INFINITY): Promise<Lease | undefined> {
    return await this.#ask(signal => this.#options.store.read(signal), mostMs);
  }

  /** The Lease as it stands then; undefined when nobody knows whether it was written. */
  async write(lease: Lease, mostMs = Number.POSITIVE_INFINITY): Promise<Lease | 'conflict' | undefined> {
    return await this.#ask(signal => this.#options.store.write(lease, signal), mostMs);
  }

  async #ask<T>(request: (signal: AbortSignal) => Promise<T>, mostMs: number): Promise<T | undefined> {
    const stop = new AbortController();
    const late = this.#options.pause(Math.min(this.#options.requestMs, mostMs), stop.signal).then(() => {
      throw new PipelineError('lease.unavailable', 'the API server did not answer in time', { retriable: true });
    });
    try {
      const answer = await Promise.race([request(stop.signal), late]);
      this.#problem = undefined;
      return answer;
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      this.#complain(error);
      return undefined;
    } finally {
      stop.abort();
    }
  }

  #complain(error: PipelineError): void {
    const reason = reasonOf(error);
    if (reason !== this.#problem) this.#options.logger.error({ code: error.code }, `the Lease is out of reach: ${reason}; still trying`);
    this.#problem = reason;
  }
}
