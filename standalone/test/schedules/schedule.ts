/** What is done to the processes and servers of one run, and when: drawn from a seed, printed, and so repeatable. */
import { type Random, randomOf } from '../../../test/support/random.ts';

/** Where a processor's snapshot fails: it dies at a step of the write, or the step fails `times` times. */
export interface SnapshotFault {
  /** Which snapshot of the process, from 1. */
  readonly snapshot: number;
  readonly step: 'before-chunk' | 'after-chunk' | 'after-pointer';
  readonly how: 'die' | 'fail';
}

export type Action = { readonly atMs: number } & (
  | { readonly do: 'start-processor'; readonly processor: number; readonly fault?: SnapshotFault }
  | { readonly do: 'stop-processor' | 'kill-processor'; readonly processor: number }
  | { readonly do: 'freeze-processor'; readonly processor: number; readonly forMs: number }
  | { readonly do: 'kill-broker' | 'freeze-broker'; readonly broker: number; readonly forMs: number }
  | { readonly do: 'kill-cassandra' | 'freeze-cassandra'; readonly forMs: number }
  | { readonly do: 'new-session' }
);

export interface Schedule {
  readonly seed: number;
  /** How long ticks flow. */
  readonly durationMs: number;
  readonly sessionTimeoutMs: number;
  readonly snapshotIntervalMs: number;
  readonly symbols: number;
  readonly ticksPerSecond: number;
  /** True when the processors watch each other and remove a dead one. */
  readonly peers: boolean;
  /** In order of `atMs`. */
  readonly actions: readonly Action[];
}

type Kind = Action['do'];

/** How often each kind is drawn. A restart of Cassandra costs a machine of two cores half a minute, so it is rarer. */
const weights: Readonly<Record<Kind, number>> = {
  'start-processor': 6,
  'stop-processor': 4,
  'kill-processor': 5,
  'freeze-processor': 4,
  'kill-broker': 2,
  'freeze-broker': 1,
  'kill-cassandra': 1,
  'freeze-cassandra': 2,
  'new-session': 1,
};

/** Shorter ones run out by themselves on a machine that is as busy as a test machine can be. */
const sessionTimeoutMs = 5_000;
const mostProcessors = 4;

/** `short` is for CI: fewer actions, and no server that has to start again. */
export function drawSchedule(seed: number, size: 'full' | 'short' = 'full'): Schedule {
  const random = randomOf(seed);
  const durationMs = size === 'full' ? random.whole(15_000, 28_000) : 11_000;
  const count = size === 'full' ? random.whole(4, 9) : 4;
  const model = new Model(random, size);
  const first = Array.from({ length: random.whole(1, 3) }, () => model.start(0));
  const times = Array.from({ length: count }, () => random.whole(2_000, durationMs - 2_000)).sort((a, b) => a - b);
  const drawn = times.map(atMs => model.draw(atMs));
  return {
    seed,
    durationMs,
    sessionTimeoutMs,
    snapshotIntervalMs: random.pick([200, 500, 1_000, 3_000]),
    symbols: random.pick([8, 20, 60]),
    ticksPerSecond: random.pick([60, 200, 600]),
    peers: random.next() < 0.7,
    actions: [...first, ...drawn],
  };
}

/** Who is up as far as a schedule can know, so that what is drawn makes sense. */
class Model {
  readonly #random: Random;
  readonly #weights: ReadonlyMap<Kind, number>;
  readonly #running = new Set<number>();
  readonly #frozenUntilMs = new Map<number, number>();
  #processors = 0;
  #brokerBusyUntilMs = 0;
  #cassandraBusyUntilMs = 0;

  constructor(random: Random, size: 'full' | 'short') {
    this.#random = random;
    const restarts: readonly Kind[] = ['kill-broker', 'kill-cassandra', 'freeze-broker'];
    const kinds = (Object.keys(weights) as Kind[]).filter(kind => size === 'full' || !restarts.includes(kind));
    this.#weights = new Map(kinds.map(kind => [kind, weights[kind]]));
  }

  draw(atMs: number): Action {
    const possible = [...this.#weights].filter(([kind]) => this.#makesSense(kind, atMs));
    let left = this.#random.next() * possible.reduce((sum, [, weight]) => sum + weight, 0);
    const kind = possible.find(([, weight]) => {
      left -= weight;
      return left < 0;
    })?.[0];
    return this.#action(kind ?? 'new-session', atMs);
  }

  start(atMs: number): Action {
    this.#processors += 1;
    this.#running.add(this.#processors);
    const action = { atMs, do: 'start-processor', processor: this.#processors } as const;
    if (this.#random.next() > 0.3) return action;
    return { ...action, fault: this.#fault() };
  }

  #fault(): SnapshotFault {
    const { whole, pick } = this.#random;
    return {
      snapshot: whole(1, 12),
      step: pick(['before-chunk', 'after-chunk', 'after-pointer'] as const),
      how: pick(['die', 'fail'] as const),
    };
  }

  #makesSense(kind: Kind, atMs: number): boolean {
    if (kind === 'start-processor') return this.#running.size < mostProcessors;
    if (kind.endsWith('-processor')) return this.#awake(atMs).length > (kind === 'freeze-processor' ? 0 : 1);
    if (kind.endsWith('-broker')) return atMs > this.#brokerBusyUntilMs;
    if (kind.endsWith('-cassandra')) return atMs > this.#cassandraBusyUntilMs;
    return true;
  }

  #action(kind: Kind, atMs: number): Action {
    const { whole, pick } = this.#random;
    switch (kind) {
      case 'start-processor':
        return this.start(atMs);
      case 'stop-processor':
      case 'kill-processor': {
        const processor = pick(this.#awake(atMs));
        this.#running.delete(processor);
        return { atMs, do: kind, processor };
      }
      case 'freeze-processor': {
        const processor = pick(this.#awake(atMs));
        const forMs = sessionTimeoutMs + whole(500, 4_000);
        this.#frozenUntilMs.set(processor, atMs + forMs);
        return { atMs, do: kind, processor, forMs };
      }
      case 'kill-broker':
      case 'freeze-broker': {
        const forMs = whole(1_000, 6_000);
        this.#brokerBusyUntilMs = atMs + forMs + 4_000;
        return { atMs, do: kind, broker: whole(1, 3), forMs };
      }
      case 'kill-cassandra':
      case 'freeze-cassandra': {
        const forMs = whole(500, 5_000);
        this.#cassandraBusyUntilMs = atMs + forMs + 3_000;
        return { atMs, do: kind, forMs };
      }
      case 'new-session':
        return { atMs, do: kind };
    }
  }

  #awake(atMs: number): readonly number[] {
    return [...this.#running].filter(processor => (this.#frozenUntilMs.get(processor) ?? 0) < atMs);
  }
}
