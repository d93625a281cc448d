/**
 * What goes wrong in a run, and when: numbered steps that follow from the seed alone. A step is whole in itself (what it breaks is mended when
 * its time is over), so any part of a schedule can be run without what stands before it.
 */
import { type Random, randomOf } from '../../../test/support/random.ts';

export const kinds = [
  'kill-ingester',
  'freeze-ingester',
  'kill-processor',
  'freeze-processor',
  'roll-processors',
  'storm-of-processors',
  'former-processor',
  'kill-broker',
  'freeze-broker',
  'fill-broker',
  'kill-cassandra',
  'freeze-cassandra',
  'fill-cassandra',
  'jump-clock-of-ingester',
  'jump-clock-of-processor',
  'slow-vendor',
  'cut-vendor',
  'drop-vendor',
  'slow-broker',
  'cut-broker',
  'slow-cassandra',
  'cut-cassandra',
  'poison',
  'change-rules',
] as const;
export type Kind = (typeof kinds)[number];

export interface Step {
  /** From 1. */
  readonly step: number;
  /** Since the beginning of the run. */
  readonly atMs: number;
  readonly do: Kind;
  /** Which ingester, processor or broker, from 1. */
  readonly target?: number;
  /** How long it lasts; what is broken by a kill may take longer to come back. */
  readonly forMs: number;
  /** Of a clock. */
  readonly offsetMs?: number;
  /** Of a slow connection. */
  readonly delayMs?: number;
  readonly bytesPerSecond?: number;
  /** How a connection is cut. */
  readonly how?: 'refused' | 'silent';
  /** Steps of one group are at work together; the next group begins when all is whole again. */
  readonly group: number;
  /** True when nothing else goes wrong near it, so that recovery is that of this step. */
  readonly alone: boolean;
}

type Drawn = Omit<Step, 'step' | 'group'>;

export interface Schedule {
  readonly seed: number;
  readonly minutes: number;
  /** In order of `atMs`. */
  readonly steps: readonly Step[];
}

/** Counts of what steps choose from. */
export const ingesters = 2;
export const processors = 3;
export const brokers = 3;

/** Processors have started and found their partitions, vendors have been heard. */
const beginMs = 8_000;
/** Before the end of a run nothing new begins. */
const restMs = 15_000;
const minuteMs = 60_000;
/** A group of faults begins within so much time. */
const crowdMs = 6_000;

/**
 * What a fault lays hands on: two that share a name are never at work at once. So two brokers are never away together (topics have three
 * replicas and need two), and at least one processor is always left in peace.
 */
const grips: Readonly<Record<Kind, string>> = {
  'kill-ingester': 'ingester',
  'freeze-ingester': 'ingester',
  'kill-processor': 'processor',
  'freeze-processor': 'processor',
  'roll-processors': 'processor',
  'storm-of-processors': 'extra',
  'former-processor': 'extra',
  'kill-broker': 'broker',
  'freeze-broker': 'broker',
  'fill-broker': 'broker',
  'kill-cassandra': 'cassandra',
  'freeze-cassandra': 'cassandra',
  'fill-cassandra': 'cassandra',
  'jump-clock-of-ingester': 'ingester',
  'jump-clock-of-processor': 'processor',
  'slow-vendor': 'ingester',
  'cut-vendor': 'ingester',
  'drop-vendor': 'ingester',
  'slow-broker': 'broker',
  'cut-broker': 'broker',
  'slow-cassandra': 'cassandra',
  'cut-cassandra': 'cassandra',
  poison: 'poison',
  'change-rules': 'rules',
};

/** Until what a step broke is whole again, after its time; a server that starts again takes longest. */
const afterMs: Readonly<Record<string, number>> = {
  ingester: 5_000,
  processor: 6_000,
  extra: 5_000,
  broker: 12_000,
  cassandra: 15_000,
  poison: 0,
  rules: 0,
};

/** The same seed and length give the same steps. */
export function drawSchedule(seed: number, minutes: number): Schedule {
  const random = randomOf(seed);
  const deck = new Deck(random);
  const steps: Omit<Step, 'step'>[] = [];
  let atMs = beginMs;
  for (let group = 1; atMs < minutes * minuteMs - restMs; group += 1) {
    const drawn = random.next() < 0.45 ? [measured(random, atMs)] : crowd(random, deck, atMs);
    steps.push(...drawn.map(step => ({ ...step, group })));
    atMs = Math.max(...drawn.map(step => step.atMs + step.forMs + (afterMs[grips[step.do]] ?? 0))) + random.whole(1_000, 3_000);
  }
  const inOrder = steps.filter(step => step.atMs < minutes * minuteMs - restMs).toSorted((a, b) => a.atMs - b.atMs);
  return { seed, minutes, steps: inOrder.map((step, index) => ({ step: index + 1, ...step })) };
}

/** One line for people. */
export function lineOf({ step, atMs, do: kind, target, forMs, offsetMs, delayMs, how }: Step): string {
  const more = [
    ...(target === undefined ? [] : [`${target}`]),
    ...(forMs > 0 ? [`for ${(forMs / 1_000).toFixed(1)} s`] : []),
    ...(offsetMs === undefined ? [] : [`by ${Math.round(offsetMs / 1_000)} s`]),
    ...(delayMs === undefined ? [] : [`by ${delayMs} ms`]),
    ...(how === undefined ? [] : [how]),
  ];
  return `${String(step).padStart(3)}  ${(atMs / 1_000).toFixed(1).padStart(7)} s  ${kind} ${more.join(' ')}`.trimEnd();
}

/** A killed processor or a rolling restart with nothing else near it. */
function measured(random: Random, atMs: number): Drawn {
  const isKill = random.next() < 0.6;
  return isKill
    ? { atMs, do: 'kill-processor', target: random.whole(1, processors), forMs: 8_000, alone: true }
    : { atMs, do: 'roll-processors', forMs: 20_000, alone: true };
}

/** Up to three faults that lay hands on different parts. */
function crowd(random: Random, deck: Deck, atMs: number): readonly Drawn[] {
  const taken = new Set<string>();
  const size = random.pick([1, 2, 2, 3]);
  return Array.from({ length: size }, () => {
    const kind = deck.draw(taken);
    taken.add(grips[kind]);
    return { ...fault(random, kind), atMs: atMs + random.whole(0, crowdMs) };
  });
}

function fault({ whole, pick }: Random, kind: Kind): Omit<Drawn, 'atMs'> {
  const forMs = whole(2_000, 10_000);
  const plain = { do: kind, forMs, alone: false } as const;
  const grip = grips[kind];
  const count = { ingester: ingesters, processor: processors, broker: brokers }[grip];
  const target = count === undefined || kind === 'roll-processors' ? {} : { target: whole(1, count) };
  if (kind === 'poison' || kind === 'change-rules' || kind === 'drop-vendor') return { ...plain, ...target, forMs: 0 };
  if (kind === 'roll-processors' || kind === 'former-processor') return { ...plain, forMs: 20_000 };
  if (kind === 'freeze-processor') return { ...plain, ...target, forMs: whole(4_000, 12_000) };
  if (kind.startsWith('jump-clock'))
    return { ...plain, ...target, offsetMs: pick([-1, 1]) * pick([whole(60, 600), whole(600, 7_200)]) * 1_000 };
  if (kind.startsWith('slow-')) return { ...plain, ...target, delayMs: whole(20, 800), bytesPerSecond: whole(100, 2_000) * 1_000 };
  if (kind.startsWith('cut-')) return { ...plain, ...target, how: pick(['refused', 'silent'] as const) };
  return { ...plain, ...target };
}

/** Every kind comes once before one comes again. */
class Deck {
  readonly #random: Random;
  #left: Kind[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  /** The next kind whose grip is not taken; what is passed over stays for later. */
  draw(taken: ReadonlySet<string>): Kind {
    if (!this.#left.some(kind => !taken.has(grips[kind]))) this.#left.push(...this.#shuffled());
    const index = this.#left.findIndex(kind => !taken.has(grips[kind]));
    const [kind] = this.#left.splice(index, 1);
    if (kind === undefined) throw new TypeError('every part is taken');
    return kind;
  }

  #shuffled(): Kind[] {
    const left: Kind[] = [...kinds];
    return kinds.map(() => left.splice(this.#random.whole(0, left.length - 1), 1)[0] as Kind);
  }
}
