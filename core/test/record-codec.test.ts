import { describe, expect, it } from '@jest/globals';
import { hasCode } from '../src/errors.ts';
import { decodeRecord, encodeRecord, recordJsonSchemas } from '../src/record-codec.ts';
import type { Tick } from '../src/records.ts';

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

  it('have a JSON Schema each', () => {
    const schemas = recordJsonSchemas();
    expect(Object.keys(schemas)).toEqual(['tick', 'session', 'heartbeat', 'gap', 'history', 'instrument', 'alert-rules', 'dead-letter']);
    expect(schemas.tick).toMatchObject({ type: 'object', properties: { price: { type: 'number', minimum: 1e-22, maximum: 1e15 } } });
  });
});
