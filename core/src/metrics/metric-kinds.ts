/** What a metric is: its kind, what it says of the health of its part, and its labels with all values that they may have. */
import { errorCodes } from '../errors.ts';

export type MetricKind = 'counter' | 'gauge' | 'histogram';

/**
 * What somebody learns from it: how much (`rate`), what went wrong (`errors`), how long it took (`duration`), how near a bound it is
 * (`saturation`), or how things stand (`state`).
 */
export const signals = ['rate', 'errors', 'duration', 'saturation', 'state'] as const;
export type Signal = (typeof signals)[number];

/** Processes with `/metrics`, by the name of their chart or job. `npm start` shows what all of them do. */
export const processes = [
  'ingester',
  'stream-processor',
  'live-board',
  'notifier',
  'backfiller',
  'history',
  'instruments',
  'export-job',
] as const;
export type ProcessName = (typeof processes)[number];

/** What a label may say: never a symbol, an address or a text of somebody else's. */
export interface LabelValues {
  /** All of them, where they are known. */
  readonly values?: readonly string[];
  readonly pattern?: RegExp;
  /** How many there can be. */
  readonly most: number;
  readonly about: string;
}

export type Labels<Label extends string = string> = Readonly<Record<Label, LabelValues>>;

export interface MetricDeclaration<Kind extends MetricKind = MetricKind, Label extends string = string> {
  readonly kind: Kind;
  readonly signal: Signal;
  readonly help: string;
  readonly labels: Labels<Label>;
  /** Upper bounds of a histogram, in its unit. */
  readonly buckets?: readonly number[];
  /** Of a gauge: 0 is true before anybody has set it. */
  readonly startsAtZero?: true;
}

/** Only grows. */
export function counter<Label extends string = never>(
  signal: Signal,
  help: string,
  labels: Labels<Label> = {} as Labels<Label>,
): MetricDeclaration<'counter', Label> {
  return { kind: 'counter', signal, help, labels };
}

/** Goes up and down; shows nothing before it was set. */
export function gauge<Label extends string = never>(
  signal: Signal,
  help: string,
  labels: Labels<Label> = {} as Labels<Label>,
): MetricDeclaration<'gauge', Label> {
  return { kind: 'gauge', signal, help, labels };
}

/** As {@link gauge}, from 0 on. */
export function gaugeFromZero(signal: Signal, help: string): MetricDeclaration<'gauge', never> {
  return { kind: 'gauge', signal, help, labels: {}, startsAtZero: true };
}

/** How long something took, in seconds. */
export function durations<Label extends string = never>(
  help: string,
  buckets: readonly number[],
  labels: Labels<Label> = {} as Labels<Label>,
): MetricDeclaration<'histogram', Label> {
  return { kind: 'histogram', signal: 'duration', help, labels, buckets };
}

/** One of a list. */
export function oneOf(...values: readonly string[]): LabelValues {
  return { values, most: values.length, about: values.map(value => `\`${value}\``).join(', ') };
}

/** A text of that pattern, of which there are at most so many. */
export function matching(pattern: RegExp, most: number, about: string): LabelValues {
  return { pattern, most, about };
}

/** The code of an error that we know, or `failed`. */
export const errorCode: LabelValues = {
  values: [...errorCodes, 'failed'],
  most: errorCodes.length + 1,
  about: 'the code of an error (`core/src/errors.ts`), `failed` for what has none',
};

/** So many series of it a process can have. */
export function mostSeries({ kind, labels, buckets = [] }: MetricDeclaration): number {
  const perValue = kind === 'histogram' ? buckets.length + 3 : 1;
  return Object.values<LabelValues>(labels).reduce((product, { most }) => product * most, perValue);
}
