/** What is done to two ingesters that share a Lease, and when: drawn from a seed, printed, and so repeatable. */
import { type Random, randomOf } from '../../../test/support/random.ts';
import type { Cut } from './api-gate.ts';

/** Who it is done to is known when it is done: who leads at that moment, or the other one. */
export type Who = 'leader' | 'standby';

export type Action = { readonly atMs: number; readonly forMs: number } & (
  | { readonly do: 'freeze' | 'kill' | 'stop'; readonly who: Who }
  | { readonly do: 'cut-api'; readonly who: Who | 'both'; readonly how: Cut }
  | { readonly do: 'drop-vendor' }
);

export interface Interleaving {
  readonly seed: number;
  /** How wrong each ingester's wall clock is. */
  readonly skewsMs: readonly [number, number];
  readonly ticksPerSecond: number;
  /** In order of `atMs`; after `forMs` it is over: thawed, started again, mended. */
  readonly actions: readonly Action[];
}

type Kind = Action['do'];

const weights: Readonly<Record<Kind, number>> = { freeze: 5, kill: 3, stop: 2, 'cut-api': 5, 'drop-vendor': 1 };

/** For so long a takeover is waited for before anything else happens, where it is to be timed. */
export const takeoverMs = 5_000;
/** What a Lease lasts, and what its holder's successor may see late of it. */
const leaseMs = 4_000;
const marginMs = 1_500;

/** `short` is for CI: two troubles, one after the other. */
export function drawInterleaving(seed: number, size: 'full' | 'short' = 'full'): Interleaving {
  const random = randomOf(seed);
  const count = size === 'full' ? random.whole(2, 4) : 2;
  const actions: Action[] = [];
  let atMs = random.whole(200, 1_500);
  for (let index = 0; index < count; index += 1) {
    const action = drawAction(random, atMs);
    actions.push(action);
    const overlaps = size === 'full' && random.next() < 0.35;
    atMs += overlaps ? random.whole(200, 4_000) : Math.max(action.forMs, takeoverMs + 500) + random.whole(1_500, 5_000);
  }
  return { seed, skewsMs: [drawSkew(random), drawSkew(random)], ticksPerSecond: random.pick([20, 60, 200]), actions };
}

/** Troubles that come alone: from 1.5 s before them to a takeover's time after them there is no other. */
export function isAlone({ actions }: Interleaving, action: Action): boolean {
  return actions.every(other => {
    if (other === action) return true;
    return other.atMs + other.forMs + marginMs <= action.atMs || other.atMs >= action.atMs + takeoverMs + 500;
  });
}

/** True when the standby has to lead within {@link takeoverMs}. */
export function demandsTakeover(action: Action): boolean {
  if (action.do === 'drop-vendor' || action.who !== 'leader') return false;
  return action.do === 'kill' || action.do === 'stop' || action.forMs >= takeoverMs + 500;
}

function drawAction(random: Random, atMs: number): Action {
  const kind = random.weighted(weights);
  const who = random.next() < 0.8 ? 'leader' : 'standby';
  switch (kind) {
    case 'freeze':
      // Some wake up just when the Lease runs out.
      return { atMs, do: kind, who, forMs: random.next() < 0.3 ? random.whole(leaseMs - 700, leaseMs + 900) : random.whole(5_500, 9_000) };
    case 'kill':
    case 'stop':
      return { atMs, do: kind, who, forMs: random.whole(300, 4_000) };
    case 'cut-api':
      return {
        ...{ atMs, do: kind, forMs: random.whole(1_000, 9_000), how: random.pick(['refused', 'silent'] as const) },
        who: random.pick(['leader', 'leader', 'standby', 'both', 'both'] as const),
      };
    case 'drop-vendor':
      return { atMs, do: kind, forMs: 0 };
  }
}

/** A clock behind by more than 5 s would have the vendor's stamps refused as future ones; one ahead moves the watermark. */
function drawSkew(random: Random): number {
  return random.next() < 0.7 ? random.whole(-4_000, 4_000) : random.whole(4_000, 30_000);
}
