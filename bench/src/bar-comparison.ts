/** Compares the bars that a peer gave out with the oracle's. */
import { type Interval, intervalMs, isInterval } from '@tapeline/core/intervals';
import { type Oracle, type OracleBar, type OracleWindow, windowKey } from './bar-oracle.ts';

/** Which bars a peer owes: `on-time` drops late ticks, `all` corrects bars with them. */
export type Lateness = 'on-time' | 'all';

/** Bars in whose window no tick was late, and apart from them those where one was: peers differ in what late is. */
export interface BarComparison {
  readonly expected: number;
  readonly equal: number;
  readonly missing: number;
  readonly otherCount: number;
  readonly otherOpenOrClose: number;
  readonly otherHighOrLow: number;
  readonly withLateTicks: { readonly expected: number; readonly equal: number };
  /** Closed windows that the oracle does not know. */
  readonly unexpected: number;
  /** Bars given out more than once; of these the last one counts. */
  readonly repeated: number;
}

/** One bar in the lines that peers write: `symbol,interval,startMs,open,high,low,close,count`. */
export function barLine(bar: OracleBar): string {
  return `${windowKey(bar)},${bar.open},${bar.high},${bar.low},${bar.close},${bar.count}`;
}

/** @throws RangeError on a line that is no bar. */
export function parseBarLine(line: string): OracleBar {
  const [symbol = '', interval = '', ...numbers] = line.split(',');
  const [startMs, open, high, low, close, count] = numbers.map(Number);
  if (!isInterval(interval) || numbers.length !== 6 || numbers.some(text => text === '' || Number.isNaN(Number(text)))) {
    throw new RangeError(`a line of bars must be symbol,interval,startMs,open,high,low,close,count, was "${line}"`);
  }
  return { symbol, interval, startMs, open, high, low, close, count } as OracleBar;
}

/** Compares the closed bars of `interval`; the last windows, which nothing closes, are left out. */
export function compareBars(given: Iterable<OracleBar>, oracle: Oracle, interval: Interval, lateness: Lateness): BarComparison {
  const bars = new Map<string, OracleBar>();
  let repeated = 0;
  for (const bar of given) {
    if (bar.interval !== interval || bar.startMs + intervalMs(interval) > oracle.closedUntilMs) continue;
    const key = windowKey(bar);
    if (bars.has(key)) repeated += 1;
    bars.set(key, bar);
  }
  const unexpected = [...bars.keys()].filter(key => !oracle.windows.has(key)).length;
  const owed = [...oracle.windows].flatMap(([key, window]) => owedBar(key, window, lateness));
  const closed = owed.filter(({ bar }) => bar.interval === interval && bar.startMs + intervalMs(interval) <= oracle.closedUntilMs);
  const late = closed.filter(entry => entry.late);
  const clean = closed.filter(entry => !entry.late).map(({ key, bar }) => ({ bar, answer: bars.get(key) }));
  const present = clean.flatMap(({ bar, answer }) => (answer === undefined ? [] : [{ bar, answer }]));
  return {
    expected: clean.length,
    equal: present.filter(({ bar, answer }) => isEqual(bar, answer)).length,
    missing: clean.length - present.length,
    otherCount: present.filter(({ bar, answer }) => bar.count !== answer.count).length,
    otherOpenOrClose: present.filter(({ bar, answer }) => bar.open !== answer.open || bar.close !== answer.close).length,
    otherHighOrLow: present.filter(({ bar, answer }) => bar.high !== answer.high || bar.low !== answer.low).length,
    withLateTicks: { expected: late.length, equal: late.filter(({ key, bar }) => isEqual(bar, bars.get(key))).length },
    unexpected,
    repeated,
  };
}

function owedBar(key: string, window: OracleWindow, lateness: Lateness): readonly { key: string; bar: OracleBar; late: boolean }[] {
  const bar = lateness === 'all' ? window.all : window.onTime;
  return bar === undefined ? [] : [{ key, bar, late: window.late > 0 }];
}

function isEqual(bar: OracleBar, answer: OracleBar | undefined): boolean {
  return answer !== undefined && barLine(bar) === barLine(answer);
}
