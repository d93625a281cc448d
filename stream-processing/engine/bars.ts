/** Bars given out since JavaScript last took them: rows of 28 doubles as in src/hot/bar-columns.ts, and whose they are. */
import { takeBars } from './host';
import { page, setI32 } from './memory';
import { roundDerived } from './rounding';
import {
  CLOSE,
  END,
  ESTIMATED,
  FLAGS,
  HIGH,
  INDICATORS,
  LOW,
  OPEN,
  REVISION,
  SPREAD_COUNT,
  SPREAD_SUM,
  START,
  TICK_COUNT,
  TURNOVER,
  VOLUME,
} from './window-row';

export const BAR_BYTES: i32 = 28 * 8;
const BAR_VOLUME: usize = 4 * 8;
const BAR_VWAP: usize = 5 * 8;
const BAR_EXACT: usize = 6 * 8;
const BAR_TICK_COUNT: usize = 7 * 8;
const BAR_SPREAD_MEAN: usize = 8 * 8;
const BAR_START: usize = 9 * 8;
const BAR_END: usize = 10 * 8;
const BAR_REVISION: usize = 11 * 8;
const BAR_VERSION: usize = 12 * 8;
const BAR_INDICATORS: usize = 13 * 8;
const BAR_FLAGS: usize = 25 * 8;
const BAR_FINAL: usize = 26 * 8;
const BAR_INTERVAL: usize = 27 * 8;

/** So many stay in the processor's cache. */
const CAPACITY: i32 = 256;
const rows: usize = page(CAPACITY * BAR_BYTES);
const slots: usize = page(CAPACITY * 4);

/** How many there are. */
export let barCount: i32 = 0;

export function barsAt(): usize {
  return rows;
}

export function barSlotsAt(): usize {
  return slots;
}

/** JavaScript has taken them. */
export function clearBars(): void {
  barCount = 0;
}

/** Gives the bar of a window out. */
export function giveBar(slot: i32, window: usize, interval: i32, versionUs: f64): void {
  if (barCount == CAPACITY) takeBars();
  setI32(slots, barCount, slot);
  const bar = rows + <usize>barCount * BAR_BYTES;
  barCount += 1;
  writeBarRow(bar, window);
  store<f64>(bar, versionUs, BAR_VERSION);
  store<f64>(bar, 1, BAR_FINAL);
  store<f64>(bar, <f64>interval, BAR_INTERVAL);
}

/** The numbers of a window as those of a bar; version, state and interval are the caller's. */
export function writeBarRow(bar: usize, window: usize): void {
  const volume = load<f64>(window, VOLUME);
  const isTraded = volume > 0;
  store<f64>(bar, load<f64>(window, OPEN));
  v128.store(bar, v128.load(window, HIGH), 8);
  store<f64>(bar, load<f64>(window, CLOSE), 24);
  store<f64>(bar, volume, BAR_VOLUME);
  store<f64>(bar, isTraded ? roundDerived(load<f64>(window, TURNOVER) / volume) : NaN, BAR_VWAP);
  store<f64>(bar, isTraded && load<f64>(window, ESTIMATED) == 0 ? 1 : 0, BAR_EXACT);
  store<f64>(bar, load<f64>(window, TICK_COUNT), BAR_TICK_COUNT);
  const count = load<f64>(window, SPREAD_COUNT);
  store<f64>(bar, count == 0 ? NaN : roundDerived(load<f64>(window, SPREAD_SUM) / count), BAR_SPREAD_MEAN);
  store<f64>(bar, load<f64>(window, START), BAR_START);
  store<f64>(bar, load<f64>(window, END), BAR_END);
  store<f64>(bar, load<f64>(window, REVISION), BAR_REVISION);
  memory.copy(bar + BAR_INDICATORS, window + INDICATORS, 96);
  store<f64>(bar, load<f64>(window, FLAGS), BAR_FLAGS);
}
