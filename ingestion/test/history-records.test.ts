import { describe, expect, it } from '@jest/globals';
import { decodeRecord, encodeRecord } from '@tapeline/core/record-codec';
import { fillRecord, flagRecord, isComparable, isFilled } from '../src/backfill/history-records.ts';
import { aBar, barStartMs as startMs } from './support/bars.ts';

const head = { symbol: 'BTC/USD', interval: '1m', receivedTimeMs: startMs + 300_000 } as const;
const endMs = startMs + 60_000;
const vendors = { startMs, endMs, open: 10, high: 12, low: 9, close: 11, volume: 5 };
const start = { v: 1, kind: 'history', source: 'twelve-data/rest', ...head, startMs, endMs } as const;

describe('history records', () => {
  it('fill a window of which nothing is stored', () => {
    const record = fillRecord(head, vendors, undefined);
    const values = { open: 10, high: 12, low: 9, close: 11, volume: 5, tickCount: 0 };
    expect(record).toEqual({ ...start, action: 'fill', ...values, flags: ['gap', 'filled'], revision: 0 });
    expect(decodeRecord(encodeRecord(record))).toEqual(record);
  });

  it('replace a stored bar that a gap touched: its ticks are still counted, a VWAP of a part is dropped', () => {
    const bar = aBar({ flags: ['gap', 'corrected'], revision: 2, volume: 3, vwap: 100.5, vwapKind: 'estimate', spreadMean: 0.25 });
    const record = fillRecord(head, { startMs, endMs, open: 10, high: 12, low: 9, close: 11 }, bar);
    const values = { open: 10, high: 12, low: 9, close: 11, tickCount: 12, spreadMean: 0.25 };
    expect(record).toEqual({ ...start, action: 'replace', ...values, flags: ['gap', 'filled', 'corrected'], revision: 3 });
    expect(decodeRecord(encodeRecord(record))).toEqual(record);
  });

  it('make a bar that is filled already the same once more, and take back a verdict on one that is not', () => {
    const { startMs: _, endMs: __, ...values } = vendors;
    const filled = aBar({ ...values, flags: ['gap', 'filled'], revision: 1 });
    expect(isFilled(vendors, filled)).toBe(true);
    expect(fillRecord(head, vendors, filled)).toMatchObject({ revision: 1, flags: ['gap', 'filled'] });
    const judged = aBar({ flags: ['mismatch'], revision: 1 });
    expect(isFilled(vendors, judged)).toBe(false);
    expect(fillRecord(head, vendors, judged)).toMatchObject({ revision: 2, flags: ['filled'] });
  });

  it('flag a bar and leave its values', () => {
    const bar = aBar({
      flags: ['corrected'],
      revision: 1,
      volume: 3,
      vwap: 100.5,
      vwapKind: 'exact',
      spreadMean: 0.25,
      indicators: { sma20: 1 },
    });
    const record = flagRecord(head, bar, 'mismatch');
    const values = {
      open: 100,
      high: 102,
      low: 99,
      close: 101,
      volume: 3,
      vwap: 100.5,
      vwapKind: 'exact',
      spreadMean: 0.25,
      tickCount: 12,
    };
    expect(record).toEqual({ ...start, action: 'flag', ...values, flags: ['corrected', 'mismatch'], revision: 2 });
    expect(decodeRecord(encodeRecord(record))).toEqual(record);
  });

  it('are made by comparison of whole bars of our own that were not compared yet', () => {
    expect([aBar(), aBar({ flags: ['corrected'] })].map(isComparable)).toEqual([true, true]);
    const others = (['partial', 'gap', 'filled', 'reconciled', 'mismatch'] as const).map(flag => aBar({ flags: [flag] }));
    expect([...others, aBar({ state: 'forming' })].some(isComparable)).toBe(false);
  });
});
