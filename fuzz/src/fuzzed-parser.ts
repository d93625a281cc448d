/** What is fuzzed: a parser with inputs that are right, and what holds for each input, right or not. */
import type { Dice } from './dice.ts';

/**
 * What an input is made of, which says how it is spoilt.
 * - `json`: one JSON text
 * - `lines`: lines of JSON
 * - `text`: any other text
 * - `bytes`: a binary form
 */
export type InputFormat = 'json' | 'lines' | 'text' | 'bytes';

export interface FuzzedParser {
  readonly name: string;
  /** What it reads, for people. */
  readonly reads: string;
  /** What holds for each input besides that nothing but a refusal is thrown. */
  readonly heldTo: string;
  readonly format: InputFormat;
  /** What is worth being put into an input. */
  readonly words?: readonly string[];
  /** Share of the inputs that a short run gives it: 1 of so many. @default 1 */
  readonly slowness?: number;
  /** Memory that an input may leave behind, whatever its size, where that is a bound of the parser's own. In bytes. @default 64 MiB */
  readonly mostHeldBytes?: number;
  /** A right input with faults in it and a checksum that is right for them, so that what is behind the checksum is searched: half of the inputs. */
  forged?(right: Buffer, dice: Dice): Uint8Array;
  /** A right input. */
  example(dice: Dice): string | Uint8Array;
  /** Reads the input and throws for whatever must not be. */
  check(input: Buffer): void | Promise<void>;
}
