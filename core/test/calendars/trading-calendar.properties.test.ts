/** What holds for every calendar at every moment of 2024 to 2027. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { calendarOf } from '../../src/calendars/market-calendars.ts';
import { type CalendarRules, TradingCalendar } from '../../src/calendars/trading-calendar.ts';
import { addDays } from '../../src/calendars/zoned-time.ts';

const fromMs = Date.parse('2024-01-01T00:00:00Z');
const toMs = Date.parse('2028-01-01T00:00:00Z');
const dayMs = 86_400_000;

/** Open all the time, in zones whose clocks change at midnight or by half an hour. */
const wholeDay = [{ kind: 'regular', fromMinute: 0, toMinute: 1_440 }] as const;
const always = (zone: string): CalendarRules => ({ zone, hoursOf: () => wholeDay });

const calendars: readonly (readonly [string, TradingCalendar])[] = [
  ...['NASDAQ', 'forex', 'crypto', 'Moon', 'JPX', 'NSE', 'TADAWUL', 'ASX', 'LSE', 'NZX', 'BMV', 'BOVESPA', 'IDX', 'TASE'].map(
    name => [name, calendarOf(name)] as const,
  ),
  ['NYSE extended', calendarOf('NYSE', 'extended')],
  ['Santiago', new TradingCalendar(always('America/Santiago'))],
  ['Havana', new TradingCalendar(always('America/Havana'))],
  ['Lord Howe', new TradingCalendar(always('Australia/Lord_Howe'))],
];

const moment = fc.integer({ min: fromMs, max: toMs });
/** Moments around which something happens more often than anywhere else: whole half hours, and a millisecond on both sides. */
const edge = fc
  .tuple(fc.integer({ min: fromMs / 1_800_000, max: toMs / 1_800_000 }), fc.integer({ min: -1, max: 1 }))
  .map(([half, off]) => half * 1_800_000 + off);
const anyMoment = fc.oneof(moment, edge);

describe.each(calendars)('the calendar of %s', (_, calendar) => {
  it('puts every moment into exactly one day', () => {
    fc.assert(
      fc.property(anyMoment, timeMs => {
        const day = calendar.tradingDayOf(timeMs);
        const neighbours = [addDays(day.day, -1), day.day, addDays(day.day, 1)].map(date => calendar.day(date));
        const holding = neighbours.filter(({ startMs, endMs }) => timeMs >= startMs && timeMs < endMs);
        expect(holding).toEqual([day]);
      }),
      { numRuns: 300 },
    );
  });

  it('has days that follow each other, of 23 to 25 hours, each labelled with the next date', () => {
    const days = [...calendar.days(fromMs, toMs)];
    expect(days.length).toBeGreaterThanOrEqual(1_461);
    const broken = days.filter(({ day, startMs, endMs }, index) => {
      const next = days[index + 1] ?? { day: addDays(day, 1), startMs: endMs };
      return next.day !== addDays(day, 1) || next.startMs !== endMs || Math.abs(endMs - startMs - dayMs) > 3_600_000;
    });
    expect(broken).toEqual([]);
  });

  it('lists sessions in order, within their day', () => {
    const broken = [...calendar.days(fromMs, toMs)].filter(({ startMs, endMs, sessions }) => {
      const turns = [startMs, ...sessions.flatMap(({ openMs, closeMs }) => [openMs, closeMs]), endMs];
      const isSorted = turns.every((turnMs, index) => turnMs <= (turns[index + 1] ?? endMs));
      return !isSorted || sessions.some(({ openMs, closeMs }) => openMs === closeMs);
    });
    expect(broken).toEqual([]);
  });

  it('is open exactly within the sessions that it lists', () => {
    const sessions = [...calendar.days(fromMs - dayMs, toMs + dayMs)].flatMap(day => day.sessions);
    fc.assert(
      fc.property(anyMoment, timeMs => {
        const listed = sessions.some(({ openMs, closeMs }) => timeMs >= openMs && timeMs < closeMs);
        expect(calendar.isOpen(timeMs)).toBe(listed);
      }),
      { numRuns: 300 },
    );
  });

  it('opens and closes next where its open spans say, however time jumps', () => {
    const spans = [...calendar.openSpans(fromMs - dayMs, toMs + 40 * dayMs)];
    const neverCloses = spans.length === 1;
    fc.assert(
      fc.property(anyMoment, timeMs => {
        const open = spans.find(span => span.fromMs > timeMs)?.fromMs;
        const close = spans.find(span => span.toMs > timeMs)?.toMs;
        expect(calendar.nextOpenMs(timeMs)).toBe(neverCloses ? undefined : open);
        expect(calendar.nextCloseMs(timeMs)).toBe(neverCloses ? undefined : close);
      }),
      { numRuns: 300 },
    );
  });
});
