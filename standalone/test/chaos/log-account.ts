/**
 * The account of the log against the vendors' ledger: each price of the ledger stands in the log once, or where it is missing the log tells of
 * an absence just there, or a dead letter says why it was refused. It is kept while the log is read once, partition by partition.
 */
import type { FeedRecord } from '@tapeline/core/records';
import type { Differences } from './difference.ts';
import { type Ledger, numberOf, type Page } from './ledger.ts';

/** Numbers of a symbol that the log passed over, `[from, to)`. */
interface Hole {
  readonly from: number;
  readonly to: number;
  /** True when a session or a gap record stands between the prices around it. */
  readonly isTold: boolean;
  /** Of the price behind it. */
  readonly offset: number | undefined;
}

interface SymbolAccount {
  readonly partition: number;
  /** How often each number stands in the log. */
  counts: Uint8Array;
  highest: number;
  isAbsenceTold: boolean;
  readonly holes: Hole[];
  /** The newest session that owned the symbol. */
  session: string;
}

export interface Absence {
  readonly symbol: string;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface AccountTotals {
  readonly sent: number;
  readonly inLog: number;
  readonly refused: number;
  readonly inGaps: number;
}

export class LogAccount {
  readonly #symbols = new Map<string, SymbolAccount>();
  readonly #differences: Differences;

  constructor(differences: Differences) {
    this.#differences = differences;
  }

  /** The next record of a partition. */
  take(record: FeedRecord, partition: number, offset: number): void {
    if (record.kind === 'session') {
      const session = `${record.feed} ${record.session}`;
      for (const symbol of record.symbols) this.#told(symbol, partition, session);
    } else if (record.kind === 'gap') {
      for (const symbol of record.symbols) this.#told(symbol, partition);
    } else if (record.kind === 'tick') this.#tick(record, partition, offset);
  }

  /**
   * Settles the account when all of the log was read.
   * @param refused prices that ingesters put into dead letters, by symbol: their numbers
   * @param isCovered whether the time of a price lies in an absence that the fold gave out
   */
  settle(
    ledger: Ledger,
    refused: ReadonlyMap<string, ReadonlySet<number>>,
    isCovered: (symbol: string, timeMs: number) => boolean,
  ): AccountTotals {
    const totals = { sent: 0, inLog: 0, refused: 0, inGaps: 0 };
    for (const page of ledger.pages) this.#settlePage(page, refused.get(page.symbol) ?? new Set(), isCovered, totals);
    return totals;
  }

  #settlePage(
    { symbol, timesMs }: Page,
    refused: ReadonlySet<number>,
    isCovered: (symbol: string, timeMs: number) => boolean,
    totals: { -readonly [Name in keyof AccountTotals]: number },
  ): void {
    const account = this.#symbols.get(symbol);
    if (account !== undefined && account.highest < timesMs.length - 1) this.#hole(account, timesMs.length, undefined);
    for (const [number, timeMs] of timesMs.entries()) {
      if (number === 0) continue;
      totals.sent += 1;
      if ((account?.counts[number] ?? 0) > 0) totals.inLog += 1;
      else if (refused.has(number)) totals.refused += 1;
      else {
        const hole = account?.holes.find(({ from, to }) => from <= number && number < to);
        const isTold = hole?.isTold === true;
        totals.inGaps += 1;
        if (isTold && isCovered(symbol, timeMs)) continue;
        const what = `price ${number} is not in the log, and ${isTold ? 'no gap covers its time' : 'no session or gap stands in its place'}`;
        const { partition } = account ?? {};
        this.#differences.add({ check: 'sent by the vendor', what, symbol, partition, offset: hole?.offset, timeMs });
      }
    }
  }

  #tick(tick: Extract<FeedRecord, { kind: 'tick' }>, partition: number, offset: number): void {
    const { symbol } = tick;
    const account = this.#accountOf(symbol, partition);
    const number = numberOf(tick.price);
    const place = { symbol, partition, offset, timeMs: tick.receivedTimeMs };
    if (number === undefined) {
      this.#differences.add({
        check: 'sent by the vendor',
        what: `a tick of ${tick.price} is in the log, the vendor never sent it`,
        ...place,
      });
      return;
    }
    if (number > account.highest + 1) this.#hole(account, number, offset);
    account.highest = Math.max(account.highest, number);
    account.isAbsenceTold = false;
    account.session = `${tick.feed} ${tick.session}`;
    account.counts = grown(account.counts, number);
    const count = (account.counts[number] ?? 0) + 1;
    account.counts[number] = count;
    if (count > 1)
      this.#differences.add({ check: 'sent by the vendor', what: `price ${number} is in the log ${count} times`, found: tick, ...place });
  }

  #hole(account: SymbolAccount, to: number, offset: number | undefined): void {
    account.holes.push({ from: account.highest + 1, to, isTold: account.isAbsenceTold, offset });
  }

  /** A session that goes on (its record is repeated when symbols change) is no absence. */
  #told(symbol: string, partition: number, session?: string): void {
    const account = this.#symbols.get(symbol);
    // Before a symbol's first tick all counts as told. A session is told to every partition; here counts the symbol's own.
    if (account === undefined || account.partition !== partition || session === account.session) return;
    account.isAbsenceTold = true;
    if (session !== undefined) account.session = session;
  }

  #accountOf(symbol: string, partition: number): SymbolAccount {
    const known = this.#symbols.get(symbol);
    if (known !== undefined) return known;
    const account = { partition, counts: new Uint8Array(1_024), highest: 0, isAbsenceTold: true, holes: [], session: '' };
    this.#symbols.set(symbol, account);
    return account;
  }
}

function grown(counts: Uint8Array, number: number): Uint8Array {
  if (number < counts.length) return counts;
  const larger = new Uint8Array(Math.max(counts.length * 2, number + 1));
  larger.set(counts);
  return larger;
}
