import { describe, expect, it } from '@jest/globals';
import { windowsOf } from '../src/backfill/vendor-windows.ts';
import type { SeriesMeta } from '../src/twelve-data/rest-answers.ts';
import type { VendorInterval } from '../src/twelve-data/rest-client.ts';

const receivedTimeMs = Date.parse('2026-03-10T14:32:30Z');
const prices = { open: 10, high: 12, low: 9, close: 11 };

function made(interval: VendorInterval, datetimes: readonly string[], meta: Partial<SeriesMeta> = {}) {
  const bars = datetimes.map(datetime => ({ datetime, ...prices, volume: 5 }));
  const request = { symbol: 'AAPL', interval, fromMs: Date.parse('2026-03-06T00:00:00Z'), toMs: Date.parse('2026-03-11T00:00:00Z') };
  const series = { meta: { symbol: 'AAPL', interval: '1min', ...meta }, bars, faults: ['values.7: close'] };
  return windowsOf(request, series, receivedTimeMs);
}

const spans = ({ windows }: ReturnType<typeof made>) =>
  windows.map(({ startMs, endMs }) => [new Date(startMs).toISOString(), new Date(endMs).toISOString()]);

describe("windows of a vendor's bars", () => {
  it('carry their values, from the open to the end', () => {
    const startMs = Date.parse('2026-03-10T14:31:00Z');
    expect(made('1m', ['2026-03-10 14:31:00']).windows).toEqual([{ startMs, endMs: startMs + 60_000, ...prices, volume: 5 }]);
  });

  it('come ascending, each window once, without what is unfinished or was not asked for', () => {
    const datetimes = ['2026-03-10 14:32:00', '2026-03-10 14:31:00', '2026-03-05 23:59:00', '2026-03-10 14:30:00', '2026-03-10 14:31:00'];
    expect(spans(made('1m', datetimes))).toEqual([
      ['2026-03-10T14:30:00.000Z', '2026-03-10T14:31:00.000Z'],
      ['2026-03-10T14:31:00.000Z', '2026-03-10T14:32:00.000Z'],
    ]);
  });

  it('tell bars that are no window of ours, as the hours of a session that begins at half past', () => {
    const { windows, faults } = made('1h', ['2026-03-09 13:30:00', '2026-03-09 15:00:00']);
    expect(windows.map(({ startMs }) => startMs)).toEqual([Date.parse('2026-03-09T15:00:00Z')]);
    expect(faults).toEqual(['values.7: close', '2026-03-09 13:30:00: must open at a window of 1h in UTC']);
  });

  it.each([
    ['a stock of New York before the clocks change', { exchange: 'NASDAQ' }, '2026-03-06', '2026-03-07T05:00:00.000Z'],
    ['on the day of the change', { exchange: 'NASDAQ' }, '2026-03-08', '2026-03-09T04:00:00.000Z'],
    ['a stock of Auckland', { exchange: 'NZX' }, '2026-03-06', '2026-03-06T11:00:00.000Z'],
    ['crypto', { type: 'Digital Currency', exchange: 'Binance' }, '2026-03-06', '2026-03-07T00:00:00.000Z'],
    ['forex', { type: 'Physical Currency' }, '2026-03-06', '2026-03-06T22:00:00.000Z'],
    ['an unknown exchange', { exchange: 'Nowhere' }, '2026-03-06', '2026-03-07T00:00:00.000Z'],
  ])('end a daily bar with its trading day: %s', (_, meta, label, end) => {
    expect(spans(made('1d', [label], meta))).toEqual([[`${label}T00:00:00.000Z`, end]]);
  });

  it('leave out a trading day that is not over', () => {
    expect(spans(made('1d', ['2026-03-09', '2026-03-10'], { exchange: 'NYSE' }))).toEqual([
      ['2026-03-09T00:00:00.000Z', '2026-03-10T04:00:00.000Z'],
    ]);
  });
});
