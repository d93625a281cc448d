import { describe, expect, it } from '@jest/globals';
import { calendarOf } from '@tapeline/core/calendars/market-calendars';
import { marketOf } from '../src/market-hours.ts';

const apple = { type: 'Common Stock', exchange: 'NASDAQ' };
const bitcoin = { type: 'Digital Currency', exchange: 'Coinbase Pro' };
const euro = { type: 'Physical Currency' };

function dayOf(moment: string, facts: { readonly type?: string; readonly exchange?: string }) {
  const { day, startMs, endMs } = calendarOf(marketOf(facts)).tradingDayOf(Date.parse(moment));
  return { tradingDay: day, start: new Date(startMs).toISOString(), end: new Date(endMs).toISOString() };
}

describe('the trading day', () => {
  it('of a share is the calendar day of its exchange', () => {
    expect(dayOf('2026-11-20T15:00:00Z', apple)).toEqual({
      tradingDay: '2026-11-20',
      start: '2026-11-20T05:00:00.000Z',
      end: '2026-11-21T05:00:00.000Z',
    });
  });

  it('of a share after UTC midnight is still yesterday in New York', () => {
    expect(dayOf('2026-11-21T00:30:00Z', apple).tradingDay).toBe('2026-11-20');
  });

  it('has 23 hours when clocks go forward and 25 when they go back', () => {
    expect(dayOf('2026-03-08T16:00:00Z', apple)).toEqual({
      tradingDay: '2026-03-08',
      start: '2026-03-08T05:00:00.000Z',
      end: '2026-03-09T04:00:00.000Z',
    });
    expect(dayOf('2026-11-01T16:00:00Z', apple)).toEqual({
      tradingDay: '2026-11-01',
      start: '2026-11-01T04:00:00.000Z',
      end: '2026-11-02T05:00:00.000Z',
    });
  });

  it('of a share in Tokyo begins at 15:00 UTC the day before', () => {
    expect(dayOf('2026-11-19T23:59:59Z', { type: 'Common Stock', exchange: 'JPX' })).toEqual({
      tradingDay: '2026-11-20',
      start: '2026-11-19T15:00:00.000Z',
      end: '2026-11-20T15:00:00.000Z',
    });
  });

  it('of crypto is the day of UTC, however its type is spelt', () => {
    const expected = { tradingDay: '2026-11-20', start: '2026-11-20T00:00:00.000Z', end: '2026-11-21T00:00:00.000Z' };
    expect(dayOf('2026-11-20T23:59:59.999Z', bitcoin)).toEqual(expected);
    expect(dayOf('2026-11-20T00:00:00Z', { type: 'DIGITAL_CURRENCY' })).toEqual(expected);
  });

  it('of an exchange that nobody knows is the day of UTC', () => {
    expect(dayOf('2026-11-20T23:00:00Z', { type: 'Common Stock', exchange: 'Moon' }).tradingDay).toBe('2026-11-20');
    expect(dayOf('2026-11-20T23:00:00Z', {}).tradingDay).toBe('2026-11-20');
  });

  it('of forex ends at 17:00 in New York and is labelled with the date on which it ends', () => {
    expect(dayOf('2026-11-18T21:59:59.999Z', euro).tradingDay).toBe('2026-11-18');
    expect(dayOf('2026-11-18T22:00:00Z', euro)).toEqual({
      tradingDay: '2026-11-19',
      start: '2026-11-18T22:00:00.000Z',
      end: '2026-11-19T22:00:00.000Z',
    });
  });

  it('of forex begins for Monday on Sunday at 17:00 and ends for Friday on Friday at 17:00', () => {
    expect(dayOf('2026-11-15T22:00:00Z', euro).tradingDay).toBe('2026-11-16');
    expect(dayOf('2026-11-20T21:59:00Z', euro)).toEqual({
      tradingDay: '2026-11-20',
      start: '2026-11-19T22:00:00.000Z',
      end: '2026-11-20T22:00:00.000Z',
    });
  });

  it('of forex moves with daylight saving in New York', () => {
    expect(dayOf('2026-03-08T20:59:00Z', euro).end).toBe('2026-03-08T21:00:00.000Z');
    expect(dayOf('2026-03-08T21:00:00Z', euro)).toEqual({
      tradingDay: '2026-03-09',
      start: '2026-03-08T21:00:00.000Z',
      end: '2026-03-09T21:00:00.000Z',
    });
  });

  it('of gold is the day of forex', () => {
    expect(dayOf('2026-11-18T22:00:00Z', { type: 'Precious Metal' }).tradingDay).toBe('2026-11-19');
  });

  it('is the same for ticks that go back and forth over midnight', () => {
    const before = Date.parse('2026-11-21T04:59:59Z');
    const after = Date.parse('2026-11-21T05:00:01Z');
    const labels = [before, after, before, after].map(moment => calendarOf('NASDAQ').tradingDayOf(moment).day);
    expect(labels).toEqual(['2026-11-20', '2026-11-21', '2026-11-20', '2026-11-21']);
  });
});
