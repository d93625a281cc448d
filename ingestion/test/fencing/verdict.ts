/**
 * Whether the fence held: what the fold took and refused of a log, against a rule that knows nothing of the fold. In each partition the
 * owner is the highest session whose record stands before; its ticks count, those of a lower one do not, and there are none of a higher one.
 */
import { intervals } from '@tapeline/core/intervals';
import { decodeRecord } from '@tapeline/core/record-codec';
import type { FeedRecord, Tick } from '@tapeline/core/records';
import { feedTopic } from '@tapeline/core/topics';
import type { MarketLog } from '@tapeline/log/market-log';
import { PartitionFold } from '@tapeline/stream-processing/fold/partition-fold';

export interface Verdict {
  readonly faults: readonly string[];
  /** Numbers of all sessions, rising. */
  readonly sessions: readonly number[];
  readonly ticks: number;
  /** Ticks of sessions that were over: the fence had work. */
  readonly fenced: number;
  /** Receipts of the ticks that were taken, by their session. */
  readonly receiptsMs: ReadonlyMap<number, readonly number[]>;
}

const mostFaults = 8;

export async function verdictOn(log: MarketLog): Promise<Verdict> {
  const offsets = await log.offsets(feedTopic.name);
  const found = new Findings();
  for (const { partition, highWatermark } of offsets) {
    const records = await recordsOf(log, partition, highWatermark);
    found.add(records, fatesOf(records, partition, offsets.length), `partition ${partition}`);
  }
  return found.verdict();
}

class Findings {
  readonly #faults: string[] = [];
  readonly #sessions = new Set<number>();
  readonly #receiptsMs = new Map<number, number[]>();
  #ticks = 0;
  #fenced = 0;

  /** The records of one partition, and what the fold said of each tick. */
  add(records: readonly FeedRecord[], fates: ReadonlyMap<FeedRecord, string>, where: string): void {
    const seen = new Set<string>();
    let owner = 0;
    for (const record of records) {
      if (record.kind === 'session') {
        this.#sessions.add(record.session);
        owner = Math.max(owner, record.session);
      } else if (record.kind === 'tick') {
        this.#judge(record, { owner, fate: fates.get(record) ?? 'nothing', isAgain: seen.has(keyOf(record)), where });
        seen.add(keyOf(record));
      }
    }
  }

  verdict(): Verdict {
    const sessions = [...this.#sessions].sort((a, b) => a - b);
    const [ticks, fenced] = [this.#ticks, this.#fenced];
    return { faults: this.#faults.slice(0, mostFaults), sessions, ticks, fenced, receiptsMs: this.#receiptsMs };
  }

  #judge(
    tick: Tick,
    { owner, fate, isAgain, where }: { readonly owner: number; readonly fate: string; readonly isAgain: boolean; readonly where: string },
  ): void {
    this.#ticks += 1;
    if (tick.session < owner) this.#fenced += 1;
    const wanted = wantedFates(tick.session - owner, isAgain);
    if (fate === 'taken') this.#receipts(tick.session).push(tick.receivedTimeMs);
    if (wanted.includes(fate)) return;
    this.#faults.push(`tick ${keyOf(tick)} in ${where}, owner ${owner}: expected ${wanted.join(' or ') || 'no such tick'}, was ${fate}`);
  }

  #receipts(session: number): number[] {
    const receipts = this.#receiptsMs.get(session) ?? [];
    this.#receiptsMs.set(session, receipts);
    return receipts;
  }
}

/** A vendor sends its last price again to each new connection: that one is no tick. */
function wantedFates(aboveOwner: number, isAgain: boolean): readonly string[] {
  if (aboveOwner > 0) return [];
  if (aboveOwner < 0) return ['not-owner'];
  return isAgain ? ['duplicate'] : ['taken', 'resent'];
}

/** What the fold says of each tick: `taken`, why it was `repeated`, or the reason of its dead letter. */
function fatesOf(records: readonly FeedRecord[], partition: number, partitions: number): ReadonlyMap<FeedRecord, string> {
  const fold = new PartitionFold({ partition, partitions, intervals, allowedLatenessMs: 2_000, correctionHorizonMs: 60_000 });
  const fates = new Map<FeedRecord, string>();
  for (const record of records) {
    fold.apply(record, output => {
      if (output.kind === 'tick') fates.set(output.tick, 'taken');
      if (output.kind === 'repeated') fates.set(output.tick, output.why);
      if (output.kind === 'dead-letter') fates.set(output.record, output.reason);
    });
  }
  return fates;
}

async function recordsOf(log: MarketLog, partition: number, toOffset: number): Promise<readonly FeedRecord[]> {
  const records: FeedRecord[] = [];
  for await (const batch of log.read({ topic: feedTopic.name, partition, fromOffset: 0, toOffset })) {
    records.push(...batch.records.map(({ value }) => decodeRecord(value)));
  }
  return records;
}

function keyOf({ symbol, session, sequence }: Tick): string {
  return `${symbol} ${session}/${sequence}`;
}
