/** What the processes share that ask the vendor and look at log and store: their faults, and the parts that they are made of. */
import type { Configuration } from '@tapeline/core/configuration';
import { PipelineError } from '@tapeline/core/errors';
import { processRegistry } from '@tapeline/core/metrics/registered-metrics';
import { createProbes, type ProbeServer, serveProbes } from '@tapeline/core/probes';
import { type Part, runningPart } from '@tapeline/core/service';
import { openServingStore } from '@tapeline/database/configured-store';
import type { MarketStore } from '@tapeline/database/market-store';
import { openConfiguredLog } from '@tapeline/log/configured-log';
import type { MarketLog } from '@tapeline/log/market-log';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { warnOfClearText } from '../clear-text-warning.ts';
import { restUrlOf } from './configured-backfiller.ts';

/** What the work of such a process is given. */
export interface VendorWork {
  readonly log: MarketLog;
  readonly store: MarketStore;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly signal: AbortSignal;
}

/** What is outside of the work. */
export interface VendorShell {
  readonly logger: Logger;
  /** Until it aborts, a Kafka that is away is waited for. @default it ends the process: whoever started a job runs it again */
  readonly waiting?: AbortSignal;
}

/**
 * @param onOneMachine what `npm start` does in its place
 * @throws PipelineError `configuration.invalid` with all that is missing.
 */
export function refuseFaults(configuration: Configuration, onOneMachine: string): void {
  const { KAFKA_BROKERS: brokers, CASSANDRA_CONTACT_POINTS: contactPoints } = configuration;
  const faults = [
    ...(restUrlOf(configuration) === undefined
      ? ['TWELVE_DATA_API_KEY is absent, expected the key of an account: set it, or TWELVE_DATA_REST_URL to a simulator']
      : []),
    ...(brokers === undefined ? [`KAFKA_BROKERS is absent: set it; on one machine, npm start ${onOneMachine} in its own process`] : []),
    ...(contactPoints === undefined ? ['CASSANDRA_CONTACT_POINTS is absent: set it'] : []),
  ];
  if (faults.length === 0) return;
  const message = ['the configuration has faults:', ...faults.map(fault => `  - ${fault}`)].join('\n');
  throw new PipelineError('configuration.invalid', message, { retriable: false });
}

/** The parts of the process `name`, in the order in which they start: probes, log, store, and its work. */
export function vendorParts(
  name: 'backfiller' | 'history' | 'instruments',
  configuration: Configuration,
  { logger, waiting }: VendorShell,
  work: (given: VendorWork) => Promise<void>,
): readonly Part[] {
  warnOfClearText(configuration, logger);
  const registry = processRegistry(name);
  let probes: ProbeServer | undefined;
  let log: MarketLog | undefined;
  let store: MarketStore | undefined;
  const startProbes = async () => {
    const { HTTP_HOST: host, HTTP_PORT: port } = configuration;
    const check = () => (store === undefined ? 'log and store are not open yet' : undefined);
    probes = await serveProbes({ probes: createProbes({ registry, checks: [{ name, check }] }), host, port });
    logger.info({ url: probes.url }, `probes and metrics at ${probes.url}`);
  };
  const openLog = async () => {
    log = await openConfiguredLog(configuration, { clientId: name, logger, registry, signal: waiting });
  };
  const openStore = async () => {
    store = openServingStore(configuration, { logger, registry, readOnly: true });
  };
  return [
    { name: 'probes', start: startProbes, stop: async () => probes?.close() },
    { name: 'log', start: openLog, stop: async () => log?.close() },
    { name: 'store', start: openStore, stop: async () => store?.close() },
    runningPart(name, async signal => {
      if (log !== undefined && store !== undefined) await work({ log, store, logger, registry, signal });
    }),
  ];
}
