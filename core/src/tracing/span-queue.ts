/**
 * Spans on their way to a collector: a bounded queue and one request at a time. A collector that is slow, away or refuses costs spans, which are counted, and
 * nothing else: nobody waits for it, and what it says goes no further than one line of the log in a while.
 */
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { metricOf } from '../metrics/registered-metrics.ts';
import { systemCode } from '../system-errors.ts';
import type { TickSpan } from './span.ts';

export interface SpanQueueOptions {
  /** Resolves when the collector has taken them. */
  readonly send: (spans: readonly TickSpan[]) => Promise<void>;
  readonly registry: Registry;
  readonly logger: Logger;
  /** Spans that wait at most. @default 2,048 */
  readonly limit?: number;
  /** Spans of one request at most. @default 256 */
  readonly batch?: number;
  /** Spans gather for so long. @default 1,000 */
  readonly gatherMs?: number;
}

/** How often an unavailable collector is complained about. */
const complainMs = 60_000;

export class SpanQueue {
  readonly #options: SpanQueueOptions;
  readonly #metrics;
  #waiting: TickSpan[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #saidAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: SpanQueueOptions) {
    this.#options = options;
    this.#metrics = {
      exported: metricOf(options.registry, 'tapeline_trace_spans_exported_total'),
      dropped: metricOf(options.registry, 'tapeline_trace_spans_dropped_total'),
      seconds: metricOf(options.registry, 'tapeline_trace_export_duration_seconds'),
      waiting: metricOf(options.registry, 'tapeline_trace_spans_waiting'),
    };
  }

  add(span: TickSpan): void {
    const { limit = 2_048, gatherMs = 1_000 } = this.#options;
    if (this.#waiting.length >= limit) return this.drop('full', 1);
    this.#waiting.push(span);
    this.#metrics.waiting.set(this.#waiting.length);
    this.#timer ??= setTimeout(() => this.#send(), gatherMs).unref();
  }

  /** Counts spans that will not come. */
  drop(reason: 'full' | 'refused' | 'unfinished', count: number): void {
    this.#metrics.dropped.inc({ reason }, count);
  }

  /** Sends what waits, for at most so long; what is left then is counted as dropped. */
  async close(deadlineMs: number): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, deadlineMs);
    await Promise.race([this.#sendAll(), late]);
    clearTimeout(timer);
    clearTimeout(this.#timer);
    this.drop('full', this.#waiting.length);
    this.#waiting = [];
  }

  async #sendAll(): Promise<void> {
    await this.#sending;
    while (this.#waiting.length > 0) {
      this.#send();
      await this.#sending;
    }
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#sending !== undefined || this.#waiting.length === 0) return;
    const spans = this.#waiting.splice(0, this.#options.batch ?? 256);
    this.#metrics.waiting.set(this.#waiting.length);
    this.#sending = this.#sent(spans).finally(() => {
      this.#sending = undefined;
      if (this.#waiting.length > 0) this.#timer ??= setTimeout(() => this.#send(), this.#options.gatherMs ?? 1_000).unref();
    });
  }

  async #sent(spans: readonly TickSpan[]): Promise<void> {
    const stop = this.#metrics.seconds.startTimer();
    try {
      await this.#options.send(spans);
      this.#metrics.exported.inc(spans.length);
    } catch (error) {
      this.drop('refused', spans.length);
      this.#complain(error, spans.length);
    } finally {
      stop();
    }
  }

  #complain(error: unknown, spans: number): void {
    const nowMs = performance.now();
    if (nowMs - this.#saidAtMs < complainMs) return;
    this.#saidAtMs = nowMs;
    const failure = failureOf(error);
    this.#options.logger.warn(
      { spans, failure },
      `the collector of traces does not take spans (${failure}), they are dropped and counted (tapeline_trace_spans_dropped_total): ${remedyOf(failure)}; nothing else waits for it`,
    );
  }
}

/** The status that the collector answered with, or the system's code of what kept us from asking; never a text of somebody else's. */
function failureOf(error: unknown): number | string {
  const code = systemCode(error);
  if (typeof code === 'number') return code;
  if (typeof code === 'string' && /^[A-Z0-9_]{2,40}$/.test(code)) return code;
  return error instanceof Error ? error.name : 'failure';
}

function remedyOf(failure: number | string): string {
  if (failure === 401 || failure === 403) return 'see which OTEL_EXPORTER_OTLP_HEADERS it wants';
  if (failure === 404 || failure === 405)
    return 'set OTEL_EXPORTER_OTLP_ENDPOINT to the address that /v1/traces is added to, without /v1/traces';
  return 'check that OTEL_EXPORTER_OTLP_ENDPOINT is right (OTLP over HTTP, mostly port 4318) and reachable';
}
