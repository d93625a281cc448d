/**
 * A day of a quiet market whose events are known: six symbols near 100, a price each 20 s and a heartbeat each 10 s, and what is
 * written out below. Each event is there to give an alert, or to give none; `expectedAlerts` says which.
 */
import type { FeedRecord, Tick } from '@tapeline/core/records';

export const dayMs = Date.UTC(2024, 10, 4);
const seededFeed = 'seeded/0';
const seededSymbols = ['BTC/USD', 'ETH/USD', 'AAPL', 'SOL/USD', 'XRP/USD', 'LTC/USD'] as const;
type SeededSymbol = (typeof seededSymbols)[number];

type Rule = Readonly<Record<string, unknown>>;

const kept: readonly Rule[] = [
  { name: 'btc high', condition: 'level', symbols: ['BTC/USD'], above: 105, hysteresis: 2, severity: 'critical' },
  { name: 'eth over average', condition: 'cross', symbols: ['ETH/USD'], interval: '5m', slow: 'sma20', direction: 'over', hysteresis: 0.5 },
  { name: 'fall', condition: 'drop', symbols: '*', percent: 4, window: '15m', hysteresis: 1, cooldown: '30m' },
  { name: 'aapl low', condition: 'level', symbols: ['AAPL'], below: 95, marketHours: 'NYSE' },
  { name: 'much', condition: 'volume', symbols: ['AAPL'], times: 5, bars: 20, marketHours: 'NYSE', severity: 'info' },
  { name: 'wild', condition: 'volatility', symbols: ['SOL/USD'], above: 0.004, hysteresis: 0.001 },
  { name: 'ltc swings', condition: 'level', symbols: ['LTC/USD'], above: 102, cooldown: '2h' },
  { name: 'missing', condition: 'gap', symbols: '*', longer: '1m', cooldown: '1m' },
  { name: 'quiet', condition: 'stale', symbols: ['XRP/USD'], longer: '5m' },
  { name: 'away', condition: 'stale', feeds: '*', longer: '30s', severity: 'critical' },
];
/** Until noon. */
const firstRules: readonly Rule[] = [...kept, { name: 'rise', condition: 'spike', symbols: '*', percent: 4, window: '15m' }];
/** From noon on: one is gone, one is new, the others go on. */
export const secondRules: readonly Rule[] = [{ name: 'btc near', condition: 'level', symbols: ['BTC/USD'], above: 104 }, ...kept];

/** Prices that differ from 100, from a minute of the day up to another. */
const moves: Readonly<Record<SeededSymbol, readonly (readonly [from: string, to: string, price: number])[]>> = {
  'BTC/USD': [
    ['11:50', '12:10', 106],
    ['18:00', '18:30', 106],
  ],
  'ETH/USD': [
    ['14:30', '15:30', 99],
    ['15:30', '24:00', 101],
  ],
  AAPL: [
    ['09:00', '11:00', 94],
    ['14:00', '15:30', 94],
  ],
  // A minute up, a minute down.
  'SOL/USD': Array.from(
    { length: 20 },
    (_, minute) => [`20:${two(minute)}`, `20:${two(minute + 1)}`, minute % 2 === 0 ? 101 : 99] as const,
  ),
  'XRP/USD': [],
  'LTC/USD': [
    ['05:00', '05:10', 103],
    ['06:00', '06:10', 103],
    ['07:30', '07:40', 103],
  ],
};
/** Minutes in which ten times the usual is traded. */
const busy: Readonly<Partial<Record<SeededSymbol, readonly string[]>>> = { AAPL: ['10:00', '15:00'] };
const silence = ['16:00', '16:20'] as const;
/** The feed is cut off, and comes back with a new session. */
const cutFromMs = momentOf('13:00');
const cutToMs = cutFromMs + 150_000;

/** Time (UTC), rule and subject of all that the day gives, in the order of time; then of rule and subject. */
export const expectedAlerts: readonly string[] = [
  // The one at 06:01 falls into the cooldown, and at its end the price is back.
  '05:01:00 ltc swings LTC/USD',
  '07:31:00 ltc swings LTC/USD',
  // New York sleeps: nothing of "aapl low" and "much" before 14:30.
  '09:01:00 fall AAPL',
  '11:01:00 rise AAPL',
  '11:51:00 btc high BTC/USD',
  '11:51:00 rise BTC/USD',
  // Other rules at noon: "btc high" has told already, "btc near" is new, and nobody tells of a rise any more.
  '12:00:00 btc near BTC/USD',
  '12:11:00 fall BTC/USD',
  '13:00:40 away seeded/0',
  '13:02:30 missing AAPL',
  '13:02:30 missing BTC/USD',
  '13:02:30 missing ETH/USD',
  '13:02:30 missing LTC/USD',
  '13:02:30 missing SOL/USD',
  '13:02:30 missing XRP/USD',
  '14:01:00 fall AAPL',
  // Low since 14:00; the first bar of the session.
  '14:31:00 aapl low AAPL',
  '15:01:00 much AAPL',
  '15:35:00 eth over average ETH/USD',
  '16:04:50 quiet XRP/USD',
  '18:01:00 btc high BTC/USD',
  '18:01:00 btc near BTC/USD',
  '18:31:00 fall BTC/USD',
  '20:02:00 wild SOL/USD',
].toSorted();

/** An alert as `expectedAlerts` writes it. */
export function alertLine(alert: {
  readonly timeMs: number;
  readonly rule: string;
  readonly symbol?: string;
  readonly feed?: string;
}): string {
  return `${new Date(alert.timeMs).toISOString().slice(11, 19)} ${alert.rule} ${alert.symbol ?? alert.feed}`;
}

/** The records of one hour of the day; those without a key go to every partition. */
export function seededHour(hour: number): readonly FeedRecord[] {
  const records: FeedRecord[] = [];
  const fromMs = dayMs + hour * 3_600_000;
  if (hour === 0) records.push(sessionRecord(1, fromMs), rulesRecord(firstRules, fromMs));
  if (hour === 12) records.push(rulesRecord(secondRules, fromMs));
  for (let timeMs = fromMs; timeMs < fromMs + 3_600_000; timeMs += 1_000) {
    if (timeMs === cutToMs) records.push(sessionRecord(2, timeMs));
    const isCut = timeMs >= cutFromMs && timeMs < cutToMs;
    if (!isCut) records.push(...ticksAt(timeMs));
    if (timeMs % 10_000 === 0) records.push(heartbeat(timeMs, isCut && timeMs > cutFromMs));
  }
  return records;
}

function ticksAt(timeMs: number): readonly Tick[] {
  const ticks = seededSymbols.flatMap((symbol, index) => {
    if ((timeMs / 1_000) % 20 !== index + 1 || (symbol === 'XRP/USD' && isWithin(timeMs, silence))) return [];
    return [tickOf(symbol, timeMs, priceOf(symbol, timeMs))];
  });
  // Once an hour a price that is far too high comes late: 31 s, which corrects a bar of a minute that is closed, or two minutes.
  const [minute, second] = [Math.floor(timeMs / 60_000) % 60, (timeMs / 1_000) % 60];
  if (second !== 16 || (minute !== 20 && minute !== 40)) return ticks;
  return [...ticks, tickOf('BTC/USD', timeMs - (minute === 20 ? 31_000 : 136_000), 200, timeMs)];
}

function tickOf(symbol: SeededSymbol, timeMs: number, price: number, receivedTimeMs = timeMs): Tick {
  return {
    ...{ v: 1, kind: 'tick', feed: seededFeed, session: sessionAt(receivedTimeMs) },
    // Two at one second at most: one in its turn and a late one.
    sequence: (receivedTimeMs - dayMs) / 500 + (timeMs < receivedTimeMs ? 2 : 1),
    ...{ symbol, price, dayVolume: dayVolumeOf(symbol, receivedTimeMs) },
    ...{ sourceTimeMs: timeMs, receivedTimeMs, timeMs, tradingDay: '2024-11-04', tradingDayEndMs: dayMs + 86_400_000 },
  };
}

/** Some cents up and down, so that no bar is like the one before. */
function priceOf(symbol: SeededSymbol, timeMs: number): number {
  const [, , price] = moves[symbol].find(move => isWithin(timeMs, move)) ?? ['', '', 100];
  const step = (timeMs - dayMs) / 20_000;
  return price + (Math.floor((step * 7_919 + symbol.length * 104_729) % 11) - 5) / 100;
}

/** Ten a tick, a hundred in busy minutes. */
function dayVolumeOf(symbol: SeededSymbol, timeMs: number): number {
  const ticks = Math.floor((timeMs - dayMs) / 20_000);
  const more = (busy[symbol] ?? []).map(minute => Math.min(3, Math.max(0, (timeMs - momentOf(minute)) / 20_000)));
  return 10 * ticks + Math.round(more.reduce((sum, ticksWithin) => sum + 90 * Math.ceil(ticksWithin), 0));
}

function isWithin(timeMs: number, [from, to]: readonly [string, string, ...unknown[]]): boolean {
  const minute = new Date(timeMs).toISOString().slice(11, 16);
  return minute >= from && minute < to;
}

function momentOf(minute: string): number {
  const [hours = 0, minutes = 0] = minute.split(':').map(Number);
  return dayMs + hours * 3_600_000 + minutes * 60_000;
}

function sessionAt(timeMs: number): number {
  return timeMs >= cutToMs ? 2 : 1;
}

function sessionRecord(session: number, timeMs: number): FeedRecord {
  const previous = session === 1 ? {} : { previous: { session: 1, reason: 'socket closed', lastDataMs: cutFromMs - 4_000 } };
  return { v: 1, kind: 'session', feed: seededFeed, session, timeMs, symbols: [...seededSymbols], refused: [], ...previous };
}

function rulesRecord(rules: readonly Rule[], timeMs: number): FeedRecord {
  return { v: 1, kind: 'alert-rules', rules: [...rules], receivedTimeMs: timeMs };
}

function heartbeat(timeMs: number, isCut: boolean): FeedRecord {
  return { v: 1, kind: 'heartbeat', feed: seededFeed, session: sessionAt(timeMs), timeMs, connected: !isCut };
}

function two(minute: number): string {
  return String(minute).padStart(2, '0');
}
