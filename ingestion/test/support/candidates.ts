/** Candidates for one Lease on one manual clock, and an account of who led when. */
import { Registry } from 'prom-client';
import { type Election, type ElectionOptions, type Leadership, startElection } from '../../src/leader-election.ts';
import type { Lease } from '../../src/lease.ts';
import { aLogger } from './logger.ts';
import { ManualTime } from './manual-time.ts';
import { MemoryLease, WayToLease } from './memory-lease.ts';

/** Where all wall clocks begin, unless one is wrong. */
export const wallStartMs = Date.UTC(2024, 10, 4, 12);

export interface Candidate {
  readonly name: string;
  readonly way: WayToLease;
  readonly election: Election;
  readonly registry: Registry;
  readonly stop: AbortController;
  readonly lines: ReturnType<typeof aLogger>['lines'];
  /** Its term, while it leads. */
  leadership: Leadership | undefined;
  /** Its work stands still for so long after its signal aborts. */
  stoppingMs: number;
}

export class Candidates {
  readonly time = new ManualTime();
  readonly lease: MemoryLease;
  /** `12000 a leads term 3`, `15000 a stops`, in order. */
  readonly account: string[] = [];
  /** Most that led at one moment. */
  mostLeaders = 0;
  readonly #leading = new Set<string>();

  constructor(lease: Partial<Lease> = {}) {
    this.lease = new MemoryLease(lease);
  }

  /** @param skewMs how wrong its wall clock is */
  start(name: string, options: Partial<ElectionOptions> = {}, skewMs = 0): Candidate {
    const way = new WayToLease(this.lease);
    const registry = new Registry();
    const stop = new AbortController();
    const { logger, lines } = aLogger();
    const candidate: Candidate = { name, way, registry, stop, lines, leadership: undefined, stoppingMs: 0, election: undefined as never };
    const { clock, pause } = this.time;
    const election = startElection({
      store: way,
      identity: name,
      lead: leadership => this.#work(candidate, leadership),
      clock,
      pause,
      wallClock: () => wallStartMs + skewMs + clock(),
      random: () => 0.5,
      logger,
      registry,
      signal: stop.signal,
      ...options,
    });
    return Object.assign(candidate, { election });
  }

  /** As `kill -9`: it does nothing any more, and the Lease stays as it is. */
  kill(candidate: Candidate): void {
    candidate.way.condition = 'silent';
    this.account.push(`${this.time.clock()} ${candidate.name} dies`);
    this.#leading.delete(candidate.name);
  }

  async #work(candidate: Candidate, leadership: Leadership): Promise<void> {
    const { name } = candidate;
    this.account.push(`${this.time.clock()} ${name} leads term ${leadership.term}`);
    this.#leading.add(name);
    this.mostLeaders = Math.max(this.mostLeaders, this.#leading.size);
    candidate.leadership = leadership;
    const ended = Promise.withResolvers<void>();
    leadership.signal.addEventListener('abort', () => ended.resolve(), { once: true });
    await ended.promise;
    await this.time.pause(candidate.stoppingMs, new AbortController().signal);
    candidate.leadership = undefined;
    if (this.#leading.delete(name)) this.account.push(`${this.time.clock()} ${name} stops`);
  }
}
