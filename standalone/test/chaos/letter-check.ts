/** Dead letters: each record that the fold refuses has one with its reason and its origin, the poison that was written among them, and nothing else has. */
import { type DeadLetter, deadLetterIn } from '@tapeline/core/dead-letters';
import { deadLetterTopic, feedTopic } from '@tapeline/core/topics';
import type { MarketLog } from '@tapeline/log/market-log';
import type { Differences } from './difference.ts';
import { numberOf } from './ledger.ts';
import type { Oracle } from './oracle.ts';
import type { WrittenPoison } from './poison-writer.ts';

export interface Letters {
  /** Of processors: reasons by origin. */
  readonly reasons: ReadonlyMap<string, string>;
  /** Of ingesters: numbers of the prices that they refused, by symbol. */
  readonly refused: ReadonlyMap<string, ReadonlySet<number>>;
}

const place = /^(.+)\/(\d+)@(\d+)$/;

export async function readLetters(log: MarketLog, differences: Differences): Promise<Letters> {
  const reasons = new Map<string, string>();
  const refused = new Map<string, Set<number>>();
  for (const { partition, lowOffset, highWatermark } of await log.offsets(deadLetterTopic.name)) {
    const request = { topic: deadLetterTopic.name, partition, fromOffset: lowOffset, toOffset: highWatermark };
    if (highWatermark === lowOffset) continue;
    for await (const batch of log.read(request)) {
      for (const { offset, value } of batch.records) {
        const letter = deadLetterIn(value);
        if (letter === undefined) differences.add({ check: 'dead letters', what: 'a record of the dead-letter topic is none', offset });
        else if (place.test(letter.origin)) takeReason(letter, reasons, differences);
        else takeRefusal(letter, refused);
      }
    }
  }
  return { reasons, refused };
}

/** The topic is at least once: the same letter may stand there again. */
function takeReason({ origin, reason }: DeadLetter, reasons: Map<string, string>, differences: Differences): void {
  const before = reasons.get(origin);
  if (before !== undefined && before !== reason)
    differences.add({ check: 'dead letters', what: `${origin} has two reasons`, expected: before, found: reason });
  reasons.set(origin, reason);
}

/** The vendor's message as it came. */
function takeRefusal({ value }: DeadLetter, refused: Map<string, Set<number>>): void {
  for (const [, symbol = '', price] of value.matchAll(/"(?:symbol|s)":"([^"]+)"[^}]*?"(?:price|p)":([\d.]+)/g)) {
    const number = numberOf(Number(price));
    const numbers = refused.get(symbol) ?? new Set();
    refused.set(symbol, numbers);
    if (number !== undefined) numbers.add(number);
  }
}

/** @returns how many were compared */
export function checkLetters({ reasons }: Letters, oracle: Oracle, written: readonly WrittenPoison[], differences: Differences): number {
  for (const [origin, reason] of oracle.letters) {
    const found = reasons.get(origin);
    if (found === reason) continue;
    const what =
      found === undefined ? `${origin} was refused, and no dead letter says so` : `the dead letter of ${origin} tells another reason`;
    differences.add({ check: 'dead letters', what, ...placeOf(origin), expected: reason, ...(found === undefined ? {} : { found }) });
  }
  for (const [origin, found] of reasons) {
    if (!oracle.letters.has(origin))
      differences.add({ check: 'dead letters', what: `${origin} has a dead letter, the fold takes it`, ...placeOf(origin), found });
  }
  checkPoison(oracle, written, differences);
  return oracle.letters.size;
}

function checkPoison(oracle: Oracle, written: readonly WrittenPoison[], differences: Differences): void {
  const origins = new Set(written.map(({ partition, offset }) => `${feedTopic.name}/${partition}@${offset}`));
  for (const { what, partition, offset } of written) {
    if (oracle.letters.get(`${feedTopic.name}/${partition}@${offset}`) === 'malformed') continue;
    differences.add({ check: 'dead letters', what: `poison (${what}) was not refused as malformed`, partition, offset });
  }
  for (const [origin, reason] of oracle.letters) {
    if (reason === 'malformed' && !origins.has(origin))
      differences.add({ check: 'dead letters', what: `${origin} cannot be read, and no poison was written there`, ...placeOf(origin) });
  }
}

function placeOf(origin: string): { readonly partition?: number; readonly offset?: number } {
  const [, , partition, offset] = place.exec(origin) ?? [];
  return partition === undefined ? {} : { partition: Number(partition), offset: Number(offset) };
}
