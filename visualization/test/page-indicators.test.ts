import { describe, expect, it } from '@jest/globals';
import { barTime, gapText, spoken, valuesOf } from '../src/browser/bar-readout.ts';
import { linesOf, readIndicators, valueDecimals } from '../src/browser/indicator-choices.ts';
import { IndicatorValues } from '../src/browser/indicator-values.ts';
import { aBar } from './support/bars.ts';

const closes = Array.from({ length: 60 }, (_, index) => 100 + ((index * 7) % 11));
const bars = closes.map((close, index) => aBar(index * 60_000, { open: close, high: close + 1, low: close - 1, close }));

describe('the values of the chart', () => {
  it('are those that the pipeline told, where it told them', () => {
    const values = new IndicatorValues();
    values.restart([aBar(0, { indicators: { sma20: 42 }, vwap: 7 })]);
    expect(values.values).toEqual([{ indicators: { sma20: 42 }, vwap: 7, isOwn: false }]);
  });

  it('are computed from the bars of the chart elsewhere, as soon as there are enough', () => {
    const values = new IndicatorValues();
    values.restart(bars);
    const mean = closes.slice(0, 20).reduce((sum, close) => sum + close, 0) / 20;
    expect(values.values[18]?.indicators.sma20).toBeUndefined();
    expect(values.values[19]?.indicators.sma20).toBeCloseTo(mean, 9);
    expect(values.values[19]?.isOwn).toBe(true);
    expect(values.values.at(-1)?.indicators.rsi14).toBeGreaterThan(0);
  });

  it('are the same when the end of the list grows as when all of it is there at once', () => {
    const [grown, whole] = [new IndicatorValues(), new IndicatorValues()];
    grown.restart(bars.slice(0, 30));
    for (let count = 30; count <= bars.length; count += 3) {
      const last = bars[count - 1] as (typeof bars)[number];
      grown.extend([...bars.slice(0, count - 1), { ...last, close: 1_000, high: 1_000 }]);
      grown.extend(bars.slice(0, count));
    }
    whole.restart(bars);
    expect(grown.values).toEqual(whole.values);
  });

  it('go on from what the pipeline told, which never saw the closes of history', () => {
    const told = { sma20: 100, ema12: 90, ema26: 80, macdSignal: 5, rsi14: 30 };
    const filled = aBar(59 * 60_000, { close: 900, high: 900, flags: ['filled'] });
    const last = { ...aBar(60 * 60_000, { close: 100, high: 100 }), indicators: told };
    const forming = aBar(61 * 60_000, { close: 100, high: 100, state: 'forming' });
    const values = new IndicatorValues();
    values.restart([...bars.slice(0, 59), filled, last, forming]);
    const { indicators } = values.values.at(-1) as (typeof values.values)[number];
    const lived = [...closes.slice(41, 59), 100, 100];
    expect(indicators.sma20).toBeCloseTo(lived.reduce((sum, close) => sum + close, 0) / 20, 9);
    expect(indicators.ema12).toBeCloseTo(90 + (2 / 13) * 10, 9);
    expect(indicators.macd).toBeCloseTo(90 + (2 / 13) * 10 - (80 + (2 / 27) * 20), 9);
    expect(indicators.rsi14).toBeCloseTo(30, 6);
  });

  it('begin anew with other bars', () => {
    const values = new IndicatorValues();
    values.restart(bars);
    values.restart([]);
    values.extend(bars.slice(0, 1));
    expect(values.values.length).toBe(1);
  });
});

describe('the choice of indicators', () => {
  it('is two at first, and what was kept later: names that are known, in the order of the menu', () => {
    expect([readIndicators(undefined), readIndicators('rsi,bogus,sma'), readIndicators('')]).toEqual([
      ['sma', 'bollinger'],
      ['sma', 'rsi'],
      [],
    ]);
  });

  it('says which lines are drawn and where', () => {
    expect(linesOf(['bollinger', 'macd']).map(line => [line.value, line.pane, line.kind])).toEqual([
      ['bollingerUpper', 'price', 'line'],
      ['bollingerLower', 'price', 'line'],
      ['macdHistogram', 'macd', 'histogram'],
      ['macd', 'macd', 'line'],
      ['macdSignal', 'macd', 'line'],
    ]);
    expect([valueDecimals('sma20', 5), valueDecimals('rsi14', 5), valueDecimals('macd', 2), valueDecimals('macd', 5)]).toEqual([
      5, 1, 2, 6,
    ]);
  });
});

describe('the readout', () => {
  const bar = aBar(Date.UTC(2024, 10, 4, 10), {
    open: 1.5,
    high: 2,
    low: 1,
    close: 1.25,
    volume: 1_200,
    vwap: 1.375,
    flags: ['corrected'],
  });
  const gap = { symbol: 'A', fromMs: bar.startMs, toMs: bar.startMs + 90_000, reason: 'socket closed', filled: true };
  const nowMs = bar.startMs + 120_000;

  it('has prices, volume and indicators, and says which were computed here', () => {
    const at = { bar, values: { indicators: { rsi14: 55.55 }, isOwn: true }, gap: undefined };
    expect(valuesOf(at, ['sma', 'vwap', 'rsi'], 2).map(({ label, text }) => `${label} ${text}`)).toEqual([
      'O 1.50',
      'H 2.00',
      'L 1.00',
      'C 1.25',
      'Vol 1,200',
      'VWAP 1.38',
      'Ticks 1',
      'SMA 20 –',
      'RSI 14 ≈ 55.6',
    ]);
  });

  it('names a gap with its span and reason where there is no bar', () => {
    const at = { bar: undefined, values: undefined, gap };
    expect(valuesOf(at, ['sma'], 2)).toEqual([]);
    expect(gapText(gap, nowMs)).toBe('gap 10:00:00 UTC to 10:01:30 UTC: socket closed; filled from history');
    expect(spoken(at, [], 2, nowMs)).toBe(`no bar, ${gapText(gap, nowMs)}`);
  });

  it('can be spoken', () => {
    expect(spoken({ bar, values: undefined, gap: undefined }, [], 2, nowMs)).toBe(
      '10:00:00 UTC, O 1.50, H 2.00, L 1.00, C 1.25, Vol 1,200, VWAP 1.38, Ticks 1, final, corrected',
    );
    expect(barTime(aBar(bar.startMs, { interval: '1d' }), nowMs)).toBe('2024-11-04');
  });
});
