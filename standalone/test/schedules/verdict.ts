/** Whether the store holds, at the end, what the log says: every bar and alert to the byte, every acknowledged tick once, nothing else. */
import { type Alert, encodeAlert } from '@tapeline/core/alerts';
import type { Bar } from '@tapeline/core/bars';
import type { MarketStore } from '@tapeline/database/market-store';
import type { MarketLog } from '@tapeline/log/market-log';
import { barBytes, storedBars } from '../../../bench/src/stored-bars.ts';
import { keyOf } from '../support/tick-key.ts';
import { LogFold } from './log-fold.ts';

export interface Verdict {
  readonly faults: readonly string[];
  readonly bars: number;
  readonly ticks: number;
  readonly corrections: number;
  readonly refused: number;
  readonly alerts: number;
}

const hourMs = 3_600_000;
/** More of one kind only fill the screen. */
const mostFaults = 8;

export interface Run {
  readonly symbols: readonly string[];
  /** Keys of the ticks whose append the log confirmed. */
  readonly acknowledged: ReadonlySet<string>;
  /** How far each partition was processed when the processors had stopped. */
  readonly ends: readonly number[];
}

export async function verdictOn(
  { log, store }: { readonly log: MarketLog; readonly store: MarketStore },
  { symbols, acknowledged, ends }: Run,
): Promise<Verdict> {
  const fold = new LogFold(log, ends.length);
  for (const [partition, end] of ends.entries()) await fold.advance(partition, end);
  const faults = [...ticksOnce(fold, acknowledged)];
  const { bars, ticks, refused, alerts } = fold.expected;

  const stored = await storedBars(store, symbols, () => around(25 * hourMs));
  faults.push(...differences('bar', bytesOf(bars), bytesOf(stored)));
  const storedTicks = new Map<string, string>();
  for (const symbol of symbols)
    for (const { tick } of await store.ticks({ symbol, ...around(hourMs) })) storedTicks.set(keyOf(tick), 'stored');
  faults.push(...differences('tick', new Map([...ticks].map(([key]) => [key, 'stored'])), storedTicks));
  const storedAlerts = await store.alerts(around(hourMs));
  faults.push(...differences('alert', textsOf(alerts.values()), textsOf(storedAlerts)));
  // Said again without the fold: each tick that was not refused is in exactly one second of its symbol.
  const due = acknowledged.size - refused.size;
  const seconds = [...stored.values()].filter(({ interval }) => interval === '1s');
  const ticksInSeconds = seconds.reduce((sum, { tickCount }) => sum + tickCount, 0);
  if (ticksInSeconds !== due) faults.push(`the 1s bars count ${ticksInSeconds} ticks, the feed wrote ${due} that count`);
  return {
    faults,
    bars: bars.size,
    ticks: ticks.size,
    corrections: [...bars.values()].filter(bar => bar.revision > 0).length,
    refused: refused.size,
    alerts: alerts.size,
  };
}

/** A run is minutes long; asking for all of time would have the store look into a thousand empty partitions for each symbol. */
function around(eitherWayMs: number) {
  return { fromMs: Date.now() - eitherWayMs, toMs: Date.now() + eitherWayMs, limit: 1_000_000 };
}

function ticksOnce({ ticksInLog }: LogFold, acknowledged: ReadonlySet<string>): readonly string[] {
  const lost = [...acknowledged].filter(key => !ticksInLog.has(key)).map(key => `acknowledged tick ${key} is not in the log`);
  const twice = [...ticksInLog].filter(([, count]) => count > 1).map(([key, count]) => `tick ${key} is in the log ${count} times`);
  const strange = [...ticksInLog.keys()].filter(key => !acknowledged.has(key)).map(key => `tick ${key} is in the log, unacknowledged`);
  return [...lost.slice(0, mostFaults), ...twice.slice(0, mostFaults), ...strange.slice(0, mostFaults)];
}

function bytesOf(bars: ReadonlyMap<string, Bar>): ReadonlyMap<string, string> {
  return new Map([...bars].map(([name, bar]) => [name, barBytes(bar)]));
}

function textsOf(alerts: Iterable<Alert>): ReadonlyMap<string, string> {
  return new Map([...alerts].map(alert => [alert.id, Buffer.from(encodeAlert(alert)).toString()]));
}

function differences(what: string, wanted: ReadonlyMap<string, string>, stored: ReadonlyMap<string, string>): readonly string[] {
  const missing = [...wanted.keys()].filter(key => !stored.has(key)).map(key => `${what} ${key} is missing in the store`);
  const unwanted = [...stored.keys()]
    .filter(key => !wanted.has(key))
    .map(key => `${what} ${key} is in the store, the log knows nothing of it`);
  const different = [...wanted]
    .filter(([key, text]) => stored.has(key) && stored.get(key) !== text)
    .map(([key, text]) => `${what} ${key} differs: the log gives ${text}, the store has ${stored.get(key)}`);
  return [...missing.slice(0, mostFaults), ...unwanted.slice(0, mostFaults), ...different.slice(0, mostFaults)];
}
