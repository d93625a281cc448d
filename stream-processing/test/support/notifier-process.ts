/** The configured notifier on the embedded log of DATA_DIR, as a process that a test can kill. */
import { readConfiguration } from '@tapeline/core/configuration';
import { createLogger } from '@tapeline/core/logging';
import { stopSignal } from '@tapeline/core/service';
import { openConfiguredLog } from '@tapeline/log/configured-log';
import { Registry } from 'prom-client';
import { runConfiguredNotifier } from '../../src/notifier/configured-notifier.ts';

const configuration = readConfiguration(process.env);
const logger = createLogger({ name: 'notifier', level: 'info', secrets: [] });
const log = await openConfiguredLog(configuration, { clientId: 'notifier', logger });
await runConfiguredNotifier(configuration, { log, logger, registry: new Registry(), signal: stopSignal() });
await log.close();
