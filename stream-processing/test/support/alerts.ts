/** Builders of alerts, and a notifier on an embedded log for tests. */
import { join } from 'node:path';
import { type Alert, encodeAlert } from '@tapeline/core/alerts';
import { PipelineError } from '@tapeline/core/errors';
import { createLogger } from '@tapeline/core/logging';
import { alertsTopic } from '@tapeline/core/topics';
import { FileItems } from '@tapeline/database/file-items';
import type { WorkItems } from '@tapeline/database/work-store';
import { openEmbeddedLog } from '@tapeline/log/embedded-log';
import type { MarketLog } from '@tapeline/log/market-log';
import { Registry } from 'prom-client';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import type { Destination } from '../../src/notifier/destination.ts';
import { type MailDestinationOptions, mailDestination } from '../../src/notifier/mail-destination.ts';
import { runNotifier } from '../../src/notifier/notifier.ts';

/** Number `number`, of now unless told otherwise. */
export function anAlert(number: number, more: Partial<Alert> = {}): Alert {
  return {
    v: 1,
    kind: 'alert',
    id: `big-drop:AAPL:${number}`,
    rule: 'big-drop',
    condition: 'drop',
    severity: 'warning',
    symbol: 'AAPL',
    interval: '1m',
    timeMs: Date.now(),
    message: `alert ${number} of this test`,
    versionUs: number,
    ...more,
  };
}

export function numbered(count: number, more: Partial<Alert> = {}, from = 0): readonly Alert[] {
  return Array.from({ length: count }, (_, index) => anAlert(from + index, more));
}

export async function publish(log: MarketLog, alerts: readonly Alert[]): Promise<void> {
  await log.append(alerts.map(alert => ({ topic: alertsTopic.name, partition: 0, value: encodeAlert(alert) })));
}

export interface Bench {
  readonly folder: string;
  readonly log: MarketLog;
  /** A mailbox at the server of that port, in clear. */
  mailbox(port: number, more?: Partial<MailDestinationOptions>): Destination;
  /** Runs a notifier until it is stopped; its memory stays. */
  start(...destinations: readonly Destination[]): RunningNotifier;
  /** The same with a store that fails while `isAway` says so. */
  startOnWeakStore(isAway: () => boolean, ...destinations: readonly Destination[]): RunningNotifier;
  close(): Promise<void>;
}

export interface RunningNotifier {
  readonly registry: Registry;
  /** What was logged, a line each. */
  readonly lines: readonly string[];
  /** The value of a metric of `mail-1`, or of the labels given. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number | undefined>;
  stop(): Promise<void>;
}

/** An embedded log with the topic of alerts, and a folder for what notifiers remember. */
export async function openBench(): Promise<Bench> {
  const folder = temporaryFolder('notifier');
  const logger = createLogger({ name: 'test', level: 'silent', secrets: [] });
  const log = await openEmbeddedLog({ directory: folder, logger });
  await log.ensureTopics([{ ...alertsTopic, partitions: 1 }]);
  const running: RunningNotifier[] = [];
  const start = (items: ItemsByQueue, destinations: readonly Destination[]) => {
    const notifier = startNotifier(log, items, destinations);
    running.push(notifier);
    return notifier;
  };
  const files: ItemsByQueue = queue => new FileItems(join(folder, 'notifier', queue));
  return {
    folder,
    log,
    mailbox: (port, more = {}) =>
      mailDestination({
        server: { host: '127.0.0.1', port, security: 'none', login: undefined },
        ca: undefined,
        from: 'Tapeline <tapeline@example.com>',
        to: 'desk@example.com',
        name: 'mail-1',
        filter: { lowestSeverity: 'info', rules: undefined },
        links: { board: undefined, grafana: undefined },
        summaryAfterMs: 3_600_000,
        ...more,
      }),
    start: (...destinations) => start(files, destinations),
    startOnWeakStore: (isAway, ...destinations) => start(queue => weakItems(files(queue), isAway), destinations),
    close: async () => {
      for (const notifier of running) await notifier.stop();
      await log.close();
    },
  };
}

type ItemsByQueue = (queue: string) => WorkItems;

function weakItems(items: WorkItems, isAway: () => boolean): WorkItems {
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    if (isAway()) throw new PipelineError('store.unavailable', 'the store is away', { retriable: true });
    return work();
  };
  return {
    all: () => guarded(() => items.all()),
    put: (id, text) => guarded(() => items.put(id, text)),
    remove: id => guarded(() => items.remove(id)),
  };
}

function startNotifier(log: MarketLog, items: ItemsByQueue, destinations: readonly Destination[]): RunningNotifier {
  const lines: string[] = [];
  const logger = createLogger({ name: 'test', level: 'info', secrets: [], destination: { write: line => lines.push(line) } });
  const registry = new Registry();
  const stop = new AbortController();
  const finished = runNotifier({
    log,
    group: 'notifier',
    topic: alertsTopic.name,
    destinations,
    items,
    timing: { gatherMs: 30, firstRetryMs: 20, longestRetryMs: 100 },
    logger,
    registry,
    signal: stop.signal,
  });
  return {
    registry,
    lines,
    metric: async (name, labels = { destination: 'mail-1' }) => {
      const values = (await registry.getSingleMetric(name)?.get())?.values ?? [];
      return values.find(value => Object.entries(labels).every(([label, wanted]) => value.labels[label] === wanted))?.value;
    },
    stop: async () => {
      stop.abort();
      await finished;
    },
  };
}
