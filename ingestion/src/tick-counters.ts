/**
 * Where every price went. At any moment: received = accepted + refused + lost + buffered. A message that could not be read
 * counts as received too, because it may have been a price.
 */
import type { DeadLetterReason } from '@tapeline/core/dead-letters';
import { metricOf } from '@tapeline/core/metrics/registered-metrics';
import type { Registry } from 'prom-client';
import type { FeedEvent } from './feed.ts';

export interface TickTotals {
  readonly received: number;
  readonly accepted: number;
  readonly refused: number;
  readonly lost: number;
  readonly buffered: number;
}

export class TickCounters {
  readonly #received;
  readonly #accepted;
  readonly #refused;
  readonly #lost;
  readonly #buffered;
  readonly #totals = { received: 0, accepted: 0, refused: 0, lost: 0, buffered: 0 };

  constructor(registry: Registry) {
    this.#received = metricOf(registry, 'tapeline_ingester_ticks_received_total');
    this.#accepted = metricOf(registry, 'tapeline_ingester_ticks_accepted_total');
    this.#refused = metricOf(registry, 'tapeline_ingester_ticks_refused_total');
    this.#lost = metricOf(registry, 'tapeline_ingester_ticks_lost_total');
    this.#buffered = metricOf(registry, 'tapeline_ingester_ticks_buffered');
  }

  get totals(): TickTotals {
    return { ...this.#totals };
  }

  /** An event came out of a feed, or a run of ticks has grown. A gap record stands for what the feed itself lost. */
  entered(event: FeedEvent): void {
    if (event.kind === 'gap') {
      this.#receive(event.lost);
      this.#lose(event.lost);
    } else {
      this.#receive(newIn(event));
      this.#buffer(newIn(event));
    }
    if (event.kind === 'ticks') event.counted = event.count;
  }

  /** An event is durable. */
  written(event: FeedEvent): void {
    const count = countOf(event);
    if (count === 0) return;
    this.#buffer(-count);
    if (event.kind === 'dead-letter') return this.#refuse(event.reason);
    this.#totals.accepted += count;
    this.#accepted.inc(count);
  }

  /** Events that had entered were dropped. */
  dropped(count: number): void {
    this.#buffer(-count);
    this.#lose(count);
  }

  #receive(count: number): void {
    this.#totals.received += count;
    this.#received.inc(count);
  }

  #lose(count: number): void {
    this.#totals.lost += count;
    this.#lost.inc(count);
  }

  #refuse(reason: DeadLetterReason): void {
    this.#totals.refused += 1;
    this.#refused.inc({ reason });
  }

  #buffer(change: number): void {
    this.#totals.buffered += change;
    // Several feeds share the gauge.
    this.#buffered.inc(change);
  }
}

/** How many it is counted as: ticks and dead letters are received, other records are not. */
export function countOf(event: FeedEvent): number {
  if (event.kind === 'ticks') return event.count;
  return event.kind === 'tick' || event.kind === 'dead-letter' ? 1 : 0;
}

/** What of it is not yet counted: a run grows. */
function newIn(event: FeedEvent): number {
  return event.kind === 'ticks' ? event.count - event.counted : countOf(event);
}
