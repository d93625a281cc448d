/**
 * Every environment variable that Tapeline reads, in one table: the README's list is generated from it, and
 * `configuration.ts` checks the environment against it.
 */
import { exportSettings } from './settings/export-settings.ts';
import { feedSettings } from './settings/feed-settings.ts';
import { logSettings } from './settings/log-settings.ts';
import { notifierSettings } from './settings/notifier-settings.ts';
import { processSettings } from './settings/process-settings.ts';
import { storeSettings } from './settings/store-settings.ts';

export const settings = {
  ...feedSettings,
  ...logSettings,
  ...storeSettings,
  ...exportSettings,
  ...notifierSettings,
  ...processSettings,
} as const;

export type SettingName = keyof typeof settings;

/** Prefixes whose every name must be in the table: a misspelt one is a fault, not ignored. */
const strictPrefixes = ['TWELVE_DATA_', 'FINNHUB_', 'YAHOO_', 'KAFKA_', 'CASSANDRA_', 'EXPORT_', 'SMTP_', 'ALERT_'] as const;

/** Every name in the environment that is read. */
export const knownNames: ReadonlySet<string> = new Set(
  Object.entries(settings).flatMap(([name, setting]) => ('secret' in setting ? [name, `${name}_FILE`] : [name])),
);

/** Whether a name of this kind must be in the table. */
export function isStrict(name: string): boolean {
  return strictPrefixes.some(prefix => name.startsWith(prefix));
}
