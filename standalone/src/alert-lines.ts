/** Alerts as lines of text: what `replay --rules` prints. */
import type { Alert } from '@tapeline/core/alerts';
import { type BarFormat, cellOf } from './bar-lines.ts';

const columns = [
  'timeMs',
  'severity',
  'rule',
  'condition',
  'symbol',
  'feed',
  'interval',
  'value',
  'threshold',
  'message',
] as const satisfies readonly (keyof Alert)[];

/** The line before the alerts; empty for JSON lines. */
export function headOfAlerts(format: BarFormat): string {
  return format === 'csv' ? `${columns.join(',')}\n` : '';
}

/** One alert as a line. Absent values are empty in CSV and absent in JSON. */
export function lineOfAlert(alert: Alert, format: BarFormat): string {
  if (format === 'jsonl') return `${JSON.stringify(Object.fromEntries(columns.map(column => [column, alert[column]])))}\n`;
  return `${columns.map(column => cellOf(alert[column])).join(',')}\n`;
}
