/**
 * Where every price went. At any moment: received = accepted + refused + lost + buffered. A message that could not be read
 * counts as received too, because it may have been a price.
 */
import type { DeadLetterReason } from '@tapeline/core/dead-letters';
import type { Registry } from 'prom-client';
import type { FeedEvent } from './feed.ts';
import { counterOf, gaugeOf } from './metrics.ts';

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
    this.#received = counterOf(registry, 'ingester_ticks_received_total', 'prices and unreadable messages that a feed received');
    this.#accepted = counterOf(registry, 'ingester_ticks_accepted_total', 'prices that are durable in the log');
    this.#refused = counterOf(registry, 'ingester_ticks_refused_total', 'prices and messages that went to the dead-letter topic', [
      'reason',
    ]);
    this.#lost = counterOf(
      registry,
      'ingester_ticks_lost_total',
      'prices and messages dropped because a buffer was full, each in a gap record',
    );
    this.#buffered = gaugeOf(registry, 'ingester_ticks_buffered', 'prices and messages on their way to the log');
  }

  get totals(): TickTotals {
    return { ...this.#totals };
  }

  /** An event came out of a feed. A gap record stands for what the feed itself lost. */
  entered(event: FeedEvent): void {
    if (event.kind === 'gap') {
      this.#receive(event.lost);
      this.#lose(event.lost);
    } else if (isCounted(event)) {
      this.#receive(1);
      this.#buffer(1);
    }
  }

  /** An event is durable. */
  written(event: FeedEvent): void {
    if (!isCounted(event)) return;
    this.#buffer(-1);
    if (event.kind === 'dead-letter') this.#refuse(event.reason);
    else {
      this.#totals.accepted += 1;
      this.#accepted.inc();
    }
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

/** True for what is counted as received: ticks and dead letters. */
export function isCounted(event: FeedEvent): boolean {
  return event.kind === 'tick' || event.kind === 'dead-letter';
}
