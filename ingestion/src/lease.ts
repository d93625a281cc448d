/**
 * This file decides who may lead, as Kubernetes' own leader election does: a record that one candidate holds for a while.
 *
 * No candidate trusts another's clock: a lease is over when *we* saw it unchanged for as long as it lasts. Its times are for people.
 *
 * @see https://pkg.go.dev/k8s.io/client-go/tools/leaderelection
 */

export interface Lease {
  /** Unique to a process and not to a pod; undefined when nobody holds it. */
  readonly holder: string | undefined;
  /** For so long after a renewal was seen nobody else may take it. */
  readonly durationMs: number | undefined;
  /** By the holder's clock. */
  readonly acquireTimeMs: number | undefined;
  /** By the holder's clock. */
  readonly renewTimeMs: number | undefined;
  /** Rises by one with each term, also when the former holder begins it: the term's number. */
  readonly transitions: number;
  /** Of this very state; a write is taken only while it is the newest. */
  readonly resourceVersion: string | undefined;
}

/** Where the candidates meet. */
export interface LeaseStore {
  /** @throws PipelineError `lease.unavailable`, `lease.refused` */
  read(signal: AbortSignal): Promise<Lease>;
  /**
   * Gives the lease as it stands then, or `conflict` when another write came between. A call that throws may have taken effect.
   *
   * @throws PipelineError `lease.unavailable`, `lease.refused`
   */
  write(lease: Lease, signal: AbortSignal): Promise<Lease | 'conflict'>;
  /** Lets go of connections. */
  close(): Promise<void>;
}

/** A lease and since when, by our own clock, we see it as it is. */
export interface Observation {
  readonly lease: Lease;
  readonly sinceMs: number;
}

/** Takes in what was read at `nowMs`: time counts anew only when the holder did something. Labels that change do not prolong a dead term. */
export function observed(before: Observation | undefined, lease: Lease, nowMs: number): Observation {
  return { lease, sinceMs: before !== undefined && isSameTerm(before.lease, lease) ? before.sinceMs : nowMs };
}

/** How long until `identity` may claim it; 0 when it may now. A lease that is its own already is of a claim whose answer was lost. */
export function waitMs({ lease, sinceMs }: Observation, identity: string, nowMs: number, defaultDurationMs: number): number {
  if (lease.holder === undefined || lease.holder === identity) return 0;
  return Math.max(0, sinceMs + (lease.durationMs ?? defaultDurationMs) - nowMs);
}

/** The lease as a new holder writes it: a new term. */
export function claimed(lease: Lease, holder: string, wallMs: number, durationMs: number): Lease {
  return { ...lease, holder, durationMs, acquireTimeMs: wallMs, renewTimeMs: wallMs, transitions: lease.transitions + 1 };
}

/** The lease as its holder writes it again; the term can only rise. */
export function renewed(lease: Lease, wallMs: number, minimumTerm: number): Lease {
  return { ...lease, renewTimeMs: wallMs, transitions: Math.max(lease.transitions, minimumTerm) };
}

/** The lease as its holder leaves it: free at once. */
export function released(lease: Lease, wallMs: number): Lease {
  return { ...lease, holder: undefined, durationMs: 1_000, acquireTimeMs: wallMs, renewTimeMs: wallMs };
}

function isSameTerm(a: Lease, b: Lease): boolean {
  return a.holder === b.holder && a.renewTimeMs === b.renewTimeMs && a.transitions === b.transitions;
}
