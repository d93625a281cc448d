/** Records that nobody can use, as broken or hostile writers leave them in the topic: each must become a dead letter, and none may stop a partition. */
import type { Random } from '../../../test/support/random.ts';

export interface Poison {
  readonly what: string;
  /** `undefined`: a tombstone. */
  readonly value: Uint8Array | undefined;
}

/** A broker takes at most a mebibyte. */
const oversizedBytes = 880_000;

/** One of each kind, in a drawn order. */
export function drawPoison(random: Random): readonly Poison[] {
  const number = random.whole(0, 1_000_000);
  const tick = { v: 1, kind: 'tick', feed: 'twelve-data/0', session: 1, sequence: number, symbol: 'S0/USD', price: 1 };
  const all: Poison[] = [
    { what: 'an unknown kind', value: text(JSON.stringify({ v: 1, kind: 'rumour', number })) },
    { what: 'truncated JSON', value: text(JSON.stringify(tick).slice(0, random.whole(5, 60))) },
    { what: 'bytes that are no text', value: Uint8Array.from({ length: 64 }, () => random.whole(128, 255)) },
    { what: 'a tick without its times', value: text(JSON.stringify(tick)) },
    { what: 'an oversized text', value: text(JSON.stringify({ v: 1, kind: 'tick', symbol: 'X'.repeat(oversizedBytes), number })) },
    { what: 'an empty value', value: new Uint8Array(0) },
    { what: 'a tombstone', value: undefined },
    { what: 'JSON that is no object', value: text(`[${number}]`) },
    { what: 'a version of another type', value: text(JSON.stringify({ ...tick, v: 'one' })) },
  ];
  return all
    .map(poison => ({ poison, at: random.next() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ poison }) => poison);
}

function text(value: string): Uint8Array {
  return Buffer.from(value);
}
