/** When each symbol was observed: numbers in the engine for all, a `Coverage` of the plain fold for the few that have gaps. */
import { type Coverage, letGo, type Span, touches } from '../fold/coverage.ts';
import type { FoldEngine } from './fold-engine.ts';
import { none } from './growing.ts';
import type { NumberReader, NumberWriter } from './number-stream.ts';

export class CoverageRows {
  readonly #engine: FoldEngine;
  readonly #open = new Map<number, Coverage>();

  constructor(engine: FoldEngine) {
    this.#engine = engine;
  }

  begin(slot: number, sinceMs: number): void {
    this.#engine.functions.setCoverage(slot, sinceMs, 0, false);
  }

  /** Whether one of the symbol's gaps that are told one by one touches the span. */
  touchesGap(slot: number, startMs: number, endMs: number): boolean {
    return this.#open.get(slot)?.gaps.some(span => touches(span, startMs, endMs)) ?? false;
  }

  /** The symbol's coverage, to be read and changed; it stays an object until `advance` finds no gap in it. */
  of(slot: number): Coverage {
    const known = this.#open.get(slot);
    if (known !== undefined) return known;
    const { functions } = this.#engine;
    const coverage: Coverage = { sinceMs: functions.sinceOf(slot), gaps: [], letGoToMs: functions.letGoToOf(slot) };
    this.#open.set(slot, coverage);
    functions.setCoverage(slot, coverage.sinceMs, coverage.letGoToMs, true);
    return coverage;
  }

  addGap(slot: number, span: Span): void {
    this.of(slot).gaps.push(span);
  }

  /** Event time moved on: lets go of the gaps that began before `horizonMs`. */
  advance(slot: number, horizonMs: number): void {
    const coverage = this.#open.get(slot);
    if (coverage === undefined) return;
    letGo(coverage, horizonMs);
    const isOpen = coverage.gaps.length > 0 || coverage.absentSinceMs !== undefined;
    if (!isOpen) this.#open.delete(slot);
    this.#engine.functions.setCoverage(slot, coverage.sinceMs, coverage.letGoToMs, isOpen);
  }

  write(slot: number, out: NumberWriter): void {
    const { functions } = this.#engine;
    const coverage = this.#open.get(slot);
    out.add(functions.sinceOf(slot));
    out.add(functions.letGoToOf(slot));
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
    const sinceMs = from.next();
    const letGoToMs = from.next();
    this.#engine.functions.setCoverage(slot, sinceMs, letGoToMs, false);
    const gaps = from.next();
    if (gaps === none) return;
    const coverage = this.of(slot);
    const absentSinceMs = from.next();
    if (absentSinceMs !== none) coverage.absentSinceMs = absentSinceMs;
    const times = from.nextNumbers(2 * gaps);
    for (let index = 0; index < times.length; index += 2) {
      coverage.gaps.push({ fromMs: times[index] as number, toMs: times[index + 1] as number });
    }
  }
}
