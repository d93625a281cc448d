/**
 * Values that we compute (`vwap`, `spreadMean`, indicators) are given out with 12 significant digits: more than any price has, and
 * short enough to be written digit by digit. What a running state sums up is not rounded, only what is given out of it.
 */

/** 10^0 … 10^22: the powers of ten that a double holds exactly. */
const powers = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/** How near to a tie the scaled value may be before its own rounding error could decide it. */
const tie = 1 / 1_024;

/**
 * The double nearest to `x` with 12 significant digits: `Number(x.toPrecision(12))`, computed without text where that is safe.
 * What is no finite number stays as it is.
 */
export function roundDerived(x: number): number {
  const size = Math.abs(x);
  if (!(size >= 1e-9 && size < 1e12)) return byText(x);
  let decimals = 11;
  if (size >= 1) while (size >= (powers[12 - decimals] as number)) decimals -= 1;
  else decimals = decimalsBelowOne(size);
  const scaled = size * (powers[decimals] as number);
  const digits = Math.floor(scaled);
  const rest = scaled - digits;
  if (rest > 0.5 - tie && rest < 0.5 + tie) return byText(x);
  const rounded = (rest < 0.5 ? digits : digits + 1) / (powers[decimals] as number);
  return x < 0 ? -rounded : rounded;
}

/** Digits after the point, so that twelve are significant. One too many by an inexact product is told by the product itself. */
function decimalsBelowOne(size: number): number {
  let decimals = 12;
  while (decimals < 20 && size * (powers[decimals] as number) < 1e11) decimals += 1;
  return decimals;
}

function byText(x: number): number {
  if (!Number.isFinite(x)) return x;
  return Number(x.toPrecision(12));
}
