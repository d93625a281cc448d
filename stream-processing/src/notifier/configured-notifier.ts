/** The notifier that the settings ask for. */
import { join } from 'node:path';
import { type Configuration, fileOf } from '@tapeline/core/configuration';
import { mailServerOf } from '@tapeline/core/message-faults';
import { alertsTopic } from '@tapeline/core/topics';
import { openConfiguredWork } from '@tapeline/database/configured-store';
import { FileItems } from '@tapeline/database/file-items';
import type { MarketLog } from '@tapeline/log/market-log';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { type Destination, markedAsSimulated } from './destination.ts';
import { mailDestination } from './mail-destination.ts';
import { runNotifier } from './notifier.ts';
import { webhookDestination } from './webhook-destination.ts';

export interface ConfiguredNotifierOptions {
  readonly log: MarketLog;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly signal: AbortSignal;
  /** @default 3,000 */
  readonly graceMs?: number;
  readonly onAssigned?: () => void;
  readonly onLost?: () => void;
  /** Of the market: messages then say so. @default false */
  readonly isSimulated?: boolean;
}

/** Where the settings send alerts to; nowhere when none of them says so. @throws PipelineError `configuration.invalid` when SMTP_CA_FILE cannot be read */
export function configuredDestinations(configuration: Configuration): readonly Destination[] {
  const { ALERT_MAIL_TO: to = [], ALERT_MAIL_FROM: from, ALERT_WEBHOOK_URL: url, ALERT_SUMMARY_AFTER_MS: summaryAfterMs } = configuration;
  const links = { board: configuration.ALERT_BOARD_URL, grafana: configuration.ALERT_GRAFANA_URL };
  const server = mailServerOf(configuration);
  const mailFilter = { lowestSeverity: configuration.ALERT_MAIL_SEVERITY, rules: configuration.ALERT_MAIL_RULES };
  const ca = fileOf(configuration, 'SMTP_CA_FILE');
  const shared = { links, summaryAfterMs };
  const mails =
    server === undefined || from === undefined
      ? []
      : to.map((address, index) =>
          mailDestination({ ...shared, server, ca, from, to: address, name: `mail-${index + 1}`, filter: mailFilter }),
        );
  const { ALERT_WEBHOOK_SECRET: secret, ALERT_WEBHOOK_FORMAT: format } = configuration;
  const filter = { lowestSeverity: configuration.ALERT_WEBHOOK_SEVERITY, rules: configuration.ALERT_WEBHOOK_RULES };
  return [...mails, ...(url === undefined ? [] : [webhookDestination({ ...shared, url, secret, format, filter })])];
}

/** Runs it until the signal aborts; see {@link runNotifier}. Its memory is in Cassandra, or in `DATA_DIR`. */
export async function runConfiguredNotifier(configuration: Configuration, options: ConfiguredNotifierOptions): Promise<void> {
  const { DATA_DIR: folder, KAFKA_TOPIC_PREFIX: prefix = '', ALERT_GATHER_MS: gatherMs } = configuration;
  const configured = configuredDestinations(configuration);
  const destinations = options.isSimulated === true ? configured.map(markedAsSimulated) : configured;
  const work = openConfiguredWork(configuration, options.logger);
  try {
    await runNotifier({
      ...options,
      // Pipelines with prefixes of their own share the groups of a cluster.
      group: `${prefix}notifier`,
      topic: prefix + alertsTopic.name,
      destinations,
      items: queue => work?.items(`notifier/${queue}`) ?? new FileItems(join(folder, 'notifier', queue)),
      cell: work?.cell('notifier/sender'),
      timing: { gatherMs },
    });
  } finally {
    await work?.close();
  }
}
