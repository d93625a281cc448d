/**
 * This file elects: one loop that watches the Lease, claims it when it is free, leads while it can renew it, and lets it go.
 *
 * Without a witness two of these never lead at once, whatever their wall clocks say: a holder stops `renewDeadlineMs` after the start of its
 * last successful renewal, and nobody claims before `durationMs` have passed since that renewal was seen. Where a process stands still
 * for longer than that (a paused machine), or goes on without the API server because a witness knows of no later term, the session
 * numbers of its term are the fence (session-numbers.ts).
 */
import { reasonOf } from '@tapeline/core/errors';
import { metricOf } from '@tapeline/core/metrics/registered-metrics';
import type { Logger } from 'pino';
import type { Gauge, Registry } from 'prom-client';
import { claimed, type Lease, type LeaseStore, type Observation, observed, released, renewed, waitMs } from './lease.ts';
import { LeaseRequests } from './lease-requests.ts';

export interface ElectionTiming {
  /** @default 4,000, in whole seconds */
  readonly durationMs: number;
  /** A holder that has not renewed for so long stops. Shorter than `durationMs` by what stopping takes. @default 3,000 */
  readonly renewDeadlineMs: number;
  /** A holder renews after half of this to all of it. @default 1,000 */
  readonly renewMs: number;
  /** A standby looks after half of this to all of it: what it sees late it takes over late. @default 500 */
  readonly lookMs: number;
  /** An unanswered request is given up. @default 1,000 */
  readonly requestMs: number;
}

const defaultTiming: ElectionTiming = { durationMs: 4_000, renewDeadlineMs: 3_000, renewMs: 1_000, lookMs: 500, requestMs: 1_000 };

/** What the holder of a term may do. */
export interface Leadership {
  /** The lowest that it can be; {@link raiseTerm} says what it is. */
  readonly term: number;
  /** Aborts when the term is over or the process stops. */
  readonly signal: AbortSignal;
  /** False once the term was lost: somebody else may begin any moment. */
  isHeld(): boolean;
  /** Resolves with the term when the Lease says at least `minimum`; undefined when the term ended before. Until then number nothing. */
  raiseTerm(minimum: number): Promise<number | undefined>;
}

export interface ElectionOptions {
  readonly store: LeaseStore;
  /** Unlike any other process's, also after a restart of the same pod. */
  readonly identity: string;
  /** Does the leader's work until the signal aborts; when it returns the Lease is let go, when it throws the election ends so. */
  readonly lead: (leadership: Leadership) => Promise<void>;
  /** Milliseconds that never go back, from any begin. */
  readonly clock: () => number;
  /** Milliseconds since the Unix epoch; written for people, never compared. */
  readonly wallClock: () => number;
  /** Waits, or until the signal aborts; never rejects. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  /** From 0 to 1, for the jitter. @default Math.random */
  readonly random?: () => number;
  readonly timing?: Partial<ElectionTiming>;
  /**
   * What another witness than the API server (the log) knows of a term: whether a later one has begun. A holder that cannot reach the
   * API server for `renewDeadlineMs` goes on until the witness says so, or it sees another holder. Absent: it stops then. May reject: nobody knows.
   */
  readonly isSucceeded?: (term: number) => Promise<boolean>;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly signal: AbortSignal;
}

export interface Election {
  /** Resolves after `signal` aborted and the Lease was let go; rejects with what the leader's work threw. */
  readonly finished: Promise<void>;
  role(): 'leader' | 'standby';
  /** Why it could not take over if it had to; undefined when it could. */
  problem(): string | undefined;
}

/** Begins as a standby. */
export function startElection(options: ElectionOptions): Election {
  const running = new RunningElection(options);
  const finished = running.run();
  finished.catch(() => {
    // The caller hears of it by `finished`, whenever it looks.
  });
  return { finished, role: () => running.role, problem: () => running.problem() };
}

/** A term while it is held. */
interface Term {
  lease: Lease;
  isHeld: boolean;
  /** Start of the request that renewed it last. */
  renewedMs: number;
  minimum: number;
  /** Resolves with each renewal. */
  news: PromiseWithResolvers<void>;
}

class RunningElection {
  role: 'leader' | 'standby' = 'standby';
  readonly #options: ElectionOptions;
  readonly #timing: ElectionTiming;
  readonly #requests: LeaseRequests;
  readonly #isLeader: Gauge;
  readonly #transitions: Gauge;

  constructor(options: ElectionOptions) {
    this.#options = options;
    this.#timing = { ...defaultTiming, ...options.timing };
    this.#requests = new LeaseRequests({ ...options, requestMs: this.#timing.requestMs });
    this.#isLeader = metricOf(options.registry, 'tapeline_ingester_leader');
    this.#transitions = metricOf(options.registry, 'tapeline_ingester_lease_transitions');
    this.#isLeader.set(0);
  }

  problem(): string | undefined {
    return this.#requests.problem;
  }

  async run(): Promise<void> {
    const { signal, store, pause } = this.#options;
    try {
      while (!signal.aborted) {
        const term = await this.#follow();
        if (term === undefined) return;
        await this.#hold(term);
        // Whoever let it go does not snatch it back from those who wait.
        await pause(this.#jittered(this.#timing.lookMs), signal);
      }
    } finally {
      await store.close();
    }
  }

  /** Watches until the Lease is ours; undefined when the signal aborted before. */
  async #follow(): Promise<Term | undefined> {
    const { signal, clock, pause } = this.#options;
    let seen: Observation | undefined;
    /** Since when every look succeeded. */
    let sightMs: number | undefined;
    while (!signal.aborted) {
      const lease = await this.#requests.read();
      if (lease === undefined) sightMs = undefined;
      else {
        sightMs ??= clock();
        this.#note(seen, lease);
        seen = observed(seen, lease, clock());
      }
      const leftMs = seen === undefined ? undefined : this.#leftMs(seen, sightMs);
      const term = lease !== undefined && leftMs === 0 ? await this.#claim(lease) : undefined;
      if (term !== undefined) return term;
      const lookMs = this.#jittered(this.#timing.lookMs);
      await pause(leftMs === undefined || leftMs === 0 ? lookMs : Math.min(lookMs, leftMs), signal);
    }
    return undefined;
  }

  /**
   * How long until the Lease may be claimed. Nobody can renew it while the API server is away: when that is back, whoever leads gets the
   * time to, as long as it takes at the most to try again.
   */
  #leftMs(seen: Observation, sightMs: number | undefined): number {
    const { clock, identity } = this.#options;
    const { durationMs, renewMs, requestMs, lookMs } = this.#timing;
    const nowMs = clock();
    const { holder } = seen.lease;
    const graceMs = holder === undefined || holder === identity ? 0 : (sightMs ?? nowMs) + renewMs + requestMs + lookMs - nowMs;
    return Math.max(waitMs(seen, identity, nowMs, durationMs), graceMs);
  }

  async #claim(lease: Lease): Promise<Term | undefined> {
    const { identity, clock, wallClock } = this.#options;
    const renewedMs = clock();
    const mine = await this.#requests.write(claimed(lease, identity, wallClock(), this.#timing.durationMs));
    if (mine === undefined || mine === 'conflict') return undefined;
    return { lease: mine, isHeld: true, renewedMs, minimum: 0, news: Promise.withResolvers() };
  }

  /** One term: the work and the renewing beside it, which goes on while the work writes out what it has. */
  async #hold(term: Term): Promise<void> {
    const { signal, lead, logger, identity } = this.#options;
    const over = new AbortController();
    const done = new AbortController();
    this.#became('leader', term.lease);
    logger.info({ identity, term: term.lease.transitions }, `leading: term ${term.lease.transitions}`);
    const renewing = this.#renewUntil(done.signal, term).finally(() => over.abort());
    renewing.catch(() => {
      // It is thrown below, when the work has ended.
    });
    try {
      if (!signal.aborted) await lead(this.#leadership(term, AbortSignal.any([signal, over.signal])));
    } finally {
      done.abort();
      this.#became('standby', term.lease);
      await renewing;
      if (term.isHeld) await this.#release(term);
    }
  }

  #leadership(term: Term, signal: AbortSignal): Leadership {
    const raiseTerm = async (minimum: number) => {
      term.minimum = Math.max(term.minimum, minimum);
      const ended = Promise.withResolvers<void>();
      signal.addEventListener('abort', () => ended.resolve(), { once: true });
      while (!signal.aborted && term.lease.transitions < minimum) await Promise.race([term.news.promise, ended.promise]);
      return signal.aborted ? undefined : term.lease.transitions;
    };
    return { term: term.lease.transitions, signal, isHeld: () => term.isHeld, raiseTerm };
  }

  /** Returns when `done` aborts or the term is lost. */
  async #renewUntil(done: AbortSignal, term: Term): Promise<void> {
    const { clock, pause, isSucceeded } = this.#options;
    const { renewMs, renewDeadlineMs } = this.#timing;
    const leftMs = () => term.renewedMs + renewDeadlineMs - clock();
    const mostMs = () => (isSucceeded === undefined ? leftMs() : Number.POSITIVE_INFINITY);
    while (!done.aborted) {
      await pause(Math.max(0, Math.min(this.#jittered(renewMs), mostMs())), done);
      if (done.aborted) return;
      if (mostMs() <= 0) return this.#lost(term, `not renewed for ${renewDeadlineMs} ms`);
      const holder = await this.#renew(term, mostMs());
      if (holder !== 'us') return this.#lost(term, `the holder is ${holder ?? 'nobody'}`);
      if (leftMs() <= 0 && (await this.#isSucceeded(term))) return this.#lost(term, 'the log shows a later one');
    }
  }

  /** What the witness says in the time of a request; false when it does not know: the session numbers are the fence. */
  async #isSucceeded(term: Term): Promise<boolean> {
    const { isSucceeded, pause, logger } = this.#options;
    if (isSucceeded === undefined) return false;
    const stop = new AbortController();
    const late = pause(this.#timing.requestMs, stop.signal).then(() => false);
    try {
      return await Promise.race([isSucceeded(term.lease.transitions), late]);
    } catch (error) {
      logger.debug({ reason: reasonOf(error) }, 'the log cannot be asked for a later term');
      return false;
    } finally {
      stop.abort();
    }
  }

  /** One attempt, whether it works or not; says who holds the Lease as far as we know. */
  async #renew(term: Term, mostMs: number): Promise<'us' | string | undefined> {
    const { identity, clock, wallClock } = this.#options;
    const startMs = clock();
    const written = await this.#requests.write(renewed(term.lease, wallClock(), term.minimum), mostMs);
    if (written === undefined) return 'us';
    if (written !== 'conflict') {
      term.lease = written;
      term.renewedMs = startMs;
      this.#transitions.set(written.transitions);
      term.news.resolve();
      term.news = Promise.withResolvers();
      return 'us';
    }
    // Another holder, a label that somebody set, or a renewal of ours whose answer was lost.
    const lease = await this.#requests.read(mostMs);
    if (lease !== undefined && lease.holder !== identity) return lease.holder;
    if (lease !== undefined) term.lease = lease;
    return 'us';
  }

  #lost(term: Term, reason: string): void {
    term.isHeld = false;
    const { transitions } = term.lease;
    this.#options.logger.warn({ term: transitions, reason }, `term ${transitions} is lost (${reason}): feeding stops, standing by`);
  }

  async #release(term: Term): Promise<void> {
    const { wallClock, logger } = this.#options;
    const free = await this.#requests.write(released(term.lease, wallClock()));
    const { transitions } = term.lease;
    if (free !== undefined && free !== 'conflict') logger.info({ term: transitions }, `term ${transitions} is over: the Lease is free`);
    else logger.warn({ term: transitions }, `term ${transitions} is over, but the Lease could not be released: it expires by itself`);
  }

  #became(role: 'leader' | 'standby', lease: Lease): void {
    this.role = role;
    this.#isLeader.set(role === 'leader' ? 1 : 0);
    this.#transitions.set(lease.transitions);
  }

  #note(seen: Observation | undefined, lease: Lease): void {
    this.#transitions.set(lease.transitions);
    if (lease.holder === undefined || lease.holder === seen?.lease.holder) return;
    this.#options.logger.info({ holder: lease.holder, term: lease.transitions }, `standing by: ${lease.holder} leads`);
  }

  /** Half of it to all of it, so that two candidates do not keep in step. */
  #jittered(ms: number): number {
    return ms * (0.5 + 0.5 * (this.#options.random ?? Math.random)());
  }
}
