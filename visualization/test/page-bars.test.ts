import { describe, expect, it } from '@jest/globals';
import type { BoardAlert } from '../src/board-messages.ts';
import { alertMarks, isHollow, markOf, placesOfAlertText } from '../src/browser/bar-marks.ts';
import { gapText } from '../src/browser/bar-readout.ts';
import { BarSeries, mostBars } from '../src/browser/bar-series.ts';
import { ChartAlerts, mostChartAlerts } from '../src/browser/chart-alerts.ts';
import { ChartGaps } from '../src/browser/chart-gaps.ts';
import { type GapSpan, gapsAt, positionOf, slotAt, slotsOf } from '../src/browser/time-slots.ts';
import { aBar } from './support/bars.ts';

const minuteMs = 60_000;
const minutes = (...numbers: readonly number[]) => numbers.map(minute => aBar(minute * minuteMs));
const gap = (fromMinute: number, toMinute: number): GapSpan => ({
  symbol: 'A',
  fromMs: fromMinute * minuteMs,
  toMs: toMinute * minuteMs,
  reason: 'socket closed',
  filled: false,
});

describe('the bars of the chart', () => {
  it('are drawn at the end while only the last ones change', () => {
    const series = new BarSeries();
    expect(series.merge([aBar(0), aBar(60)])).toBe('end');
    expect(series.merge([aBar(60, { revision: 1 }), aBar(120)])).toBe('end');
    expect(series.merge([aBar(0, { revision: 1 })])).toBe('all');
    expect(series.merge([aBar(30)])).toBe('all');
    expect(series.bars.map(bar => bar.startMs)).toEqual([0, 30, 60, 120]);
  });

  it('are not drawn for a word that says nothing new', () => {
    const series = new BarSeries();
    series.merge([aBar(0, { state: 'forming', tickCount: 3 }), aBar(60, { state: 'forming', tickCount: 1 })]);
    const again = [aBar(0, { state: 'forming', tickCount: 3 }), aBar(60, { state: 'forming', tickCount: 1 })];
    expect(series.merge(again)).toBe('nothing');
    expect(series.merge([again[0] ?? aBar(0), aBar(60, { state: 'forming', tickCount: 2 })])).toBe('end');
    expect(series.merge([aBar(0, { state: 'forming', tickCount: 3, flags: ['gap'] })])).toBe('all');
  });

  it('take no older word for a newer one', () => {
    const series = new BarSeries();
    series.merge([aBar(0, { revision: 2 }), aBar(60, { state: 'forming', tickCount: 9 })]);
    series.merge([aBar(0, { revision: 1 }), aBar(60, { state: 'forming', tickCount: 8 })]);
    expect(series.bars.map(bar => [bar.revision, bar.tickCount])).toEqual([
      [2, 1],
      [0, 9],
    ]);
    series.merge([aBar(60, { tickCount: 9 })]);
    series.merge([aBar(60, { state: 'forming', tickCount: 10 })]);
    expect(series.bars.at(-1)?.state).toBe('final');
  });

  it('take whatever is told of them when the history is read again: other tables may serve', () => {
    const series = new BarSeries();
    series.merge([aBar(0, { revision: 2 }), aBar(60, { state: 'forming', tickCount: 9 })]);
    series.doubt();
    expect(series.merge([aBar(60, { state: 'forming', tickCount: 9, close: 5 })])).toBe('end');
    series.merge([aBar(0, { revision: 0, close: 7 }), aBar(60, { state: 'forming', tickCount: 8 })]);
    expect(series.bars.map(bar => [bar.close, bar.revision, bar.tickCount])).toEqual([
      [7, 0, 1],
      [5, 0, 9],
    ]);
  });

  it('are left out where they were read again and are not there any more, not where the server does not know them', () => {
    const series = new BarSeries();
    series.merge([0, 60, 120, 180, 240, 300].map(startMs => aBar(startMs)));
    series.doubt();
    expect(series.leaveDoubted({ fromMs: 0, toMs: 60 }, { fromMs: 0, toMs: 120 })).toBe(false);
    series.merge([aBar(120), aBar(200), aBar(240)]);
    expect(series.leaveDoubted({ fromMs: 120, toMs: 240 }, undefined)).toBe(true);
    expect(series.bars.map(bar => bar.startMs)).toEqual([0, 60, 120, 200, 240, 300]);
    expect([series.leaveDoubted({ fromMs: 0, toMs: 301 }, { fromMs: 0, toMs: 60 }), series.bars.length]).toEqual([true, 4]);
  });

  it('are left out before newest ones that do not join them, and only then', () => {
    const series = new BarSeries();
    series.merge([aBar(0), aBar(60, { state: 'forming' }), aBar(600, { state: 'forming' })]);
    expect(series.leaveUnjoined([])).toBe(false);
    expect(series.leaveUnjoined([aBar(60), aBar(120)])).toBe(false);
    expect(series.leaveUnjoined([aBar(300), aBar(360)])).toBe(true);
    expect(series.bars.map(bar => bar.startMs)).toEqual([600]);
    expect(series.leaveUnjoined([aBar(300), aBar(360)])).toBe(false);
  });

  it('take older ones before them while there is room, the nearest first', () => {
    const series = new BarSeries();
    series.merge([aBar(mostBars)]);
    expect(series.prepend([aBar(mostBars - 2), aBar(mostBars - 1), aBar(mostBars)])).toBe(2);
    expect(series.bars.map(bar => bar.startMs)).toEqual([mostBars - 2, mostBars - 1, mostBars]);
    expect(series.prepend(Array.from({ length: mostBars - 2 }, (_, index) => aBar(index)))).toBe(mostBars - 3);
    expect([series.bars.length, series.bars[0]?.startMs]).toEqual([mostBars, 1]);
    expect(series.prepend([aBar(0)])).toBe(0);
  });

  it('are bounded while new ones come, and drawn anew when old ones go', () => {
    const series = new BarSeries();
    series.merge(Array.from({ length: mostBars }, (_, index) => aBar(index)));
    expect(series.merge([aBar(mostBars)])).toBe('all');
    expect([series.bars.length, series.bars.at(-1)?.startMs]).toEqual([mostBars - 500, mostBars]);
  });
});

describe('the places of the time axis', () => {
  it('leave room where a gap has no bars, and none elsewhere', () => {
    const slots = slotsOf(minutes(0, 1, 5, 90), [gap(2, 4.5)], minuteMs);
    expect(slots.map(slot => [slot.startMs / minuteMs, slot.bar !== undefined])).toEqual([
      [0, true],
      [1, true],
      [2, false],
      [3, false],
      [4, false],
      [5, true],
      [90, true],
    ]);
  });

  it('show a gap after the last bar, and none before the first', () => {
    const slots = slotsOf(minutes(10), [gap(0, 5), gap(11, 13)], minuteMs);
    expect(slots.map(slot => slot.startMs / minuteMs)).toEqual([10, 11, 12]);
  });

  it('give a long gap no more than two dozen, evenly spread', () => {
    const slots = slotsOf(minutes(0, 1_000), [gap(1, 1_000)], minuteMs);
    expect(slots.length).toBe(2 + 24);
    expect(slots.slice(1, 4).map(slot => slot.startMs / minuteMs)).toEqual([1, 43, 85]);
  });

  it('are filled by history at a minute and longer, never below', () => {
    const gaps = [{ ...gap(0, 5), filled: true }, gap(7, 9)];
    expect([1_000, 15_000, minuteMs, 86_400_000].map(windowMs => gapsAt(windowMs, gaps).map(({ filled }) => filled))).toEqual([
      [false, false],
      [false, false],
      [true, false],
      [true, false],
    ]);
  });

  it('are none without bars', () => {
    expect(slotsOf([], [gap(0, 5)], minuteMs)).toEqual([]);
  });

  it('tell where a time stands, to the fraction of a bar', () => {
    const slots = slotsOf(minutes(0, 1, 5), [], minuteMs);
    expect([0, 0.5, 1, 1.25, 3, 5.5].map(minute => positionOf(slots, minute * minuteMs, minuteMs))).toEqual([-0.5, 0, 0.5, 0.75, 1.5, 2]);
    expect([positionOf(slots, -1, minuteMs), slotAt(slots, -1), slotAt(slots, 4 * minuteMs)]).toEqual([-0.5, -1, 1]);
  });
});

describe('the gaps of the chart', () => {
  const open = { fromMs: 4 * minuteMs, reason: 'feed is disconnected' };
  const slots = slotsOf(minutes(0, 1, 5, 6), [], minuteMs);

  it('grow by whole places while they go on, and stay when they are over', () => {
    const gaps = new ChartGaps();
    gaps.clear({ symbol: 'A', windowMs: minuteMs });
    expect(gaps.follow(open, 5 * minuteMs)).toBe(true);
    expect([gaps.follow(open, 5.5 * minuteMs), gaps.tick(5.9 * minuteMs), gaps.tick(6 * minuteMs)]).toEqual([false, false, true]);
    expect(gaps.spansOn(slots)).toMatchObject([{ to: Number.POSITIVE_INFINITY, kind: 'gap' }]);
    expect(gaps.follow(undefined, 7 * minuteMs)).toBe(true);
    expect(gaps.all).toMatchObject([{ fromMs: 4 * minuteMs, toMs: 7 * minuteMs, isOpen: undefined }]);
  });

  it('are told from bars that are not stored yet', () => {
    const gaps = new ChartGaps();
    gaps.clear({ symbol: 'A', windowMs: minuteMs });
    gaps.take([{ ...gap(0, 1), filled: true }]);
    gaps.lack({ fromMs: 2 * minuteMs, toMs: 5 * minuteMs });
    expect(gaps.spansOn(slots).map(({ text, kind }) => [text, kind])).toEqual([
      ['filled: socket closed', 'filled'],
      ['not stored yet', 'missing'],
    ]);
    expect(slotsOf(minutes(0, 1, 5), gaps.all, minuteMs)).toHaveLength(6);
    const [filled, missing] = [gaps.at(0), gaps.at(3 * minuteMs)];
    if (filled === undefined || missing === undefined) throw new Error('they are not there');
    expect(gapText(filled, 0)).toBe('gap 00:00:00 UTC to 00:01:00 UTC: socket closed; filled from history');
    expect(gapText(missing, 0)).toBe('bars of 00:02:00 UTC to 00:05:00 UTC: not stored yet');
    gaps.lack(undefined);
    expect(gaps.at(3 * minuteMs)).toBeUndefined();
  });
});

describe('the marks of the chart', () => {
  it('name the weightiest flag of a bar by its letter', () => {
    expect(markOf(aBar(7, { flags: ['partial', 'gap'] }))).toMatchObject({ startMs: 7, text: 'G', color: '--flag-gap' });
    expect(markOf(aBar(7, { flags: ['corrected', 'partial'] }))?.text).toBe('C');
    expect(markOf(aBar(7))).toBeUndefined();
  });

  it('leave a filled bar to its hollow candle, and warn of nothing where one is reconciled', () => {
    const filled = aBar(7, { flags: ['filled', 'reconciled'] });
    expect([isHollow(filled), markOf(filled)]).toEqual([true, undefined]);
    expect(markOf(aBar(7, { flags: ['reconciled'] }))).toBeUndefined();
    expect(markOf(aBar(7, { flags: ['filled', 'partial'] }))?.text).toBe('P');
    expect(isHollow(aBar(7))).toBe(false);
  });

  const alert = (timeMs: number, symbol?: string): BoardAlert => ({
    ...{ id: `${timeMs}`, rule: 'r', condition: 'level', severity: 'info', timeMs, message: 'm' },
    ...(symbol === undefined ? {} : { symbol }),
  });

  it('put an alert at the bar that ended with it, and count those of one bar', () => {
    const slots = slotsOf(minutes(0, 1, 2), [], minuteMs);
    const marks = alertMarks(
      [alert(minuteMs, 'A'), alert(2 * minuteMs, 'A'), alert(2 * minuteMs, 'A'), alert(1, 'B'), alert(1)],
      'A',
      slots,
      1,
    );
    expect(marks.map(mark => [mark.startMs, mark.text])).toEqual([
      [0, 'alert'],
      [minuteMs, '2 alerts'],
    ]);
  });

  it('leave an arrow without its text where another one is nearer than the text is wide', () => {
    const alerts = [8, 1, 5, 5, 21].map(minute => alert(minute * minuteMs, 'A'));
    const slots = slotsOf(minutes(...Array(30).keys()), [], minuteMs);
    const texts = (places: number) => alertMarks(alerts, 'A', slots, places).map(mark => mark.text);
    expect([placesOfAlertText(64), placesOfAlertText(16), placesOfAlertText(8)]).toEqual([1, 4, 8]);
    expect([texts(3), texts(4), texts(8)]).toEqual([
      ['alert', '2 alerts', 'alert', 'alert'],
      ['alert', '', '', 'alert'],
      ['', '', '', 'alert'],
    ]);
  });

  it('are of alerts of the symbol, each once; where they are too many the oldest go', () => {
    const alerts = new ChartAlerts();
    alerts.of('A');
    expect([alerts.take([alert(2, 'A'), alert(1, 'A'), alert(3, 'B'), alert(4)]), alerts.take([alert(1, 'A')])]).toEqual([true, false]);
    expect(alerts.all.map(({ timeMs }) => timeMs)).toEqual([2, 1]);
    alerts.take(Array.from({ length: mostChartAlerts - 1 }, (_, index) => alert(10 + index, 'A')));
    expect([alerts.all.length, Math.min(...alerts.all.map(({ timeMs }) => timeMs))]).toEqual([mostChartAlerts, 2]);
    alerts.of('A');
    expect(alerts.all).toHaveLength(mostChartAlerts);
    alerts.of('B');
    expect(alerts.all).toEqual([]);
  });
});
