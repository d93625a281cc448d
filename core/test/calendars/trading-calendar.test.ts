import { describe, expect, it } from '@jest/globals';
import { calendarOf } from '../../src/calendars/market-calendars.ts';
import type { OpenSpan, TradingDay } from '../../src/calendars/trading-calendar.ts';

const hourMs = 3_600_000;
const iso = (timeMs: number | undefined) => (timeMs === undefined ? 'never' : new Date(timeMs).toISOString().slice(0, 16));
const nasdaq = calendarOf('NASDAQ');
const forex = calendarOf('forex');
const crypto = calendarOf('crypto');

const bounds = ({ day, startMs, endMs }: TradingDay) => `${day} ${iso(startMs)} ${iso(endMs)} ${(endMs - startMs) / hourMs} h`;
const spanText = ({ fromMs, toMs }: OpenSpan) => `${iso(fromMs)} ${iso(toMs)}`;

/** Sundays on which clocks in New York change, as the law of 2005 has it: second of March, first of November. */
const changes = [
  { year: 2024, spring: '2024-03-10', autumn: '2024-11-03' },
  { year: 2025, spring: '2025-03-09', autumn: '2025-11-02' },
  { year: 2026, spring: '2026-03-08', autumn: '2026-11-01' },
  { year: 2027, spring: '2027-03-14', autumn: '2027-11-07' },
];

describe.each(changes)('both changes of clocks in $year', ({ spring, autumn }) => {
  const next = (date: string, days: number) => iso(Date.parse(date) + days * 24 * hourMs).slice(0, 10);

  it('make the day of a share 23 hours long in spring and 25 in autumn', () => {
    expect(bounds(nasdaq.tradingDayOf(Date.parse(`${spring}T16:00:00Z`)))).toBe(`${spring} ${spring}T05:00 ${next(spring, 1)}T04:00 23 h`);
    expect(bounds(nasdaq.tradingDayOf(Date.parse(`${autumn}T16:00:00Z`)))).toBe(`${autumn} ${autumn}T04:00 ${next(autumn, 1)}T05:00 25 h`);
  });

  it('move the opening of shares by an hour of UTC between Friday and Monday', () => {
    expect(iso(nasdaq.day(next(spring, -2)).sessions[0]?.openMs)).toBe(`${next(spring, -2)}T14:30`);
    expect(iso(nasdaq.day(next(spring, 1)).sessions[0]?.openMs)).toBe(`${next(spring, 1)}T13:30`);
    expect(iso(nasdaq.day(next(autumn, -2)).sessions[0]?.closeMs)).toBe(`${next(autumn, -2)}T20:00`);
    expect(iso(nasdaq.day(next(autumn, 1)).sessions[0]?.closeMs)).toBe(`${next(autumn, 1)}T21:00`);
  });

  it('lie in the weekend of forex, whose Sunday is shorter or longer while its week begins at 17:00', () => {
    expect(bounds(forex.day(spring))).toBe(`${spring} ${next(spring, -1)}T22:00 ${spring}T21:00 23 h`);
    expect(bounds(forex.day(autumn))).toBe(`${autumn} ${next(autumn, -1)}T21:00 ${autumn}T22:00 25 h`);
    expect(iso(forex.nextOpenMs(Date.parse(`${spring}T12:00:00Z`)))).toBe(`${spring}T21:00`);
    expect(iso(forex.nextOpenMs(Date.parse(`${autumn}T12:00:00Z`)))).toBe(`${autumn}T22:00`);
    expect(iso(forex.nextCloseMs(Date.parse(`${spring}T12:00:00Z`)))).toBe(`${next(spring, 5)}T21:00`);
    expect(iso(forex.nextCloseMs(Date.parse(`${autumn}T12:00:00Z`)))).toBe(`${next(autumn, 5)}T22:00`);
  });

  it('leave the days of crypto as they are', () => {
    expect(bounds(crypto.day(spring))).toBe(`${spring} ${spring}T00:00 ${next(spring, 1)}T00:00 24 h`);
    expect(bounds(crypto.day(autumn))).toBe(`${autumn} ${autumn}T00:00 ${next(autumn, 1)}T00:00 24 h`);
  });
});

describe('what comes next', () => {
  const at = (text: string) => Date.parse(text);

  it('for a share over a weekend and a holiday', () => {
    // Friday before Martin Luther King Jr. Day 2026.
    expect(iso(nasdaq.nextCloseMs(at('2026-01-16T15:00:00Z')))).toBe('2026-01-16T21:00');
    expect(iso(nasdaq.nextOpenMs(at('2026-01-16T15:00:00Z')))).toBe('2026-01-20T14:30');
    expect(iso(nasdaq.nextOpenMs(at('2026-01-17T15:00:00Z')))).toBe('2026-01-20T14:30');
    expect(iso(nasdaq.nextCloseMs(at('2026-01-17T15:00:00Z')))).toBe('2026-01-20T21:00');
  });

  it('is after the moment itself, also where the market opens or closes at it', () => {
    expect(iso(nasdaq.nextOpenMs(at('2026-01-20T14:29:59.999Z')))).toBe('2026-01-20T14:30');
    expect(iso(nasdaq.nextOpenMs(at('2026-01-20T14:30:00Z')))).toBe('2026-01-21T14:30');
    expect(iso(nasdaq.nextCloseMs(at('2026-01-20T20:59:59.999Z')))).toBe('2026-01-20T21:00');
    expect(iso(nasdaq.nextCloseMs(at('2026-01-20T21:00:00Z')))).toBe('2026-01-21T21:00');
  });

  it('is the same whether time goes forward or back', () => {
    const times = ['2026-01-20T22:00:00Z', '2026-01-20T15:00:00Z', '2026-01-20T12:00:00Z', '2026-01-19T12:00:00Z', '2026-01-20T15:00:00Z'];
    const closes = times.map(text => iso(nasdaq.nextCloseMs(at(text))));
    expect(closes).toEqual(['2026-01-21T21:00', '2026-01-20T21:00', '2026-01-20T21:00', '2026-01-20T21:00', '2026-01-20T21:00']);
  });

  it('is the end of the week for forex, not the end of its day', () => {
    expect(iso(forex.nextCloseMs(at('2026-11-17T12:00:00Z')))).toBe('2026-11-20T22:00');
    expect(iso(forex.nextOpenMs(at('2026-11-17T12:00:00Z')))).toBe('2026-11-22T22:00');
  });

  it('is never for crypto', () => {
    expect(iso(crypto.nextOpenMs(at('2026-11-17T12:00:00Z')))).toBe('never');
    expect(iso(crypto.nextCloseMs(at('2026-11-17T12:00:00Z')))).toBe('never');
  });

  it('is lunch in Tokyo', () => {
    const tokyo = calendarOf('JPX');
    expect(iso(tokyo.nextCloseMs(at('2026-11-20T01:00:00Z')))).toBe('2026-11-20T02:30');
    expect(iso(tokyo.nextOpenMs(at('2026-11-20T01:00:00Z')))).toBe('2026-11-20T03:30');
  });
});

describe('open spans', () => {
  it('of a share are its sessions, cut to what was asked for', () => {
    const spans = [...nasdaq.openSpans(Date.parse('2026-11-25T20:00:00Z'), Date.parse('2026-11-27T15:00:00Z'))];
    expect(spans.map(spanText)).toEqual(['2026-11-25T20:00 2026-11-25T21:00', '2026-11-27T14:30 2026-11-27T15:00']);
  });

  it('of forex are joined over the ends of its days', () => {
    const spans = [...forex.openSpans(Date.parse('2026-11-14T00:00:00Z'), Date.parse('2026-11-29T00:00:00Z'))];
    expect(spans.map(spanText)).toEqual(['2026-11-15T22:00 2026-11-20T22:00', '2026-11-22T22:00 2026-11-27T22:00']);
  });

  it('of crypto are all that was asked for, and of no time there are none', () => {
    const fromMs = Date.parse('2026-11-14T07:31:00Z');
    expect([...crypto.openSpans(fromMs, fromMs + 100 * hourMs)]).toEqual([{ fromMs, toMs: fromMs + 100 * hourMs }]);
    expect([...crypto.openSpans(fromMs, fromMs)]).toEqual([]);
    expect([...nasdaq.openSpans(Date.parse('2026-11-26T00:00:00Z'), Date.parse('2026-11-27T00:00:00Z'))]).toEqual([]);
  });
});

describe('what a calendar remembers', () => {
  it('is the day, which is made once while ticks go back and forth over its end', () => {
    const calendar = calendarOf('LSE');
    const before = calendar.tradingDayOf(Date.parse('2026-11-20T23:59:59.999Z'));
    const after = calendar.tradingDayOf(Date.parse('2026-11-21T00:00:00Z'));
    expect([before.day, after.day]).toEqual(['2026-11-20', '2026-11-21']);
    expect(calendar.tradingDayOf(Date.parse('2026-11-20T12:00:00Z'))).toBe(before);
    expect(calendar.tradingDayOf(Date.parse('2026-11-21T12:00:00Z'))).toBe(after);
    expect(calendar.day('2026-11-20')).toBe(before);
  });

  it('is one calendar for all names of an exchange', () => {
    expect(calendarOf('nasdaq')).toBe(calendarOf('XNYS'));
    expect(calendarOf('nasdaq', 'extended')).not.toBe(calendarOf('nasdaq'));
    expect(calendarOf('Moon')).toBe(calendarOf('unknown'));
  });
});

describe('a market that nobody knows', () => {
  it('is open on weekdays and has the days of UTC', () => {
    const moon = calendarOf('Moon');
    expect(bounds(moon.tradingDayOf(Date.parse('2026-11-20T23:00:00Z')))).toBe('2026-11-20 2026-11-20T00:00 2026-11-21T00:00 24 h');
    expect(moon.isOpen(Date.parse('2026-11-20T23:00:00Z'))).toBe(true);
    expect(moon.isOpen(Date.parse('2026-11-21T00:00:00Z'))).toBe(false);
    expect(iso(moon.nextOpenMs(Date.parse('2026-11-20T23:00:00Z')))).toBe('2026-11-23T00:00');
  });
});
