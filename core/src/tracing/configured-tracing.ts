/** Traces as the settings ask for them: nothing at all without a collector. */
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Configuration } from '../configuration.ts';
import { headersOf } from '../setting-kinds.ts';
import type { SpanName } from './span.ts';
import { SpanQueue } from './span-queue.ts';
import type { Tracing } from './tracing.ts';

export interface ConfiguredTracingOptions {
  /** The running thing, an agent noun: traces show it as the service. */
  readonly service: string;
  readonly registry: Registry;
  readonly logger: Logger;
}

/** `undefined` without `OTEL_EXPORTER_OTLP_ENDPOINT`. A collector that is away is no reason not to start. */
export async function openConfiguredTracing(
  configuration: Configuration,
  { service, registry, logger }: ConfiguredTracingOptions,
): Promise<(Tracing & { close(): Promise<void> }) | undefined> {
  const {
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    TRACE_SAMPLING: every,
    KAFKA_BROKERS: brokers,
    KAFKA_TOPIC_PREFIX: prefix,
  } = configuration;
  if (endpoint === undefined) return undefined;
  // OpenTelemetry's packages take memory, which only who traces needs.
  const { otlpSender } = await import('./otlp-sender.ts');
  const sender = otlpSender({ endpoint, service, headers: headersOf(configuration.OTEL_EXPORTER_OTLP_HEADERS ?? '') ?? {} });
  const queue = new SpanQueue({ send: spans => sender.send(spans), registry, logger });
  const [log, store] = [
    brokers === undefined ? 'sqlite' : 'kafka',
    configuration.CASSANDRA_CONTACT_POINTS === undefined ? 'sqlite' : 'cassandra',
  ];
  const systemsOf = (name: SpanName) => ({ 'messaging.system': log, ...(name === 'write' ? { 'db.system.name': store } : {}) });
  logger.info({ every }, `one of ${every} ticks of a partition is traced`);
  return {
    every,
    topicPrefix: brokers === undefined ? '' : (prefix ?? ''),
    emit: span => queue.add({ ...span, attributes: { ...systemsOf(span.name), ...span.attributes } }),
    unfinished: count => queue.drop('unfinished', count),
    close: async () => {
      await queue.close(closeMs);
      // It would wait for a collector that does not answer.
      void sender.close().catch(() => undefined);
    },
  };
}

/** A process that stops waits so long for its last spans. */
const closeMs = 500;
