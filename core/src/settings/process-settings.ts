/** What every process has: its folder, address, place in the cluster, traces and log. */
import { z } from 'zod';
import { absent, baseUrl, headersOf, path, type Setting, secretText, text, whole } from '../setting-kinds.ts';

export const processSettings = {
  INGESTER_LEASE: absent<string>({
    schema: text.regex(/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/),
    expected: 'the name of a Kubernetes Lease',
    example: 'ingester',
    help: 'ingesters that share this Lease stand by for the one that holds it; when absent, this process is the only one',
  }),
  POD_NAME: absent<string>({
    schema: text,
    expected: 'text that is not empty',
    example: 'ingester-0',
    help: 'who holds the Lease, for people',
  }),
  POD_NAMESPACE: absent<string>({ schema: text, expected: 'text that is not empty', example: 'tapeline', help: 'namespace of the Lease' }),
  KUBECONFIG: absent<string>({
    ...path,
    example: '/etc/tapeline/kubeconfig',
    help: "how to reach the API server for the Lease; the pod's own service account when absent",
  }),
  DATA_DIR: {
    schema: text,
    otherwise: '.tapeline/data',
    expected: 'the path of a folder',
    example: '/var/lib/tapeline',
    help: 'embedded log and store; when absent and the market is simulated, without KAFKA_BROKERS and CASSANDRA_CONTACT_POINTS, `.tapeline/simulated`',
  } as Setting<string>,
  HTTP_HOST: {
    schema: text,
    otherwise: '127.0.0.1',
    expected: 'a host name or address',
    example: '0.0.0.0',
    help: 'address that the board, probes and metrics listen on',
  } as Setting<string>,
  HTTP_PORT: {
    schema: whole(0, 65_535),
    otherwise: 8080,
    expected: 'a port number from 0 (any free one) to 65535',
    example: '8080',
    help: 'their port',
  } as Setting<number>,
  HTTP_TOKEN: absent<string>({
    schema: z
      .string()
      .regex(/^\s*[\w.~-]{16,256}\s*$/)
      .transform(value => value.trim()),
    expected: '16 to 256 letters, digits and . _ ~ - (as `openssl rand -hex 24` prints them)',
    example: 'what `openssl rand -hex 24` prints',
    secret: true,
    help: 'the token that the board asks everybody for: they open it once as /?token=…, or send it as a bearer; nobody is asked when absent',
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: absent<string>({
    schema: baseUrl('http', 'https'),
    expected: 'an http:// or https:// address without ? and #',
    example: 'http://otel-collector:4318',
    help: 'where sampled ticks are traced to, by OTLP over HTTP (its `/v1/traces`); nothing is traced when absent',
  }),
  OTEL_EXPORTER_OTLP_HEADERS: absent<string>({
    ...secretText,
    schema: text.refine(value => headersOf(value) !== undefined),
    expected: 'names and values of headers, as name=value, separated by commas, with % codes in values',
    example: 'api-key=…',
    help: 'headers that the collector wants',
  }),
  TRACE_SAMPLING: {
    schema: whole(1, 1_000_000_000),
    otherwise: 100_000,
    expected: 'a whole number from 1 (all) to 1000000000',
    example: '10000',
    help: 'one in this many records of a partition is traced, by its offset; the same for all processes',
  } as Setting<number>,
  LOG_LEVEL: {
    schema: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
    otherwise: 'info',
    expected: 'trace, debug, info, warn, error, fatal or silent',
    example: 'debug',
    help: 'what is logged, as JSON lines on standard error',
  } as Setting<string>,
} as const;
