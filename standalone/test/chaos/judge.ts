/** Holds everything that a run left against the vendors' ledger and a replay of the log: a part of it at checkpoints, all of it at the end. */
import { feedTopic } from '@tapeline/core/topics';
import type { MarketStore } from '@tapeline/database/market-store';
import type { MarketLog, PartitionOffsets } from '@tapeline/log/market-log';
import { Acknowledged } from './acknowledged.ts';
import type { Differences } from './difference.ts';
import type { Ledger } from './ledger.ts';
import { checkLetters, readLetters } from './letter-check.ts';
import { type AccountTotals, LogAccount } from './log-account.ts';
import { Oracle } from './oracle.ts';
import type { WrittenPoison } from './poison-writer.ts';
import { type Compared, StoreCheck } from './store-check.ts';

export interface JudgeOptions {
  readonly log: MarketLog;
  readonly store: MarketStore;
  readonly partitions: number;
  readonly ledger: Ledger;
  /** Written by the ingesters: what was acknowledged to them. */
  readonly notesFile: string;
  readonly differences: Differences;
}

/** How far each partition was processed. */
export interface Places {
  readonly committed: ReadonlyMap<number, number>;
  /** Of the snapshots, by partition. */
  readonly saved: readonly number[];
}

export interface Judgement {
  readonly totals: AccountTotals;
  readonly acknowledged: number;
  readonly records: number;
  readonly compared: Compared;
  readonly letters: number;
}

/** What ended so long ago cannot change any more: several times lateness and correction horizon. */
const settledMs = 10 * 60_000;
/**
 * A gap begins with the receipt of the last price before it. What was lost may have been on its way already when that price, on a slow
 * connection, had just arrived.
 */
const wayMs = 2_500;

export class Judge {
  readonly #options: JudgeOptions;
  readonly #oracle: Oracle;
  readonly #account: LogAccount;
  readonly #acknowledged: Acknowledged;
  readonly #check: StoreCheck;
  /** End offsets at the checkpoint before. */
  #former: readonly PartitionOffsets[] = [];

  constructor(options: JudgeOptions) {
    const { log, store, partitions, ledger, notesFile, differences } = options;
    this.#options = options;
    this.#account = new LogAccount(differences);
    this.#acknowledged = new Acknowledged(notesFile);
    this.#oracle = new Oracle(log, partitions, (record, partition, offset, value) => {
      if (value !== undefined) this.#acknowledged.inLog(partition, value);
      if (record !== undefined) this.#account.take(record, partition, offset);
    });
    const symbols = ledger.pages.map(({ symbol }) => symbol);
    this.#check = new StoreCheck(store, this.#oracle, symbols, differences);
  }

  /** Records that were folded so far. */
  get records(): number {
    return this.#oracle.records;
  }

  /** Looks, while all goes on, that nothing counts as processed that is not stored, and compares for good what is long over. */
  async checkpoint({ committed, saved }: Places): Promise<void> {
    const target = await this.#options.log.offsets(feedTopic.name);
    for (const [partition, offset] of saved.entries())
      await this.#oracle.advance(partition, Math.max(committed.get(partition) ?? 0, offset));
    this.#acknowledged.readNotes();
    await this.#check.notBehind();
    const places = this.#oracle.nextOffsets;
    const hasPassed =
      this.#former.length > 0 && this.#former.every(({ partition, highWatermark }) => (places[partition] ?? 0) >= highWatermark);
    if (hasPassed) await this.#check.settle(Math.floor((Date.now() - settledMs) / 60_000) * 60_000);
    this.#former = target;
  }

  /** When nothing runs any more. */
  async finish({ committed, saved }: Places, poison: readonly WrittenPoison[]): Promise<Judgement> {
    const { log, ledger, differences } = this.#options;
    const target = await log.offsets(feedTopic.name);
    for (const { partition, highWatermark } of target) await this.#oracle.advance(partition, highWatermark);
    this.#acknowledged.readNotes();
    this.#acknowledged.settle(differences);
    await this.#check.finish();
    const letters = await readLetters(log, differences);
    const letterCount = checkLetters(letters, this.#oracle, poison, differences);
    const totals = this.#account.settle(ledger, letters.refused, this.#cover());
    for (const { partition, highWatermark } of target) {
      const found = { saved: saved[partition] ?? 0, committed: committed.get(partition) ?? 0 };
      if (found.saved === highWatermark && found.committed === highWatermark) continue;
      const what = 'a partition was not saved and committed up to the end of its log';
      differences.add({ check: 'offsets', what, partition, expected: { saved: highWatermark, committed: highWatermark }, found });
    }
    const { records } = this.#oracle;
    return { totals, acknowledged: this.#acknowledged.count, records, compared: this.#check.compared, letters: letterCount };
  }

  /** Whether an absence that the fold gave out covers the time at which a vendor had a price. */
  #cover(): (symbol: string, timeMs: number) => boolean {
    const gaps = Map.groupBy(
      [...this.#oracle.gaps.values()].map(({ row }) => row),
      ({ symbol }) => symbol,
    );
    return (symbol, timeMs) => (gaps.get(symbol) ?? []).some(({ fromMs, toMs }) => fromMs - wayMs <= timeMs && timeMs < toMs);
  }
}
