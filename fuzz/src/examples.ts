/** Right records, alerts and bars, as random as they may be. */
import type { Alert } from '@tapeline/core/alerts';
import { alertConditions, alertSeverities } from '@tapeline/core/alerts';
import { intervalMs, intervals } from '@tapeline/core/intervals';
import type { FeedRecord, HistoryRecord, Tick } from '@tapeline/core/records';
import type { Dice } from './dice.ts';

/** 2024-11-04 10:00:00 UTC, a Monday. */
export const tenOClockMs = Date.UTC(2024, 10, 4, 10);

export const symbolNames = ['BTC/USD', 'ETH/USD', 'AAPL', 'RY:TSX', 'EUR/USD', '東証', 'A"B\\C', 'x'.repeat(64)] as const;
export const feedNames = ['twelve-data/0', 'twelve-data/1', 'finnhub/0'] as const;

/** A decimal of few digits, as vendors send them; seldom any number. */
export function aPrice(dice: Dice): number {
  if (dice.isOneIn(30)) return dice.pick([1e-22, 1e15, 0.000_001, 1e-7, 999_999_999_999_999, 0.1 + 0.2, 1 / 3]);
  return dice.between(1, 10_000_000) / 10 ** dice.below(7);
}

export function aSymbol(dice: Dice): string {
  return dice.pick(dice.isOneIn(6) ? symbolNames : symbolNames.slice(0, 3));
}

/** A tick so long after ten o'clock. */
export function aTick(dice: Dice, atMs = dice.below(600_000), sequence = dice.between(1, 1_000)): Tick {
  const timeMs = tenOClockMs + atMs;
  const price = aPrice(dice);
  return {
    v: 1,
    kind: 'tick',
    feed: dice.isOneIn(12) ? dice.pick(feedNames) : feedNames[0],
    session: dice.isOneIn(20) ? dice.between(1, 3) : 1,
    sequence,
    symbol: aSymbol(dice),
    price,
    ...(dice.isOneIn(2) ? { bid: price, ask: Math.min(price + 1, 1e15) } : {}),
    ...(dice.isOneIn(2) ? { dayVolume: dice.below(1_000_000) } : {}),
    ...(dice.isOneIn(8) ? { size: dice.below(1_000) / 10 } : {}),
    sourceTimeMs: timeMs - (timeMs % 1_000),
    receivedTimeMs: timeMs,
    timeMs: dice.isOneIn(20) ? Math.max(0, timeMs - dice.below(100_000)) : timeMs,
    tradingDay: '2024-11-04',
    tradingDayEndMs: Date.UTC(2024, 10, 5),
  };
}

/** Any record of the feed, so long after ten o'clock. */
export function aRecord(dice: Dice, atMs = dice.below(600_000), sequence = dice.between(1, 1_000)): FeedRecord {
  const timeMs = tenOClockMs + atMs;
  const feed = dice.isOneIn(8) ? dice.pick(feedNames) : feedNames[0];
  const head = { v: 1, feed, session: dice.isOneIn(10) ? 2 : 1 } as const;
  const symbols = dice.list(0, 4, () => aSymbol(dice));
  switch (dice.below(12)) {
    case 0:
      return {
        ...head,
        kind: 'session',
        timeMs,
        symbols: [...symbolNames.slice(0, 3), ...symbols],
        refused: dice.isOneIn(3) ? [{ symbol: 'NO', reason: 'unknown' }] : [],
        ...(dice.isOneIn(3) ? { previous: { session: 1, reason: 'closed', lastDataMs: timeMs - 5_000 } } : {}),
        ...(dice.isOneIn(4) ? { simulated: true } : {}),
        ...(dice.isOneIn(2) ? { newBaseline: true } : {}),
      };
    case 1:
      return {
        ...head,
        kind: 'gap',
        symbols,
        fromMs: timeMs - 5_000,
        toMs: timeMs,
        reason: 'full',
        lost: dice.below(9),
        ...(dice.isOneIn(2) ? { newBaseline: true } : {}),
        receivedTimeMs: timeMs,
      };
    case 2:
      return aHistory(dice, timeMs);
    case 3:
      return {
        v: 1,
        kind: 'instrument',
        symbol: aSymbol(dice),
        name: 'A name',
        exchange: 'NASDAQ',
        currency: 'USD',
        receivedTimeMs: timeMs,
      };
    case 4:
      return { v: 1, kind: 'alert-rules', rules: dice.list(0, 2, () => aRule(dice)), receivedTimeMs: timeMs };
    case 5:
    case 6:
    case 7:
      return {
        ...head,
        kind: 'heartbeat',
        timeMs,
        connected: !dice.isOneIn(8),
        ...(dice.isOneIn(2) ? { lastDataMs: timeMs - 100 } : {}),
        ...(dice.isOneIn(4) ? { openMarkets: ['NASDAQ', 'crypto'] } : {}),
      };
    default:
      return aTick(dice, atMs, sequence);
  }
}

function aHistory(dice: Dice, timeMs: number): HistoryRecord {
  const interval = dice.pick(intervals.filter(each => each !== '1d'));
  const startMs = Math.floor((timeMs - 120_000) / intervalMs(interval)) * intervalMs(interval);
  const [low, high] = [10, 12];
  return {
    ...{
      v: 1,
      kind: 'history',
      source: 'twelve-data/rest',
      action: dice.pick(['fill', 'replace', 'flag'] as const),
      symbol: aSymbol(dice),
    },
    ...{ interval, startMs, endMs: startMs + intervalMs(interval), open: 11, high, low, close: 11.5, tickCount: dice.below(5) },
    ...(dice.isOneIn(2) ? { volume: dice.below(1_000), vwap: 11, vwapKind: 'estimate' as const } : {}),
    flags: dice.pick([['filled'], ['gap', 'filled'], ['reconciled'], ['mismatch']] as const) as unknown as HistoryRecord['flags'],
    revision: dice.below(3),
    receivedTimeMs: timeMs,
    ...(dice.isOneIn(4) ? { gap: { fromMs: startMs, toMs: startMs + 1_000, reason: 'full' } } : {}),
  };
}

/** A rule of alerts, as a file or a record says it. */
export function aRule(dice: Dice): Readonly<Record<string, unknown>> {
  const bars = { symbols: dice.isOneIn(3) ? '*' : ['BTC/USD', 'AAPL'], interval: dice.pick(intervals), hysteresis: dice.below(3) };
  const common = {
    name: `rule ${dice.below(1_000)}`,
    ...(dice.isOneIn(2) ? { severity: dice.pick(alertSeverities), cooldown: dice.pick(['0s', '90s', '2h']) } : {}),
    ...(dice.isOneIn(3) ? { marketHours: dice.pick(['always', 'NYSE', 'forex', 'crypto']) } : {}),
    ...(dice.isOneIn(3) ? { message: '{symbol} is at {value}' } : {}),
  };
  const silence = { longer: dice.pick(['30s', '5m', '1h']) };
  return {
    ...common,
    ...dice.pick<Readonly<Record<string, unknown>>>([
      { condition: 'level', above: aPrice(dice), ...bars },
      { condition: 'level', of: 'rsi14', below: 30, ...bars },
      { condition: 'cross', slow: 'sma20', direction: dice.pick(['over', 'under']), ...bars },
      { condition: dice.pick(['drop', 'spike']), percent: dice.between(1, 9), window: '15m', ...bars },
      { condition: 'volume', times: 3, bars: dice.between(2, 30), ...bars },
      { condition: 'volatility', above: 0.5, ...bars },
      { condition: 'gap', symbols: '*', ...silence },
      { condition: 'stale', ...dice.pick([{ symbols: ['AAPL'] }, { feeds: '*' }, { feeds: ['twelve-data/0'] }]), ...silence },
    ]),
  };
}

export function anAlert(dice: Dice): Alert {
  const timeMs = tenOClockMs + dice.below(86_400_000);
  return {
    ...{ v: 1, kind: 'alert', id: `btc-high BTC/USD ${timeMs}`, rule: dice.pick(['btc-high', 'a <b> & "c"', 'stale']) },
    ...{ condition: dice.pick(alertConditions), severity: dice.pick(alertSeverities), timeMs },
    ...(dice.isOneIn(4) ? { feed: 'twelve-data/0' } : { symbol: aSymbol(dice), interval: dice.pick(intervals) }),
    ...(dice.isOneIn(2) ? { value: aPrice(dice), threshold: aPrice(dice) } : {}),
    ...{ message: dice.pick(['close is 70,000 or above', 'line\nbreak <script>alert(1)</script>', 'é 💹']), versionUs: timeMs * 1_000 },
  };
}

/** Lines of JSON, one for each value. */
export function linesOf(values: readonly unknown[]): string {
  return values.map(value => JSON.stringify(value)).join('\n');
}
