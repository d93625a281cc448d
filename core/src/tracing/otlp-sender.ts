/** Sends spans by OTLP/HTTP: the one door of OpenTelemetry's packages, loaded only by who traces. */
import { type HrTime, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { ATTR_SERVICE_NAME } from '@opentelemetry/semantic-conventions';
import type { SpanName, TickSpan } from './span.ts';

export interface OtlpSenderOptions {
  /** Where `/v1/traces` is. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The running thing, an agent noun. */
  readonly service: string;
  /** Of a request with its repetitions. @default 3,000 */
  readonly timeoutMs?: number;
}

export interface OtlpSender {
  /** @throws Error when the collector has not taken them within the time. */
  send(spans: readonly TickSpan[]): Promise<void>;
  close(): Promise<void>;
}

const kinds: Readonly<Record<SpanName, SpanKind>> = {
  receive: SpanKind.CONSUMER,
  append: SpanKind.PRODUCER,
  fetch: SpanKind.CONSUMER,
  fold: SpanKind.INTERNAL,
  close: SpanKind.INTERNAL,
  write: SpanKind.CLIENT,
  push: SpanKind.PRODUCER,
};

export function otlpSender({ endpoint, headers, service, timeoutMs = 3_000 }: OtlpSenderOptions): OtlpSender {
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/+$/, '')}/v1/traces`,
    headers: { ...headers },
    concurrencyLimit: 1,
    timeoutMillis: timeoutMs,
  });
  const shared = {
    status: { code: SpanStatusCode.UNSET },
    links: [],
    events: [],
    ended: true,
    resource: resourceFromAttributes({ [ATTR_SERVICE_NAME]: service }),
    instrumentationScope: { name: 'tapeline' },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
  const readable = (span: TickSpan): ReadableSpan => {
    const contextOf = (spanId: string) => ({ traceId: span.traceId, spanId, traceFlags: TraceFlags.SAMPLED });
    const context = contextOf(span.spanId);
    return {
      ...shared,
      name: span.name,
      kind: kinds[span.name],
      spanContext: () => context,
      ...(span.parentSpanId === undefined ? {} : { parentSpanContext: contextOf(span.parentSpanId) }),
      startTime: hrTimeOf(span.startMs),
      endTime: hrTimeOf(span.endMs),
      duration: hrTimeOf(span.endMs - span.startMs),
      attributes: span.attributes,
    };
  };
  return {
    send: spans =>
      new Promise((resolve, reject) =>
        exporter.export(spans.map(readable), ({ code, error }) => (code === 0 ? resolve() : reject(error ?? new Error('not taken')))),
      ),
    close: () => exporter.shutdown(),
  };
}

function hrTimeOf(ms: number): HrTime {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.round((ms - seconds * 1_000) * 1_000_000)];
}
