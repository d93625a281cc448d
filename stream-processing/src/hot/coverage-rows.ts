/** When each symbol was observed: numbers for all, a `Coverage` of the plain fold for the few that have gaps. */
import { barFlags } from '@tapeline/core/bars';
import { type Coverage, letGo, type Span, touches } from '../fold/coverage.ts';
import { enlarged, moreThan, none } from './growing.ts';
import type { NumberReader, NumberWriter } from './number-stream.ts';

export const partialBit = 1 << barFlags.indexOf('partial');
export const gapBit = 1 << barFlags.indexOf('gap');
export const correctedBit = 1 << barFlags.indexOf('corrected');

export class CoverageRows {
  #since = new Float64Array(64);
  #letGoTo = new Float64Array(64);
  /** 1 while the symbol stands in `#open`. */
  #isOpen = new Uint8Array(64);
  readonly #open = new Map<number, Coverage>();

  reserve(slots: number): void {
    if (slots <= this.#since.length) return;
    const length = Math.max(slots, moreThan(this.#since.length));
    this.#since = enlarged(this.#since, new Float64Array(length));
    this.#letGoTo = enlarged(this.#letGoTo, new Float64Array(length));
    this.#isOpen = enlarged(this.#isOpen, new Uint8Array(length));
  }

  begin(slot: number, sinceMs: number): void {
    this.#since[slot] = sinceMs;
  }

  /** Flags that a new window of this symbol begins with, as bits. */
  flags(slot: number, startMs: number, endMs: number): number {
    const partial = startMs < (this.#since[slot] as number) ? partialBit : 0;
    if ((this.#letGoTo[slot] as number) > startMs) return partial | gapBit;
    if (this.#isOpen[slot] === 0) return partial;
    const gap = this.#open.get(slot)?.gaps.some(span => touches(span, startMs, endMs)) ?? false;
    return gap ? partial | gapBit : partial;
  }

  /** The symbol's coverage, to be read and changed; it stays an object until `advance` finds no gap in it. */
  of(slot: number): Coverage {
    const known = this.#open.get(slot);
    if (known !== undefined) return known;
    const coverage: Coverage = { sinceMs: this.#since[slot] as number, gaps: [], letGoToMs: this.#letGoTo[slot] as number };
    this.#open.set(slot, coverage);
    this.#isOpen[slot] = 1;
    return coverage;
  }

  /** The coverage when it is more than numbers. */
  peek(slot: number): Coverage | undefined {
    return this.#isOpen[slot] === 0 ? undefined : this.#open.get(slot);
  }

  addGap(slot: number, span: Span): void {
    this.of(slot).gaps.push(span);
  }

  /** Event time moved on: lets go of the gaps that began before `horizonMs`. */
  advance(slot: number, horizonMs: number): void {
    if (this.#isOpen[slot] === 0) return;
    const coverage = this.of(slot);
    letGo(coverage, horizonMs);
    this.#letGoTo[slot] = coverage.letGoToMs;
    if (coverage.gaps.length > 0 || coverage.absentSinceMs !== undefined) return;
    this.#open.delete(slot);
    this.#isOpen[slot] = 0;
  }

  write(slot: number, out: NumberWriter): void {
    const coverage = this.peek(slot);
    out.add(this.#since[slot] as number);
    out.add(this.#letGoTo[slot] as number);
    out.add(coverage === undefined ? none : coverage.gaps.length);
    if (coverage === undefined) return;
    out.add(coverage.absentSinceMs ?? none);
    for (const gap of coverage.gaps) {
      out.add(gap.fromMs);
      out.add(gap.toMs);
    }
  }

  /** Reads what `write` wrote into a symbol that was begun. */
  read(slot: number, from: NumberReader): void {
    this.#since[slot] = from.next();
    this.#letGoTo[slot] = from.next();
    const gaps = from.next();
    if (gaps === none) return;
    const coverage = this.of(slot);
    const absentSinceMs = from.next();
    if (absentSinceMs !== none) coverage.absentSinceMs = absentSinceMs;
    for (let index = 0; index < gaps; index += 1) coverage.gaps.push({ fromMs: from.next(), toMs: from.next() });
  }
}
