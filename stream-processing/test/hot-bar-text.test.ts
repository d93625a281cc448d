/** Bars as rows of columns and as text, against `encodeBar` and the bar itself. */
import { describe, expect, it } from '@jest/globals';
import { type Bar, barFlags, encodeBar, type Indicators } from '@tapeline/core/bars';
import { intervals } from '@tapeline/core/intervals';
import fc from 'fast-check';
import { emptyIndicators, nextIndicators } from '../src/fold/indicators.ts';
import { barOfRow, barStride, indicatorNames, storeBar } from '../src/hot/bar-columns.ts';
import { anEngine, barTexts } from './support/an-engine.ts';

const engine = anEngine();

function rowOf(bar: Bar): Float64Array {
  const columns = new Float64Array(3 * barStride).fill(Number.NaN);
  storeBar(bar, columns, barStride);
  return columns;
}

function written(bar: Bar): string {
  return barTexts(engine, [bar])[0] as string;
}

const plain: Bar = {
  symbol: 'BTC/USD',
  interval: '1s',
  startMs: 1_730_714_400_000,
  endMs: 1_730_714_401_000,
  open: 68_912.5,
  high: 68_920,
  low: 68_900.01,
  close: 68_911.25,
  tickCount: 3,
  state: 'final',
  flags: [],
  revision: 0,
  versionUs: 1_730_714_403_250_000,
};

const price = fc.oneof(
  fc.double({ min: 1e-9, max: 1e9, noNaN: true }),
  fc.tuple(fc.integer({ min: 1, max: 99_999_999 }), fc.integer({ min: 0, max: 8 })).map(([digits, places]) => digits / 10 ** places),
);
const derived = fc
  .oneof(fc.double({ min: -1e9, max: 1e9, noNaN: true }), fc.constantFrom(0, -0, 50, 100), fc.constant(Number.POSITIVE_INFINITY))
  .map(value => Number(value.toPrecision(12)));
const timeMs = fc.integer({ min: 0, max: 8_640_000_000_000_000 });
const count = fc.integer({ min: 0, max: 1_000_000 });

/** Any set of indicators, in the order in which the fold names them. */
const indicators = fc
  .record(Object.fromEntries(indicatorNames.map(name => [name, derived])) as Record<(typeof indicatorNames)[number], typeof derived>, {
    requiredKeys: [],
  })
  .map(known => Object.fromEntries(indicatorNames.filter(name => known[name] !== undefined).map(name => [name, known[name]])) as Indicators)
  .map(known => (Object.keys(known).length === 0 ? {} : { indicators: known }));

const traded = fc.record({ vwap: derived, vwapKind: fc.constantFrom('exact' as const, 'estimate' as const) });

const bars: fc.Arbitrary<Bar> = fc
  .tuple(
    fc.record({
      symbol: fc.oneof(fc.string({ minLength: 1, maxLength: 12 }), fc.string({ unit: 'binary', minLength: 1, maxLength: 8 })),
      interval: fc.constantFrom(...intervals),
      startMs: timeMs,
      endMs: timeMs,
      open: price,
      high: price,
      low: price,
      close: price,
    }),
    fc.record({ volume: fc.oneof(price, count) }, { requiredKeys: [] }),
    fc.option(traded, { nil: {} }),
    fc.record({ tickCount: count }),
    fc.record({ spreadMean: derived }, { requiredKeys: [] }),
    fc.record({
      state: fc.constantFrom('final' as const, 'forming' as const),
      flags: fc.subarray([...barFlags]),
      revision: count,
      versionUs: fc.maxSafeInteger().map(Math.abs),
    }),
    indicators,
  )
  .map(parts => Object.assign({}, ...parts) as Bar);

describe('the text of a bar', () => {
  it('has the fields of a bar without volume, flags and indicators', () => {
    expect(written(plain)).toBe(
      '{"v":1,"symbol":"BTC/USD","interval":"1s","startMs":1730714400000,"endMs":1730714401000,"open":68912.5,"high":68920,' +
        '"low":68900.01,"close":68911.25,"tickCount":3,"state":"final","flags":[],"revision":0,"versionUs":1730714403250000}',
    );
  });

  it('has volume, VWAP, spread, flags and indicators where they are known', () => {
    const bar: Bar = {
      ...plain,
      volume: 12,
      vwap: 68_910.123_456_7,
      vwapKind: 'exact',
      spreadMean: 0.5,
      flags: ['partial', 'corrected'],
      revision: 1,
      indicators: { ema12: 68_910.5, rsi14: 51.25, momentum10: -3.75 },
    };
    expect(written(bar)).toBe(
      '{"v":1,"symbol":"BTC/USD","interval":"1s","startMs":1730714400000,"endMs":1730714401000,"open":68912.5,"high":68920,' +
        '"low":68900.01,"close":68911.25,"volume":12,"vwap":68910.1234567,"vwapKind":"exact","tickCount":3,"spreadMean":0.5,' +
        '"state":"final","flags":["partial","corrected"],"revision":1,"versionUs":1730714403250000,' +
        '"indicators":{"ema12":68910.5,"rsi14":51.25,"momentum10":-3.75}}',
    );
  });

  it('is that of encodeBar for every bar', () => {
    fc.assert(
      fc.property(bars, bar => {
        expect(written(bar)).toBe(encodeBar(bar));
      }),
      { numRuns: 1_000 },
    );
  });

  it('is that of encodeBar for the indicators that the fold knows after each bar', () => {
    const state = emptyIndicators();
    for (let index = 0; index < 60; index += 1) {
      const close = 100 + 7 * Math.sin(index);
      const known = nextIndicators(state, { high: close + 0.5, low: close - 0.25, close });
      const bar: Bar = { ...plain, close, ...(known === undefined ? {} : { indicators: known }) };
      expect(written(bar)).toBe(encodeBar(bar));
    }
  });

  it('is that of encodeBar for bars that are written together, of several symbols, intervals and times', () => {
    fc.assert(
      fc.property(fc.array(bars, { minLength: 1, maxLength: 80 }), together => {
        expect(barTexts(engine, together)).toEqual(together.map(bar => encodeBar(bar)));
      }),
    );
  });
});

describe('the row of a bar', () => {
  it('gives the bar back, with the same fields in the same order', () => {
    fc.assert(
      fc.property(bars, bar => {
        const back = barOfRow(rowOf(bar), barStride, bar.symbol);
        expect(back).toStrictEqual(bar);
        expect(Object.keys(back)).toEqual(Object.keys(bar));
      }),
    );
  });
});
