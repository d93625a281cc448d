/**
 * Rules that alerts are given by: what a rules file says, and what an `alert-rules` record holds.
 *
 * A list of them is taken or refused as a whole (`parse-alert-rules.ts`). Rules in the log were checked before they got there; the fold
 * checks them again with the same schema, which changes nothing of a rule that went through it before.
 */
import { z } from 'zod';
import { alertSeverities } from './alerts.ts';
import { isDuration } from './durations.ts';
import { intervals } from './intervals.ts';

/** Prices that cross each other. */
const crossReadings = ['close', 'vwap', 'sma20', 'ema12', 'ema26', 'bollingerUpper', 'bollingerLower', 'macd', 'macdSignal'] as const;
/** What a rule of the condition `level` can look at. */
const levelReadings = [...crossReadings, 'high', 'low', 'rsi14', 'macdHistogram', 'momentum10'] as const;
const volatilityReadings = ['volatility20', 'atr14'] as const;
export type BarReading = (typeof levelReadings | typeof volatilityReadings)[number];

const durationFault = 'must be a duration like 90s, 15m or 2h';
const duration = z.string({ error: durationFault }).refine(isDuration, durationFault);
const bound = z.number().min(-1e18).max(1e18);
const amount = z.number().positive().max(1e18);
const symbolsFault = 'must be "*" (all symbols) or a list of symbols';
const symbols = z.union([z.literal('*'), z.array(z.string().min(1).max(64)).min(1, symbolsFault).max(10_000)], { error: symbolsFault });

const common = {
  name: z
    .string()
    .max(100)
    .regex(/^[\p{L}\p{N}][\p{L}\p{N} ._-]*$/u, 'must be letters, digits, spaces and . _ - only'),
  severity: z.enum(alertSeverities).default('warning'),
  cooldown: duration.default('0s').describe('for this long after an alert no other one is given for the same symbol'),
  marketHours: z
    .string()
    .max(64)
    .default('always')
    .describe('a market whose regular hours count, as NYSE, forex or crypto; alerts are given within them only'),
  message: z.string().min(1).max(300).optional().describe('what people read; places like {symbol} are filled in'),
};
const ofBars = {
  symbols,
  interval: z.enum(intervals).default('1m').describe('of the bars that are looked at as they close'),
  hysteresis: z
    .number()
    .min(0)
    .max(1e18)
    .default(0)
    .describe('how far the value must be back behind the bound before the next alert, in its own unit'),
};

const levelRuleSchema = z.strictObject({
  condition: z.literal('level'),
  of: z.enum(levelReadings).default('close'),
  above: bound.optional().describe('at or above; one of above and below'),
  below: bound.optional().describe('at or below'),
  ...common,
  ...ofBars,
});

const crossRuleSchema = z.strictObject({
  condition: z.literal('cross'),
  fast: z.enum(crossReadings).default('close'),
  slow: z.enum(crossReadings),
  direction: z.enum(['over', 'under']),
  ...common,
  ...ofBars,
});

/** Of the close against the highest price (drop) or the lowest (spike) of the bars that ended within the window, this one included. */
const moveFields = { percent: amount, window: duration, ...common, ...ofBars };
const dropRuleSchema = z.strictObject({ condition: z.literal('drop'), ...moveFields });
const spikeRuleSchema = z.strictObject({ condition: z.literal('spike'), ...moveFields });

const volumeRuleSchema = z.strictObject({
  condition: z.literal('volume'),
  above: amount.optional().describe('of one bar; one of above and times'),
  times: amount.optional().describe('the mean volume of the bars before'),
  bars: z.int().min(2).max(500).default(20).describe('how many before make the mean'),
  ...common,
  ...ofBars,
});

const volatilityRuleSchema = z.strictObject({
  condition: z.literal('volatility'),
  of: z.enum(volatilityReadings).default('volatility20'),
  above: amount,
  ...common,
  ...ofBars,
});

const gapRuleSchema = z.strictObject({ condition: z.literal('gap'), longer: duration, symbols, ...common });

/** Of symbols: no price while their feed is connected. Of feeds: not connected. */
const staleRuleSchema = z.strictObject({
  condition: z.literal('stale'),
  longer: duration,
  symbols: symbols.optional().describe('one of symbols and feeds'),
  feeds: z
    .union([z.literal('*'), z.array(z.string().min(1).max(64)).min(1).max(1_000)], {
      error: 'must be "*" (all feeds) or a list of feeds, as twelve-data/0',
    })
    .optional(),
  ...common,
});

export const alertRuleSchema = z.discriminatedUnion('condition', [
  levelRuleSchema,
  crossRuleSchema,
  dropRuleSchema,
  spikeRuleSchema,
  volumeRuleSchema,
  volatilityRuleSchema,
  gapRuleSchema,
  staleRuleSchema,
]);

export type LevelRule = Readonly<z.infer<typeof levelRuleSchema>>;
export type CrossRule = Readonly<z.infer<typeof crossRuleSchema>>;
export type MoveRule = Readonly<z.infer<typeof dropRuleSchema> | z.infer<typeof spikeRuleSchema>>;
export type VolumeRule = Readonly<z.infer<typeof volumeRuleSchema>>;
export type VolatilityRule = Readonly<z.infer<typeof volatilityRuleSchema>>;
export type GapRule = Readonly<z.infer<typeof gapRuleSchema>>;
export type StaleRule = Readonly<z.infer<typeof staleRuleSchema>>;
/** A rule that looks at bars as they close. */
export type BarRule = LevelRule | CrossRule | MoveRule | VolumeRule | VolatilityRule;
/** With every default filled in; plain data. */
export type AlertRule = BarRule | GapRule | StaleRule;

export function isOfBars(rule: AlertRule): rule is BarRule {
  return rule.condition !== 'gap' && rule.condition !== 'stale';
}
