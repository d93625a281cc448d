/**
 * Storms of sessions that go wrong, and the accounts after them. `STORM_SESSIONS` makes it longer (500 by default), `STORM_SEED` another one;
 * the seed is printed, and stands in the name of each test. A report holds all that a further account of a storm needs (what the feed gave out, the
 * log, what the vendor sent); its check goes into the loop of the first test.
 *
 * The bars are compared after a storm of its own, with as many sessions, over a market that says the time itself (`FEED_CLOCK=feed`): in the
 * machine's time a session lasts less than a second, and no minute would be without a gap. Its log is folded by the processor into SQLite.
 */
import { describe, expect, it } from '@jest/globals';
import type { Bar } from '@tapeline/core/bars';
import type { DeadLetter } from '@tapeline/core/dead-letters';
import { type Interval, intervalMs } from '@tapeline/core/intervals';
import { createLogger } from '@tapeline/core/logging';
import type { GapRecord, Tick } from '@tapeline/core/records';
import type { FeedEvent } from '@tapeline/ingestion/feed';
import type { BarSource } from '@tapeline/simulator/rest/seeded-bars';
import { type AccountedPrice, barOf, startAccountedMarket } from './support/accounted-market.ts';
import { backfilled } from './support/backfilled-log.ts';
import { foldedLog, recordsOfPartition } from './support/folded-log.ts';
import { type Absence, absencesOf } from './support/gap-account.ts';
import { mostSessions, runStorm, type StormReport, stormSymbols } from './support/storm.ts';

const sessions = Number(process.env.STORM_SESSIONS ?? 500);
const seed = Number(process.env.STORM_SEED ?? 1);
/** So many at once: most of a storm is waiting. */
const atOnce = 5;
const [hourMs, dayMs] = [3_600_000, 86_400_000];
const minutes = 2 + Math.ceil(sessions / 250);

const ticksOf = (events: readonly FeedEvent[]): Tick[] => events.filter(event => event.kind === 'tick');
const lettersOf = (events: readonly FeedEvent[]): DeadLetter[] => events.filter(event => event.kind === 'dead-letter');
const nameOf = ({ symbol, session, sequence }: Tick) => `${symbol} ${session} ${sequence}`;
const bySymbol = <T extends { readonly symbol: string; readonly fromMs: number }>(items: readonly T[]): T[] =>
  items.toSorted((a, b) => (a.symbol < b.symbol ? -1 : a.symbol > b.symbol ? 1 : a.fromMs - b.fromMs));

/**
 * The longest of those that begin alike: a symbol that is given up twice before another price comes is absent since the same price, and
 * in the store the second absence takes the place of the first where both have one reason.
 */
function longest(absences: readonly Absence[]): readonly Absence[] {
  const byBegin = new Map<string, Absence>();
  for (const absence of absences) {
    const key = `${absence.fromMs} ${absence.symbol}`;
    if ((byBegin.get(key)?.toMs ?? 0) < absence.toMs) byBegin.set(key, absence);
  }
  return [...byBegin.values()];
}

/** `count` sessions in storms that run beside each other, each with a seed of its own. */
async function storms<T>(count: number, firstSeed: number, run: (seed: number, sessions: number) => Promise<T>): Promise<readonly T[]> {
  const each = Math.min(mostSessions, Math.ceil(count / atOnce));
  const seeds = Array.from({ length: Math.ceil(count / each) }, (_, index) => firstSeed + index);
  const reports: T[] = [];
  for (let first = 0; first < seeds.length; first += atOnce) {
    const next = seeds.slice(first, first + atOnce).map(own => run(own, each));
    reports.push(...(await Promise.all(next)));
  }
  return reports;
}

const ofWeather = (slowLog: boolean) => (own: number, count: number) => runStorm({ seed: own, sessions: count, slowLog });

/** Ticks of the log, as all partitions hold them. */
async function loggedTicks({ log }: StormReport): Promise<Tick[]> {
  return (await Promise.all([0, 1, 2, 3].map(partition => recordsOfPartition(log, partition))))
    .flat()
    .filter(record => record.kind === 'tick');
}

const gapRecords = async ({ log }: StormReport): Promise<GapRecord[]> =>
  (await recordsOfPartition(log, 0)).filter(record => record.kind === 'gap');

/** What the vendor sent before it ended a connection was all received: how many sessions were so, and were looked at. */
function checkVendorsAccount({ events, connections }: StormReport): number {
  const received = Map.groupBy([...ticksOf(events).map(({ session }) => session), ...lettersOf(events).map(sessionOf)], session => session);
  const begins = new Map<number, number>();
  const ends = new Map<number, string>();
  for (const event of events) {
    if (event.kind !== 'session') continue;
    if (!begins.has(event.session)) begins.set(event.session, event.timeMs);
    if (event.previous !== undefined) ends.set(event.previous.session, event.previous.reason);
  }
  let endedByVendor = 0;
  for (const [session, beganMs] of begins) {
    const connection = connections.findLast(({ openedMs }) => openedMs <= beganMs);
    const prices = received.get(session)?.length ?? 0;
    expect([session, prices <= (connection?.pricesSent ?? 0)]).toEqual([session, true]);
    if (!ends.get(session)?.match(/without a close code|by the server/)) continue;
    expect([session, prices]).toEqual([session, connection?.pricesSent]);
    endedByVendor += 1;
  }
  return endedByVendor;
}

const barIntervals = ['1m', '5m', '15m', '1h'] as const satisfies readonly Interval[];

/** A bar as far as the account knows it; the stream tells no volumes, the vendor's bars do. */
type ShownBar = Pick<Bar, 'symbol' | 'interval' | 'startMs' | 'open' | 'high' | 'low' | 'close' | 'volume'> & {
  readonly isFilled: boolean;
};

const shownBar = ({ symbol, interval, startMs, open, high, low, close, volume, flags }: Bar): ShownBar => {
  return { symbol, interval, startMs, open, high, low, close, volume, isFilled: flags.includes('filled') };
};

/**
 * A storm in a market whose minutes pass in milliseconds, and its backfill: how many bars were as the feed told them, and how many the
 * vendor's.
 */
async function backfilledStorm(own: number, count: number): Promise<{ readonly told: number; readonly filled: number }> {
  const logger = createLogger({ name: 'market', level: 'silent', secrets: [] });
  const beginMs = Math.floor(Date.now() / dayMs - 5) * dayMs;
  const market = await startAccountedMarket({ seed: own, symbols: stormSymbols, beginMs, logger });
  // Where prices come in no order nobody can tell those that were lost from those that the vendor kept back: every second storm.
  const inOrder = own % 2 === 0;
  const { events, log, totals } = await runStorm({ seed: own, sessions: count, slowLog: false, inOrder, vendor: market });
  if (inOrder) expect(stormSymbols.flatMap(symbol => untold(symbol, events, market.prices(symbol)))).toEqual([]);
  expect([totals.lost, totals.received]).toEqual([0, totals.accepted + totals.refused]);
  const nowMs = ticksOf(events).at(-1)?.timeMs ?? 0;
  // The last hour of the calm is for what comes late.
  const overMs = Math.floor((nowMs - hourMs) / hourMs) * hourMs;
  const bars: BarSource = ({ symbol }, startMs, lengthMs) => barOf(market.prices(symbol), startMs, lengthMs);
  const after = await backfilled({ entries: log.entries, symbols: stormSymbols, intervals: barIntervals, bars, nowMs, overMs });
  const stored = after.gaps.map(({ symbol, fromMs, toMs }) => ({ symbol, fromMs, toMs }));
  expect(bySymbol(longest(stored))).toEqual(bySymbol(longest(absencesOf(events))));
  const expected = barIntervals.flatMap(interval =>
    stormSymbols.flatMap(symbol => accountOf({ symbol, interval, beginMs, overMs }, events, market.prices(symbol))),
  );
  const byPlace = ({ symbol, interval, startMs }: ShownBar) => `${symbol} ${interval} ${startMs}`;
  const sorted = (shown: readonly ShownBar[]) => shown.toSorted((a, b) => (byPlace(a) < byPlace(b) ? -1 : 1));
  expect(sorted(after.bars.map(shownBar))).toEqual(sorted(expected));
  const filled = expected.filter(({ isFilled }) => isFilled).length;
  return { told: expected.length - filled, filled };
}

/** Prices that the vendor had since it sent the symbol first, and that are in no tick, in no dead letter and in no absence's time. */
function untold(symbol: string, events: readonly FeedEvent[], all: readonly AccountedPrice[]): readonly AccountedPrice[] {
  const sessions = events.filter(event => event.kind === 'session');
  const sinceMs = sessions.find(({ symbols }) => symbols.includes(symbol))?.timeMs ?? Number.POSITIVE_INFINITY;
  const untilMs = ticksOf(events).findLast(tick => tick.symbol === symbol)?.receivedTimeMs ?? 0;
  const told = new Set(ticksOf(events).flatMap(tick => (tick.symbol === symbol ? [tick.price] : [])));
  const refused = lettersOf(events).flatMap(({ value }) => (value.includes(`"${symbol}"`) ? [value] : []));
  const absences = absencesOf(events).filter(absence => absence.symbol === symbol);
  return all.filter(
    ({ timeMs, price }) =>
      timeMs >= sinceMs &&
      timeMs <= untilMs &&
      !told.has(price) &&
      !absences.some(({ fromMs, toMs }) => fromMs <= timeMs && timeMs < toMs) &&
      !refused.some(value => value.includes(`"price":${price},`) || value.includes(`"price":${price}}`)),
  );
}

interface Windows {
  readonly symbol: string;
  readonly interval: Interval;
  readonly beginMs: number;
  readonly overMs: number;
}

/**
 * What a gap touched is of all prices that there were, all else of all that the feed gave out, each at its own time: also where the vendor
 * has no price, as of one that it stamped ahead and sent so late that nobody could know.
 */
function accountOf(
  { symbol, interval, beginMs, overMs }: Windows,
  events: readonly FeedEvent[],
  all: readonly AccountedPrice[],
): ShownBar[] {
  const lengthMs = intervalMs(interval);
  const absences = absencesOf(events).filter(absence => absence.symbol === symbol);
  const told = ticksOf(events)
    .filter(tick => tick.symbol === symbol)
    .toSorted((a, b) => a.timeMs - b.timeMs || a.session - b.session || a.sequence - b.sequence);
  return Array.from({ length: (overMs - beginMs) / lengthMs }, (_, index) => beginMs + index * lengthMs).flatMap(startMs => {
    const isTouched = absences.some(({ fromMs, toMs }) => fromMs < startMs + lengthMs && toMs > startMs);
    const filled = isTouched ? barOf(all, startMs, lengthMs) : undefined;
    const bar = filled ?? barOf(told, startMs, lengthMs);
    return bar === undefined ? [] : [{ symbol, interval, startMs, ...bar, volume: filled?.volume, isFilled: filled !== undefined }];
  });
}

const sessionOf = ({ origin }: DeadLetter): number => Number(origin.split(' ').at(-1));

describe(`a storm with seed ${seed}`, () => {
  it(
    `of ${sessions} sessions: received = accepted + refused + lost, and the gaps are those of the feed's own account and none other`,
    async () => {
      process.stderr.write(`storm: STORM_SEED=${seed} STORM_SESSIONS=${sessions}\n`);
      const reports = await storms(sessions, seed * 1_000, ofWeather(false));
      expect(
        reports.reduce((sum, { events }) => sum + new Set(events.flatMap(e => (e.kind === 'session' ? [e.session] : []))).size, 0),
      ).toBeGreaterThanOrEqual(sessions);
      for (const report of reports) {
        const { events, totals } = report;
        const [accepted, refused] = [ticksOf(events).length, lettersOf(events).length];
        expect(totals).toEqual({ received: accepted + refused, accepted, refused, lost: 0, buffered: 0 });
        expect((await loggedTicks(report)).map(nameOf).toSorted()).toEqual(ticksOf(events).map(nameOf).toSorted());
        expect(report.log.deadLetters()).toHaveLength(refused);
        expect(checkVendorsAccount(report)).toBeGreaterThan(0);
        expect(await gapRecords(report)).toEqual([]);
        const { gaps } = await foldedLog(report.log);
        expect(bySymbol(gaps.map(({ symbol, fromMs, toMs }) => ({ symbol, fromMs, toMs })))).toEqual(bySymbol(absencesOf(events)));
      }
    },
    minutes * 60_000,
  );

  it(
    'over a log that stands still now and then: the vendor is held back, and nothing is lost',
    async () => {
      for (const report of await storms(Math.max(100, Math.ceil(sessions / 5)), seed * 1_000 + 500, ofWeather(true))) {
        const [accepted, refused] = [ticksOf(report.events).length, lettersOf(report.events).length];
        expect(report.totals).toEqual({ received: accepted + refused, accepted, refused, lost: 0, buffered: 0 });
        expect((await loggedTicks(report)).map(nameOf).toSorted()).toEqual(ticksOf(report.events).map(nameOf).toSorted());
        expect(report.log.deadLetters()).toHaveLength(refused);
        expect(await gapRecords(report)).toEqual([]);
      }
    },
    minutes * 60_000,
  );

  it(
    "in a market whose minutes pass in milliseconds: bars after backfill equal the feed's own account exactly",
    async () => {
      for (const { told, filled } of await storms(sessions, seed * 1_000 + 700, backfilledStorm)) {
        expect(told).toBeGreaterThan(0);
        expect(filled).toBeGreaterThan(0);
      }
    },
    minutes * 60_000,
  );
});
