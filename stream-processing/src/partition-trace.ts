/**
 * What a processor says of the sampled ticks of one partition: `fetch`, `fold`, then `close` and `write` of the bar of the shortest interval that each is
 * in. It looks at batches of the log and of results, never at ticks: a tick that is followed is found by its offset and parsed apart.
 */
import { type Interval, intervalMs, intervals } from '@tapeline/core/intervals';
import { newSpanId, tickSpan } from '@tapeline/core/tracing/span';
import type { SampledTick } from '@tapeline/core/tracing/tick-trace';
import { sampledIn, type Tracing } from '@tapeline/core/tracing/tracing';
import type { LogBatch } from '@tapeline/log/market-log';
import type { BarBlock } from './hot/bar-block.ts';
import { barStride, intervalColumn, startColumn } from './hot/bar-columns.ts';

/** Ticks whose bars are waited for at most; the oldest gives way, for a tick may belong to no bar. */
const mostWaiting = 256;

/** A tick in the fold whose bar is still open. */
interface OpenTick {
  readonly sampled: SampledTick;
  readonly fetchSpanId: string;
  readonly foldSpanId: string;
  /** When the fold began with its batch, and when it had taken it; its bar may be given out before that. */
  readonly takenMs: number;
  foldedMs: number | undefined;
  /** Begin of its window. */
  readonly startMs: number;
}

/** A tick whose bar was given out. */
export interface ClosedTick {
  readonly sampled: SampledTick;
  readonly closeSpanId: string;
  readonly closedMs: number;
}

const none: readonly never[] = [];

export class PartitionTrace {
  readonly #tracing: Tracing;
  readonly #group: string;
  readonly #shortest: Interval;
  #waiting: OpenTick[] = [];
  /** Those of the batch that the fold has now. */
  readonly #folding: OpenTick[] = [];

  /** @param bars the intervals of the bars */
  constructor(tracing: Tracing, { group, bars }: { readonly group: string; readonly bars: readonly Interval[] }) {
    this.#tracing = tracing;
    this.#group = group;
    this.#shortest = bars.reduce((shortest, interval) => (intervalMs(interval) < intervalMs(shortest) ? interval : shortest));
  }

  /** The fold is about to take a batch, from an offset on. */
  taken(batch: LogBatch, fromOffset: number, takenMs: number): void {
    const { topic, partition, lastOffset } = batch;
    const group = { 'messaging.consumer.group.name': this.#group };
    for (const sampled of sampledIn({ topic, partition, fromOffset, lastOffset, cursor: () => batch.cursor() }, this.#tracing)) {
      const { receivedTimeMs, timeMs } = sampled.tick;
      const fetch = tickSpan('fetch', sampled, { startMs: receivedTimeMs, endMs: takenMs }, undefined, group);
      this.#tracing.emit(fetch);
      const startMs = Math.floor(timeMs / intervalMs(this.#shortest)) * intervalMs(this.#shortest);
      const ids = { fetchSpanId: fetch.spanId, foldSpanId: newSpanId() };
      this.#waiting.push({ sampled, ...ids, takenMs, foldedMs: undefined, startMs });
      this.#folding.push(this.#waiting.at(-1) as OpenTick);
    }
    const over = this.#waiting.length - mostWaiting;
    if (over > 0) this.#giveUp(this.#waiting.splice(0, over));
  }

  /** The fold has taken the batch, up to an offset (exclusive). */
  folded(nextOffset: number, foldedMs: number): void {
    for (const tick of this.#folding.splice(0)) {
      if (tick.sampled.place.offset >= nextOffset) continue;
      const { sampled, takenMs, fetchSpanId, foldSpanId } = tick;
      tick.foldedMs = foldedMs;
      this.#tracing.emit({ ...tickSpan('fold', sampled, { startMs: takenMs, endMs: foldedMs }, fetchSpanId), spanId: foldSpanId });
    }
  }

  /** Those of the ticks that wait whose bar is among these, which are about to be written. */
  closed(bars: BarBlock, closedMs: number): readonly ClosedTick[] {
    if (this.#waiting.length === 0 || bars.count === 0) return none;
    const given = this.#given(bars);
    const closed: ClosedTick[] = [];
    this.#waiting = this.#waiting.filter(waiting => {
      if (!given.has(keyOf(waiting.sampled.tick.symbol, waiting.startMs))) return true;
      const interval = { 'tapeline.interval': this.#shortest };
      const { sampled, foldedMs = closedMs, foldSpanId } = waiting;
      const close = tickSpan('close', sampled, { startMs: foldedMs, endMs: closedMs }, foldSpanId, interval);
      this.#tracing.emit(close);
      closed.push({ sampled, closeSpanId: close.spanId, closedMs });
      return false;
    });
    return closed;
  }

  /** Their bars are durable. */
  written(ticks: readonly ClosedTick[], durableMs: number): void {
    const more = { 'tapeline.interval': this.#shortest, 'db.operation.name': 'write' };
    for (const { sampled, closeSpanId, closedMs } of ticks) {
      this.#tracing.emit(tickSpan('write', sampled, { startMs: closedMs, endMs: durableMs }, closeSpanId, more));
    }
  }

  /** The partition is left: bars that are still open will be closed by whoever has it next. */
  close(): void {
    this.#giveUp(this.#waiting.splice(0));
  }

  /** The bars of the shortest interval, by symbol and begin. */
  #given(bars: BarBlock): ReadonlySet<string> {
    const { columns } = bars;
    const wanted = intervals.indexOf(this.#shortest);
    const begins = new Set(this.#waiting.map(({ startMs }) => startMs));
    const given = new Set<string>();
    for (let index = 0; index < bars.count; index += 1) {
      const row = index * barStride;
      const startMs = columns[row + startColumn] as number;
      if (columns[row + intervalColumn] === wanted && begins.has(startMs)) given.add(keyOf(bars.symbol(index), startMs));
    }
    return given;
  }

  #giveUp(ticks: readonly OpenTick[]): void {
    if (ticks.length > 0) this.#tracing.unfinished(ticks.length);
  }
}

function keyOf(symbol: string, startMs: number): string {
  return `${startMs} ${symbol}`;
}
