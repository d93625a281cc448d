/** Opens the log that the configuration asks for: Kafka as soon as brokers are named, the embedded one otherwise. */
import type { Logger } from 'pino';
import type { Durability } from './embedded-database.ts';
import { openEmbeddedLog } from './embedded-log.ts';
import { type KafkaLogOptions, openKafkaLog } from './kafka-log.ts';
import type { MarketLog } from './market-log.ts';

export interface LogConfiguration {
  /** Kafka; absent for the embedded log. */
  readonly kafka?: Omit<KafkaLogOptions, 'logger'>;
  /** `DATA_DIR`, of the embedded log. */
  readonly dataDirectory: string;
  /** Of the embedded log. @default 'process' */
  readonly durability?: Durability;
  /** Of the embedded log: for a reader beside the process that writes. @default false */
  readonly readOnly?: boolean;
}

/** @throws PipelineError `log.unavailable` or `data-dir.unusable`. */
export function openLog(configuration: LogConfiguration, logger: Logger): Promise<MarketLog> {
  const { kafka, dataDirectory, durability, readOnly } = configuration;
  if (kafka !== undefined) return openKafkaLog({ ...kafka, logger });
  return openEmbeddedLog({
    directory: dataDirectory,
    logger,
    ...(durability === undefined ? {} : { durability }),
    ...(readOnly === undefined ? {} : { readOnly }),
  });
}
