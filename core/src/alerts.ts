/** What the fold tells people about: the records of `market-data.alerts`, the rows of `alerts_by_day` and what the notifier sends. */
import { z } from 'zod';
import { intervals } from './intervals.ts';
import { latestTimeMs, recordFormat } from './records.ts';

/** What a rule watches for. `gap` and `stale` are about the data, the others about the market. */
export const alertConditions = ['level', 'cross', 'drop', 'spike', 'volume', 'volatility', 'gap', 'stale'] as const;

export const alertSeverities = ['info', 'warning', 'critical'] as const;
export type AlertSeverity = (typeof alertSeverities)[number];

export const alertSchema = z
  .object({
    v: z.literal(recordFormat),
    kind: z.literal('alert'),
    id: z.string().min(1).max(300).describe('the same for the same alert in every replay: rule, subject and time of the cause'),
    rule: z.string().min(1).max(100).describe('name of the rule'),
    condition: z.enum(alertConditions),
    severity: z.enum(alertSeverities),
    symbol: z.string().min(1).max(64).optional().describe('absent where a whole feed is meant'),
    feed: z.string().min(1).max(64).optional(),
    interval: z.enum(intervals).optional().describe('of the bar that showed it'),
    timeMs: z.int().min(0).max(latestTimeMs).describe('event time: when the cause was known, the end of its bar'),
    value: z.number().optional().describe('what was seen: a price, a percentage, a volume, milliseconds of silence'),
    threshold: z.number().optional().describe('what the rule asks for, in the same unit'),
    message: z.string().min(1).max(500).describe('one sentence for people'),
    versionUs: z.int().min(0),
  })
  .describe('a rule was met; key: symbol, or the feed');

export type Alert = Readonly<z.infer<typeof alertSchema>>;

/** An alert as compact JSON. */
export function encodeAlert(alert: Alert): Uint8Array {
  return Buffer.from(JSON.stringify(alert));
}
