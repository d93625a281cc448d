/**
 * Mends kafkajs 2.2.4, which looks for waiting requests with a timer of 1 ms for as long as a connection lives, and longer when it
 * breaks: a thousand wake-ups a second for each connection, a `TimeoutNegativeWarning`, and processes that never end. Here the
 * timer runs only while a request waits. (kafkajs issues 1704 and 1751, both open.)
 */
import { createRequire } from 'node:module';

/** What the mended method uses of kafkajs' `RequestQueue`. */
interface RequestQueue {
  readonly pending: readonly unknown[];
  readonly throttledUntil: number;
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  checkPendingRequests(): void;
  scheduleCheckPendingRequests(): void;
}

const checkIntervalMs = 10;

/** Replaces the one method; does nothing to a kafkajs that is made otherwise. */
export function mendRequestQueue(): void {
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue/index.js') as { prototype: Partial<RequestQueue> };
  if (prototype.scheduleCheckPendingRequests === undefined) return;
  prototype.scheduleCheckPendingRequests = function schedule(this: RequestQueue) {
    if (this.throttleCheckTimeoutId !== null || this.pending.length === 0) return;
    const waitMs = Math.max(checkIntervalMs, this.throttledUntil - Date.now());
    this.throttleCheckTimeoutId = setTimeout(() => {
      this.throttleCheckTimeoutId = null;
      this.checkPendingRequests();
    }, waitMs);
  };
}
