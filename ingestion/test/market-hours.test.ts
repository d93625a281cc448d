import { describe, expect, it } from '@jest/globals';
import { isMarketOpen, marketOf, OpenMarkets } from '../src/market-hours.ts';

const open = (market: string, moment: string) => isMarketOpen(market, Date.parse(moment));

describe('market hours', () => {
  it('name a market by its class or its exchange', () => {
    expect(marketOf({ type: 'DIGITAL_CURRENCY' })).toBe('crypto');
    expect(marketOf({ type: 'Physical Currency', exchange: 'FX' })).toBe('forex');
    expect(marketOf({ type: 'Common Stock', exchange: 'NASDAQ' })).toBe('NASDAQ');
    expect(marketOf({ type: 'COMMON_STOCK' })).toBe('unknown');
  });

  it('keep crypto open on Christmas night', () => {
    expect(open('crypto', '2026-12-25T03:00:00Z')).toBe(true);
  });

  it('of New York are 09:30 to 16:00 there, in winter and in summer', () => {
    expect(open('NASDAQ', '2026-11-20T14:29:59Z')).toBe(false);
    expect(open('NASDAQ', '2026-11-20T14:30:00Z')).toBe(true);
    expect(open('NASDAQ', '2026-11-20T20:59:59Z')).toBe(true);
    expect(open('NASDAQ', '2026-11-20T21:00:00Z')).toBe(false);
    expect(open('NYSE', '2026-07-15T13:30:00Z')).toBe(true);
    expect(open('NYSE', '2026-11-21T15:00:00Z')).toBe(false);
  });

  it('of New York are 04:00 to 20:00 there when extended hours are asked for, and other markets stay as they are', () => {
    const extended = (market: string, moment: string) => isMarketOpen(market, Date.parse(moment), 'extended');
    expect(extended('NASDAQ', '2026-11-20T08:59:59Z')).toBe(false);
    expect(extended('NASDAQ', '2026-11-20T09:00:00Z')).toBe(true);
    expect(extended('NASDAQ', '2026-11-21T00:59:59Z')).toBe(true);
    expect(extended('NASDAQ', '2026-11-21T01:00:00Z')).toBe(false);
    expect(extended('LSE', '2026-11-20T07:59:59Z')).toBe(false);
    const markets = ['NASDAQ', 'LSE', 'crypto'];
    expect(new OpenMarkets('extended').at(Date.parse('2026-11-20T22:00:00Z'), markets)).toEqual(['NASDAQ', 'crypto']);
    expect(new OpenMarkets().at(Date.parse('2026-11-20T22:00:00Z'), markets)).toEqual(['crypto']);
  });

  it('of New York have no holidays and end at 13:00 on half days', () => {
    expect(open('NASDAQ', '2026-11-26T15:00:00Z')).toBe(false);
    expect(open('NYSE', '2026-11-27T17:59:59Z')).toBe(true);
    expect(open('NYSE', '2026-11-27T18:00:00Z')).toBe(false);
  });

  it('of forex are Sunday 17:00 to Friday 17:00 in New York', () => {
    expect(open('forex', '2026-11-15T21:59:00Z')).toBe(false);
    expect(open('forex', '2026-11-15T22:00:00Z')).toBe(true);
    expect(open('forex', '2026-11-18T03:00:00Z')).toBe(true);
    expect(open('forex', '2026-11-20T21:59:00Z')).toBe(true);
    expect(open('forex', '2026-11-20T22:00:00Z')).toBe(false);
    expect(open('forex', '2026-11-21T12:00:00Z')).toBe(false);
  });

  it('know lunch in Tokyo and the week of Riyadh', () => {
    expect(open('JPX', '2026-11-20T02:29:00Z')).toBe(true);
    expect(open('JPX', '2026-11-20T03:00:00Z')).toBe(false);
    expect(open('Tadawul', '2026-11-22T08:00:00Z')).toBe(true);
    expect(open('Tadawul', '2026-11-20T08:00:00Z')).toBe(false);
  });

  it('take an exchange that nobody knows for open on weekdays', () => {
    expect(open('Moon', '2026-11-20T03:00:00Z')).toBe(true);
    expect(open('Moon', '2026-11-21T03:00:00Z')).toBe(false);
  });

  it('change with the minute and with the markets that are asked for', () => {
    const markets = new OpenMarkets();
    const closing = Date.parse('2026-11-20T20:59:30Z');
    expect(markets.at(closing, ['crypto', 'NASDAQ'])).toEqual(['crypto', 'NASDAQ']);
    expect(markets.at(closing + 29_000, ['crypto', 'NASDAQ'])).toEqual(['crypto', 'NASDAQ']);
    expect(markets.at(closing + 30_000, ['crypto', 'NASDAQ'])).toEqual(['crypto']);
    expect(markets.at(closing + 30_000, ['NASDAQ'])).toEqual([]);
  });
});
