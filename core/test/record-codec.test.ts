import { describe, expect, it } from '@jest/globals';
import { hasCode } from '../src/errors.ts';
import { decodeRecord, encodeRecord, recordJsonSchemas } from '../src/record-codec.ts';
import type { HistoryRecord, Tick } from '../src/records.ts';

const tick: Tick = {
  v: 1,
  kind: 'tick',
  feed: 'twelve-data/0',
  session: 3,
  sequence: 7,
  symbol: 'BTC/USD',
  price: 80054.02,
  dayVolume: 52,
  sourceTimeMs: 1730602080000,
  receivedTimeMs: 1730602137732,
  timeMs: 1730602137732,
  tradingDay: '2024-11-03',
  tradingDayEndMs: 1730678400000,
};

const history: HistoryRecord = {
  v: 1,
  kind: 'history',
  source: 'twelve-data/rest',
  action: 'replace',
  symbol: 'BTC/USD',
  interval: '5m',
  startMs: 1730602200000,
  endMs: 1730602500000,
  open: 80054.02,
  high: 80060.5,
  low: 80050.25,
  close: 80051,
  volume: 12.5,
  vwap: 80055.125,
  vwapKind: 'estimate',
  tickCount: 17,
  spreadMean: -0.25,
  flags: ['gap', 'filled'],
  revision: 1,
  gap: { fromMs: 1730602211000, toMs: 1730602477000, reason: 'mute' },
  receivedTimeMs: 1730602700000,
};

function refusal(value: unknown): string {
  try {
    decodeRecord(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)));
  } catch (error) {
    if (hasCode(error, 'record.invalid') || hasCode(error, 'record.newer')) return `${error.code} ${error.message}`;
    throw error;
  }
  return '';
}

describe('records', () => {
  it('come back as they went, as compact JSON that a person can read', () => {
    const bytes = encodeRecord(tick);
    expect(Buffer.from(bytes).toString()).toBe(
      '{"v":1,"kind":"tick","feed":"twelve-data/0","session":3,"sequence":7,"symbol":"BTC/USD","price":80054.02,"dayVolume":52,"sourceTimeMs":1730602080000,"receivedTimeMs":1730602137732,"timeMs":1730602137732,"tradingDay":"2024-11-03","tradingDayEndMs":1730678400000}',
    );
    expect(decodeRecord(bytes)).toEqual(tick);
  });

  it('are refused by field and reason', () => {
    expect(refusal({ ...tick, price: '80054.02' })).toMatch(/^record.invalid price: .*expected number/);
    expect(refusal({ ...tick, price: 0 })).toMatch(/price: .*>=1e-22/);
    expect(refusal({ ...tick, price: null })).toMatch(/price: /);
    expect(refusal({ ...tick, symbol: '' })).toMatch(/symbol: /);
    expect(refusal({ ...tick, session: 0, sequence: 1.5 })).toMatch(/session: .*; sequence: /);
    expect(refusal({ ...tick, kind: 'trade' })).toMatch(/kind: /);
    expect(refusal('{"v":1,"kind":"tick"')).toMatch(/^record.invalid record is not JSON/);
    expect(refusal('[]')).toMatch(/record: /);
    expect(() => decodeRecord(undefined)).toThrow(/tombstone/);
    expect(() => decodeRecord(new Uint8Array([0xff, 0xfe]))).toThrow(/UTF-8/);
    expect(() => encodeRecord({ ...tick, price: Number.NaN })).toThrow(/price/);
  });

  it('tell a newer format from a wrong record', () => {
    expect(refusal({ ...tick, v: 2 })).toBe('record.newer record has format 2, this reader knows up to 1: upgrade the readers first');
  });

  it('take no other number for a newer format: a partition would wait for it for ever', () => {
    expect(refusal('{"v":1.5,"kind":"tick"}')).toMatch(/^record.invalid v: /);
    expect(refusal('{"v":1e999,"kind":"tick"}')).toMatch(/^record.invalid v: /);
  });

  it('hold no day that is in no calendar, no text that UTF-8 cannot hold, and no time that versions could not go on from', () => {
    expect(refusal({ ...tick, tradingDay: '2024-02-30' })).toBe('record.invalid tradingDay: must be a date as YYYY-MM-DD');
    expect(refusal({ ...tick, tradingDay: '2024-02-29' })).toBe('');
    expect(refusal('{"v":1,"kind":"instrument","symbol":"\\ud800","receivedTimeMs":1}')).toBe(
      'record.invalid symbol: must be text that UTF-8 can hold',
    );
    expect(refusal({ ...tick, receivedTimeMs: 9_000_000_000_000 })).toMatch(/^record.invalid receivedTimeMs: /);
    expect(refusal({ ...tick, receivedTimeMs: 8_999_999_999_999 })).toBe('');
  });

  it('hold no amount that sums and squares of bars could not hold', () => {
    expect(refusal({ ...tick, price: 1e16 })).toMatch(/^record.invalid price: /);
    expect(refusal({ ...tick, bid: 1e-300 })).toMatch(/^record.invalid bid: /);
    expect(refusal({ ...tick, size: Number.MAX_VALUE })).toMatch(/^record.invalid size: /);
    expect(refusal({ ...tick, price: 1e15, bid: 1e-22, size: 1e18 })).toBe('');
  });

  it('pass over fields that this version does not know', () => {
    expect(decodeRecord(Buffer.from(JSON.stringify({ ...tick, extra: true })))).toEqual(tick);
  });

  it('of history come back as they went, with only what they must have', () => {
    expect(decodeRecord(encodeRecord(history))).toEqual(history);
    const { volume: _, vwap: __, vwapKind: ___, spreadMean: ____, gap: _____, ...least } = history;
    expect(decodeRecord(encodeRecord(least))).toEqual(least);
    const { revision: ______, flags: _______, tickCount: ________, ...lacking } = least;
    expect(refusal(lacking)).toMatch(/^record.invalid tickCount: .*; flags: .*; revision: /);
  });

  it('of history are of a window of their interval', () => {
    const { startMs, endMs } = history;
    const fault = 'record.invalid startMs: must begin, and endMs must end, a window of the interval';
    expect(refusal({ ...history, startMs: startMs + 60_000, endMs: endMs + 60_000 })).toBe(fault);
    expect(refusal({ ...history, endMs: endMs + 1 })).toBe(fault);
    expect(refusal({ ...history, interval: '1m' })).toBe(fault);
    const dayMs = Date.UTC(2024, 10, 4);
    const day = { ...history, interval: '1d', startMs: dayMs };
    for (const hours of [10, 21, 24, 36]) expect(refusal({ ...day, endMs: dayMs + hours * 3_600_000 })).toBe('');
    for (const hours of [9, 37]) expect(refusal({ ...day, endMs: dayMs + hours * 3_600_000 })).toBe(fault);
    expect(refusal({ ...day, startMs: dayMs - 3_600_000, endMs: dayMs + 23 * 3_600_000 })).toBe(fault);
  });

  it('of history say so by their flags, name the kind of their VWAP, and a gap that ends after it begins', () => {
    expect(refusal({ ...history, flags: ['gap'] })).toBe('record.invalid flags: must hold one of filled, reconciled, mismatch');
    expect(refusal({ ...history, vwapKind: undefined })).toBe('record.invalid vwapKind: must stand with vwap');
    expect(refusal({ ...history, gap: { fromMs: 5, toMs: 5, reason: 'mute' } })).toBe('record.invalid gap.toMs: must be after fromMs');
  });

  it('have a JSON Schema each', () => {
    const schemas = recordJsonSchemas();
    expect(Object.keys(schemas)).toEqual([
      'tick',
      'session',
      'heartbeat',
      'gap',
      'history',
      'instrument',
      'alert-rules',
      'alert',
      'dead-letter',
    ]);
    expect(schemas.tick).toMatchObject({ type: 'object', properties: { price: { type: 'number', minimum: 1e-22, maximum: 1e15 } } });
    expect(schemas.history).toMatchObject({ properties: { revision: { type: 'integer', minimum: 0 }, gap: { type: 'object' } } });
  });
});
