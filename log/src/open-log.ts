/** Opens the log that the configuration asks for: Kafka as soon as brokers are named, the embedded one otherwise. */
import type { Logger } from 'pino';
import type { Durability } from './embedded-database.ts';
import { openEmbeddedLog } from './embedded-log.ts';
import { type KafkaLogOptions, openKafkaLog } from './kafka-log.ts';
import type { AppendedRange, MarketLog } from './market-log.ts';

export interface LogConfiguration {
  /** Kafka; absent for the embedded log. */
  readonly kafka?: Omit<KafkaLogOptions, 'logger' | 'appended'>;
  /** `DATA_DIR`, of the embedded log. */
  readonly dataDirectory: string;
  /** Of the embedded log. @default 'process' */
  readonly durability?: Durability;
  /** Called for records that were made durable, in a row. */
  readonly appended?: ((range: AppendedRange) => void) | undefined;
  /** Of the embedded log: for a reader beside the process that writes. @default false */
  readonly readOnly?: boolean;
}

/** @throws PipelineError `log.unavailable` or `data-dir.unusable`. */
export function openLog(configuration: LogConfiguration, logger: Logger): Promise<MarketLog> {
  const { kafka, dataDirectory, durability, readOnly, appended } = configuration;
  if (kafka !== undefined) return openKafkaLog({ ...kafka, appended, logger });
  return openEmbeddedLog({
    directory: dataDirectory,
    logger,
    appended,
    ...(durability === undefined ? {} : { durability }),
    ...(readOnly === undefined ? {} : { readOnly }),
  });
}
