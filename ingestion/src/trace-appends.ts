/** What the ingester says of sampled ticks: `receive` and `append`, once the log has answered where they stand. */
import { feedTopic } from '@tapeline/core/topics';
import { tickSpan } from '@tapeline/core/tracing/span';
import { sampledIn, type Tracing } from '@tapeline/core/tracing/tracing';
import type { AppendedRange } from '@tapeline/log/market-log';

/** Called for each range of records that the log took. @param now milliseconds since the Unix epoch */
export function traceAppends(tracing: Tracing, now: () => number = Date.now): (range: AppendedRange) => void {
  return range => {
    if (range.topic !== feedTopic.name) return;
    const acknowledgedMs = now();
    for (const sampled of sampledIn(range, tracing)) {
      const { sourceTimeMs, receivedTimeMs } = sampled.tick;
      // A stamp may be some seconds ahead of its receipt.
      tracing.emit(tickSpan('receive', sampled, { startMs: sourceTimeMs, endMs: receivedTimeMs }));
      tracing.emit(tickSpan('append', sampled, { startMs: receivedTimeMs, endMs: acknowledgedMs }));
    }
  };
}
