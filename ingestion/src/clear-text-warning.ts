/** Warns at the start of each vendor's address that is reached in clear: a simulator's is meant, a vendor's never. */
import { vendorsInClear } from '@tapeline/core/clear-text';
import type { Configuration } from '@tapeline/core/configuration';
import type { Logger } from 'pino';

export function warnOfClearText(configuration: Configuration, logger: Logger): void {
  for (const { setting, host } of vendorsInClear(configuration)) {
    logger.warn(
      { setting, host },
      `${setting} reaches ${host} unencrypted, over a network: the key can be read on the way, and prices can be changed; take its wss:// or https:// address, unless it is a simulator`,
    );
  }
}
