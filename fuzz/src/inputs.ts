/** The input of a parser with a number: made anew from the seed and the number, so that any one can be repeated alone. */
import { Dice } from './dice.ts';
import type { FuzzedParser } from './fuzzed-parser.ts';
import { anyInput, spoilt } from './mutations.ts';

/** Of the inputs some are right, some are anything, and most are right ones with faults in them. */
export function inputOf(parser: FuzzedParser, seed: number, index: number): Buffer {
  const dice = new Dice(parser.name, seed, index);
  const { format, words = [] } = parser;
  if (dice.isOneIn(25)) return anyInput(dice, words);
  const example = () => Buffer.from(parser.example(dice));
  const input = example();
  if (dice.isOneIn(16)) return input;
  if (parser.forged !== undefined && dice.isOneIn(2)) return Buffer.from(parser.forged(input, dice));
  return spoilt(input, { format, words, other: example }, dice);
}
