/** The byte scanner against `decodeRecord`: what it reads is what that gives, and what that refuses it never reads. */
import { describe, expect, it } from '@jest/globals';
import { decodeRecord, encodeRecord } from '@tapeline/core/record-codec';
import type { Tick } from '@tapeline/core/records';
import fc from 'fast-check';
import { storeTick, tickOf } from '../src/hot/tick-numbers.ts';
import { headOf, tailLength, tailOf } from '../src/hot/tick-shapes.ts';
import { anEngine } from './support/an-engine.ts';

const { engine } = anEngine();
const { functions } = engine;
/** What a symbol that is found by its bytes can be. */
const plainSymbol = /^[ !#-[\]-~]{1,64}$/;
const before = 'the record before';
const behind = '{"v":1,"kind":"tick"}';

const plain: Tick = {
  v: 1,
  kind: 'tick',
  feed: 'twelve-data/0',
  session: 12,
  sequence: 345_678,
  symbol: 'BTC/USD',
  price: 68_912.5,
  bid: 68_912.01,
  ask: 68_913,
  dayVolume: 1_234_567,
  sourceTimeMs: 1_730_714_400_000,
  receivedTimeMs: 1_730_714_400_312,
  timeMs: 1_730_714_400_312,
  tradingDay: '2024-11-04',
  tradingDayEndMs: 1_730_764_800_000,
};

/** The tick that the scanner reads where the record stands among others, or `undefined`. */
function scanned(record: string | Uint8Array): Tick | undefined {
  const value = Buffer.from(record);
  const bytes = Buffer.concat([Buffer.from(before), value, Buffer.from(behind)]);
  const feed = learnt(value);
  const at = engine.put(bytes, 0, bytes.length) + before.length;
  if (feed === undefined || !functions.scan(at, at + value.length)) return undefined;
  const symbolAt = functions.symbolAt.value;
  const symbol = Buffer.from(engine.bytes.slice(symbolAt, symbolAt + functions.symbolLength.value)).toString('latin1');
  return plainSymbol.test(symbol) ? tickOf(engine.numbers, functions.tickAt() / 8, feed, symbol) : undefined;
}

/** Tells the engine how the record begins and ends, as the fold does; gives its feed. */
function learnt(value: Buffer): string | undefined {
  const head = headOf(value);
  const tail = tailOf(value);
  if (head === undefined || tail === undefined) return undefined;
  engine.put(value, 0, head.length);
  functions.learnHead(head.length, 3, head.session);
  engine.put(value, value.length - tailLength, value.length);
  functions.learnTail(tail.tradingDay, tail.tradingDayEndMs);
  return head.feed;
}

function decoded(record: string | Uint8Array): unknown {
  try {
    return decodeRecord(Buffer.from(record));
  } catch {
    return undefined;
  }
}

const printable = fc.string({ unit: fc.constantFrom(...' !#$%&()*+,-./0129:;<=>?@AZ[]^_`az{|}~'), minLength: 1, maxLength: 64 });
/** Decimals of at most 15 digits that JavaScript writes without an exponent. */
const usualPrice = fc
  .tuple(fc.integer({ min: 1, max: 999_999_999_999_999 }), fc.integer({ min: 0, max: 15 }))
  .map(([digits, places]) => digits / 10 ** places)
  .filter(value => value >= 1e-6);
const usualTimeMs = fc.integer({ min: 1_000_000_000_000, max: 8_999_999_999_999 });
const usualDay = fc
  .date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true })
  .map(date => date.toISOString().slice(0, 10));
const optional = (value: fc.Arbitrary<number>) => fc.option(value, { nil: undefined });

/** What an ingester writes: ASCII names, amounts of at most 15 digits from 10^-6 up, times between 2001 and 2255. */
const usualTick: fc.Arbitrary<Tick> = fc.record({
  v: fc.constant(1 as const),
  kind: fc.constant('tick' as const),
  feed: fc.oneof(
    { arbitrary: fc.constantFrom('twelve-data/0', 'twelve-data/1', 'finnhub/0'), weight: 9 },
    { arbitrary: printable, weight: 1 },
  ),
  session: fc.integer({ min: 1, max: 1_000_000 }),
  sequence: fc.integer({ min: 1, max: 999_999_999_999_999 }),
  symbol: printable,
  price: usualPrice,
  bid: optional(usualPrice),
  ask: optional(usualPrice),
  dayVolume: optional(fc.oneof(fc.constant(0), usualPrice)),
  size: optional(fc.oneof(fc.constant(0), usualPrice)),
  sourceTimeMs: usualTimeMs,
  receivedTimeMs: usualTimeMs,
  timeMs: usualTimeMs,
  tradingDay: usualDay,
  tradingDayEndMs: usualTimeMs,
});

/** Numbers as JSON knows them and as it does not. */
const numberText = fc.oneof(
  fc.double().map(String),
  fc.tuple(fc.maxSafeInteger(), fc.integer({ min: 0, max: 25 })).map(([digits, places]) => withPoint(String(digits), places)),
  fc.constantFrom(
    '0',
    '-0',
    '0.0',
    '00',
    '01',
    '1.',
    '.1',
    '1e3',
    '1E-3',
    '-1',
    '+1',
    '',
    'null',
    '"1"',
    '1.50',
    '0.0000000000000000000000001',
  ),
);
const fieldNames = [
  'session',
  'sequence',
  'price',
  'bid',
  'ask',
  'dayVolume',
  'size',
  'sourceTimeMs',
  'receivedTimeMs',
  'timeMs',
  'tradingDayEndMs',
];

function withPoint(digits: string, places: number): string {
  const text = digits.padStart(places + 1, '0');
  return places === 0 ? text : `${text.slice(0, -places)}.${text.slice(-places)}`;
}

describe('the tick scanner', () => {
  it('reads every field of a tick', () => {
    expect(scanned(encodeRecord(plain))).toStrictEqual(plain);
    const at = functions.tickAt() / 8;
    expect([...engine.numbers.slice(at, at + 12)]).toEqual([
      12,
      345_678,
      68_912.5,
      68_912.01,
      68_913,
      1_234_567,
      Number.NaN,
      1_730_714_400_000,
      1_730_714_400_312,
      1_730_714_400_312,
      20_031,
      1_730_764_800_000,
    ]);
    expect(functions.scannedFeed.value).toBe(3);
  });

  it('says no to a head or a tail that it was not told of, and knows sixteen of each', () => {
    const fresh = anEngine().engine;
    const scans = (record: Uint8Array) => {
      const at = fresh.put(record, 0, record.length);
      return [fresh.functions.knowsEnds(at, at + record.length), fresh.functions.scan(at, at + record.length)].map(Boolean);
    };
    const learn = (record: Uint8Array, feed: number) => {
      const head = headOf(record);
      fresh.put(record, 0, head?.length ?? 0);
      fresh.functions.learnHead(head?.length ?? 0, feed, head?.session ?? 0);
      fresh.put(record, record.length - tailLength, record.length);
      fresh.functions.learnTail(20_031, 1_730_764_800_000);
    };
    const records = Array.from({ length: 17 }, (_, index) => encodeRecord({ ...plain, feed: `feed/${index}` }));
    expect(scans(records[0] as Uint8Array)).toEqual([false, false]);
    for (const [index, record] of records.entries()) learn(record, index);
    const known = records.map(record => [...scans(record), fresh.functions.scannedFeed.value]);
    expect(known.slice(1)).toEqual(records.slice(1).map((_, index) => [true, true, index + 1]));
    expect(known[0]?.slice(0, 2)).toEqual([false, false]);
  });

  const text = JSON.stringify(plain);
  it.each([
    ['another order', text.replace('"session":12,"sequence":345678', '"sequence":345678,"session":12')],
    ['white space', text.replace(',"price"', ', "price"')],
    ['white space at the end', `${text} `],
    ['an escape in the symbol', text.replace('BTC/USD', 'BTC\\/USD')],
    ['a symbol that is not ASCII', text.replace('BTC/USD', '東証')],
    ['a symbol of 65 characters', text.replace('BTC/USD', 'A'.repeat(65))],
    ['no symbol', text.replace('BTC/USD', '')],
    ['an exponent', text.replace('68912.5', '6.89125e4')],
    ['sixteen digits', text.replace('68912.5', '68912.50000000001')],
    ['two points', text.replace('68912.01', '68912000.00.1')],
    ['a leading zero', text.replace('68912.5', '068912.5')],
    ['a price of 0', text.replace('68912.5', '0')],
    ['a bid of 0', text.replace('68912.01', '0.0')],
    ['a negative price', text.replace('68912.5', '-68912.5')],
    ['a sequence of 0', text.replace('345678', '0')],
    ['a sequence that is no integer', text.replace('345678', '345678.5')],
    ['a session of 0', text.replace('"session":12', '"session":0')],
    ['an unknown field', text.replace(',"timeMs"', ',"venue":"X","timeMs"')],
    ['a field twice', text.replace(',"bid":68912.01', ',"bid":68912.01,"bid":68912.01')],
    ['a day that is no date', text.replace('2024-11-04', '2024-02-30')],
    ['a newer format', text.replace('"v":1', '"v":2')],
    ['another kind', text.replace('"tick"', '"tock"')],
    ['a time that versions could not go on from', text.replace('"timeMs":1730714400', '"timeMs":9730714400')],
    ['a time of 12 digits', text.replace('1730714400000', '173071440000')],
    ['a truncated record', text.slice(0, -1)],
    ['nothing', ''],
  ])('leaves %s to decodeRecord', (_, record) => {
    scanned(encodeRecord(plain));
    expect(scanned(record)).toBeUndefined();
  });

  it('reads every usual tick as decodeRecord does', () => {
    fc.assert(
      fc.property(usualTick, tick => {
        const record = encodeRecord(tick);
        expect(scanned(record)).toStrictEqual(decodeRecord(record));
      }),
      { numRuns: 1_000 },
    );
  });

  it('reads nothing else than decodeRecord does when any bytes were changed', () => {
    const part = fc.oneof(
      fc.string({ maxLength: 3 }),
      fc.string({ unit: 'binary', maxLength: 3 }),
      fc.constantFrom('"', ',', '0', '.', '-', '\\', '}', 'e1', ' ', ',"size":1', '\u0000', '\u007f'),
    );
    fc.assert(
      fc.property(usualTick, fc.nat(), fc.nat({ max: 3 }), part, (tick, place, removed, inserted) => {
        const record = JSON.stringify(tick);
        const at = place % record.length;
        const changed = record.slice(0, at) + inserted + record.slice(at + removed);
        const read = scanned(changed);
        if (read !== undefined) expect(read).toStrictEqual(decoded(changed));
      }),
      { numRuns: 1_000 },
    );
  });

  it('reads nothing else than decodeRecord does when a byte was changed', () => {
    fc.assert(
      fc.property(usualTick, fc.nat(), fc.nat({ max: 255 }), (tick, place, byte) => {
        const changed = Buffer.from(JSON.stringify(tick));
        changed[place % changed.length] = byte;
        const read = scanned(changed);
        if (read !== undefined) expect(read).toStrictEqual(decoded(changed));
      }),
      { numRuns: 2_000 },
    );
  });

  it('reads the same doubles as JSON.parse, whatever text a number has', () => {
    fc.assert(
      fc.property(usualTick, fc.constantFrom(...fieldNames), numberText, (tick, name, number) => {
        const changed = JSON.stringify(tick).replace(new RegExp(`"${name}":[^,}]+`), `"${name}":${number}`);
        const read = scanned(changed);
        if (read !== undefined) expect(read).toStrictEqual(decoded(changed));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the fields of a tick', () => {
  it('are numbers and come back from them', () => {
    const numbers = new Float64Array(15);
    const tick = { ...plain, size: 3 };
    storeTick(tick, numbers, 2);
    expect(tickOf(numbers, 2, plain.feed, plain.symbol)).toStrictEqual(tick);
  });
});
