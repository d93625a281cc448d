/** The tick that is being taken in: its numbers at one fixed place, and what it adds to the volume of its windows. */

/** Where the numbers stand; columns are bytes from there, in the order of src/hot/tick-numbers.ts. */
export const TICK: usize = memory.data(96);

export const SESSION: usize = 0;
export const SEQUENCE: usize = 8;
export const PRICE: usize = 16;
/** NaN when absent, like ASK, DAY_VOLUME and SIZE. */
export const BID: usize = 24;
export const ASK: usize = 32;
export const DAY_VOLUME: usize = 40;
export const SIZE: usize = 48;
export const SOURCE_TIME: usize = 56;
export const RECEIVED_TIME: usize = 64;
export const TIME: usize = 72;
/** Days since 1970-01-01. */
export const TRADING_DAY: usize = 80;
export const TRADING_DAY_END: usize = 88;

/** NaN when there was nothing to compare it with. */
export let stepVolume: f64 = NaN;
export let stepExact: bool = false;

/** What the tick adds to the volume of its windows. */
// @ts-ignore: decorator
@inline
export function setStep(volume: f64, exact: bool): void {
  stepVolume = volume;
  stepExact = exact;
}
