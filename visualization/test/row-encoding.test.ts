import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { Bar } from '@tapeline/core/bars';
import fc from 'fast-check';
import { eventually } from '../../test/support/eventually.ts';
import type { BoardRow } from '../src/board-messages.ts';
import { RowReader } from '../src/browser/row-frames.ts';
import type { LatestRow } from '../src/live-market.ts';
import { encodeRow, maxRowNumber, maxRowWords } from '../src/socket/row-encoding.ts';
import { RowTable } from '../src/socket/row-table.ts';
import { UpdateBytes } from '../src/socket/update-bytes.ts';
import { plainFrame, plainRow } from './support/plain-rows.ts';

const baseMs = Date.UTC(2026, 0, 5);
const runs = { numRuns: 3_000, seed: 7 };

const decimal = fc
  .tuple(fc.integer({ min: -2_200_000_000, max: 2_200_000_000 }), fc.integer({ min: 0, max: 11 }))
  .map(([whole, scale]) => whole / 10 ** scale + 0);
const anyPrice = fc.oneof(
  { weight: 5, arbitrary: decimal },
  { weight: 1, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }).map(value => value + 0) },
);
const anyTimeMs = fc
  .oneof(fc.integer({ min: -100_000, max: 100_000 }), fc.integer({ min: -(2 ** 33), max: 2 ** 33 }))
  .map(ms => baseMs + ms);
const anyRow: fc.Arbitrary<BoardRow> = fc
  .record(
    { symbol: fc.constant('A'), price: anyPrice, timeMs: anyTimeMs, bid: anyPrice, ask: anyPrice, dayVolume: anyPrice, dayOpen: anyPrice },
    { requiredKeys: ['symbol', 'price', 'timeMs'] },
  )
  .chain(row => fc.integer({ min: -40_000, max: 40_000 }).map(step => nearQuote(row as BoardRow, step)));

/** Most quotes are near their price. */
function nearQuote(row: BoardRow, step: number): BoardRow {
  if (step % 3 === 0 || Math.abs(row.price) > 1e6) return row;
  const cents = Math.round(row.price * 100);
  return { ...row, price: cents / 100 + 0, bid: (cents - step) / 100 + 0, ask: (cents + 1) / 100 + 0 };
}

function encoded(number: number, row: BoardRow): Buffer {
  const words = new Uint32Array(maxRowWords + 2);
  const length = encodeRow(words, 1, number, row, baseMs);
  return Buffer.from(words.buffer, 4, length * 4);
}

describe('the binary form of a row', () => {
  it('is that of the plain encoder, byte for byte', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: maxRowNumber }), anyRow, (number, row) => {
        expect(encoded(number, row).toString('hex')).toBe(plainRow(number, row, baseMs).toString('hex'));
      }),
      runs,
    );
  });

  it('is read by the page as the very same row', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: maxRowNumber }), anyRow, (number, row) => {
        const reader = new RowReader();
        reader.learn([[number, 'A']]);
        const frame = plainFrame([{ number, row }], { nowMs: baseMs + 0.25, baseMs });
        expect(reader.read(new DataView(frame.buffer, frame.byteOffset, frame.length))).toEqual({ nowMs: baseMs + 0.25, rows: [row] });
      }),
      runs,
    );
  });

  it.each<readonly [string, Partial<BoardRow>, number]>([
    ['a price alone', {}, 12],
    ['a price and a quote', { bid: 99.98, ask: 100.02 }, 16],
    ['everything', { bid: 99.98, ask: 100.02, dayOpen: 98.5, dayVolume: 8_120.412_345_67 }, 28],
    ['a price of eight decimals', { price: 0.000_012_34 }, 12],
    ['a price that needs more than 32 bits', { price: 69_142.123_456 }, 52],
    ['a bid without an ask', { bid: 99 }, 52],
    ['a quote far from the price', { price: 1_000.5, bid: 1, ask: 2_000 }, 16],
    ['a quote further away', { price: 10_000.5, bid: 1, ask: 20_000 }, 52],
    ['a price of 40 days ago', { timeMs: baseMs - 40 * 86_400_000 }, 52],
  ])('takes for %s as many bytes as the document says', (_, fields, bytes) => {
    expect(encoded(7, { symbol: 'A', price: 100, timeMs: baseMs, ...fields })).toHaveLength(bytes);
  });

  it('is refused by a page that does not know it, and so is a number that was not announced', () => {
    const reader = new RowReader();
    const frame = plainFrame([{ number: 3, row: { symbol: 'A', price: 1, timeMs: baseMs } }], { nowMs: baseMs, baseMs });
    const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
    expect(() => reader.read(view)).toThrow('row 3 has no symbol');
    view.setUint32(0, 2, true);
    expect(() => reader.read(view)).toThrow('a form that this page does not know');
  });
});

/** A market of which a test says each price. */
class QuotedMarket {
  readonly prices = new Map<string, number>();

  latestOf(symbol: string): LatestRow | undefined {
    const price = this.prices.get(symbol);
    return price === undefined ? undefined : { symbol, price, timeMs: baseMs, receivedTimeMs: baseMs };
  }

  forming(): undefined {
    return undefined;
  }
}

describe('a frame of rows', () => {
  const symbols = Array.from({ length: 1_100 }, (_, index) => `S${index}`);

  it('has the rows that are watched and changed or pending, as the plain encoder gives them', () => {
    const market = new QuotedMarket();
    for (const [index, symbol] of symbols.entries()) market.prices.set(symbol, index % 7 === 0 ? index + 0.123_456_789_012 : index / 4);
    const table = new RowTable(market, baseMs);
    for (const symbol of symbols) table.watch(table.numberOf(symbol) as number);
    const bits = fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { minLength: 64, maxLength: 64 }).map(words => Uint32Array.from(words));
    const has = (of: Uint32Array | undefined, number: number) => (((of?.[number >>> 5] ?? 0) >>> (number & 31)) & 1) === 1;
    const known = Uint32Array.from({ length: 64 }, (_, word) => {
      const left = symbols.length - word * 32;
      return left >= 32 ? 0xffff_ffff : left <= 0 ? 0 : 2 ** left - 1;
    });
    fc.assert(
      fc.property(bits, bits, fc.option(bits, { nil: undefined }), (watched, changed, pending) => {
        const mine = watched.map((word, index) => word & (known[index] as number));
        const bytes = new UpdateBytes();
        const span = bytes.rows(table, { watched: mine, changed, pending }, baseMs + 1);
        const rows = symbols.flatMap((symbol, number) => {
          const isWanted = has(mine, number) && (has(changed, number) || has(pending, number));
          return isWanted ? [{ number, row: { symbol, price: market.prices.get(symbol) as number, timeMs: baseMs } }] : [];
        });
        const payload = plainFrame(rows, { nowMs: baseMs + 1, baseMs });
        expect(span?.rows).toBe(rows.length);
        expect(bytes.bytes.subarray((span?.end ?? 0) - payload.length, span?.end).equals(payload)).toBe(true);
        expect((span?.end ?? 0) - (span?.start ?? 0) - payload.length).toBe(payload.length < 126 ? 2 : payload.length < 65_536 ? 4 : 10);
      }),
      { numRuns: 60, seed: 7 },
    );
  });

  it('keeps rows that nobody watches out of the work, and has the newest when somebody does', () => {
    const market = new QuotedMarket();
    market.prices.set('A', 1);
    const table = new RowTable(market, baseMs);
    const number = table.numberOf('A') as number;
    market.prices.set('A', 2);
    expect(table.changed('A')).toBeUndefined();
    expect(table.changed('never heard of')).toBeUndefined();
    table.watch(number);
    const bytes = new UpdateBytes();
    const all = Uint32Array.of(1);
    const span = bytes.rows(table, { watched: all, changed: all, pending: undefined }, baseMs);
    const reader = new RowReader();
    reader.learn([[number, 'A']]);
    const view = new DataView(bytes.bytes.buffer, (span?.start ?? 0) + 2, (span?.end ?? 0) - (span?.start ?? 0) - 2);
    expect(reader.read(view).rows).toEqual([{ symbol: 'A', price: 2, timeMs: baseMs }]);
    table.unwatch(number);
    expect(table.changed('A')).toBeUndefined();
  });

  it('asks for the open of the day, which costs more than the rest, once a second, and misses no change of it', async () => {
    const market = new QuotedMarket();
    let [asked, open] = [0, 5];
    const table = new RowTable(
      {
        latestOf: symbol => market.latestOf(symbol),
        forming: () => {
          asked += 1;
          return { open } as Bar;
        },
      },
      baseMs,
    );
    market.prices.set('A', 7);
    const number = table.numberOf('A') as number;
    table.watch(number);
    open = 6;
    for (let count = 0; count < 100; count += 1) table.changed('A');
    expect(asked).toBe(1);
    await eventually('the review', () => table.review().length === 1);
    expect(asked).toBe(2);
    const words = new Uint32Array(8);
    table.gather(words, 0, Uint32Array.of(1), Uint32Array.of(1), undefined);
    expect(words[3]).toBe(6);
    table.changed('A');
    await sleep(1_100);
    expect(table.review()).toEqual([]);
    expect(asked).toBe(3);
  });

  it('moves the moment that times count from, before they need more than 32 bits', () => {
    const market = new QuotedMarket();
    market.prices.set('A', 1);
    const table = new RowTable(market, baseMs);
    table.watch(table.numberOf('A') as number);
    table.rebase(baseMs + 6 * 86_400_000);
    expect(table.baseMs).toBe(baseMs);
    table.rebase(baseMs + 8 * 86_400_000 + 0.5);
    expect(table.baseMs).toBe(baseMs + 8 * 86_400_000);
    const words = new Uint32Array(8);
    expect(table.gather(words, 0, Uint32Array.of(1), Uint32Array.of(1), undefined)).toBe(3);
    expect(new Int32Array(words.buffer)[1]).toBe(-8 * 86_400_000);
  });
});
