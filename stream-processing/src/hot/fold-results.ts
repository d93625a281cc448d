/** What a run of records gave: bars in columns, the rest as the plain fold gives it; reused, and empty again after `clear`. */
import type { Tick } from '@tapeline/core/records';
import type { FoldOutput } from '../fold/outputs.ts';
import { BarBlock } from './bar-block.ts';
import type { FoldEngine } from './fold-engine.ts';
import { enlarged } from './growing.ts';
import type { SymbolNames } from './symbol-names.ts';

export class FoldResults {
  readonly bars: BarBlock;
  /** All but bars, and ticks only when they are stored, in the order of the log. */
  readonly outputs: FoldOutput[] = [];
  readonly storeTicks: boolean;
  /** Ticks that went into bars. */
  taken = 0;
  readonly #engine: FoldEngine;
  #changed = new Int32Array(64);
  #changedCount = 0;
  /** By slot: 1 when it stands in `#changed`. */
  #isChanged = new Uint8Array(64);

  /** @param storeTicks whether `outputs` has the ticks, which are objects */
  constructor(engine: FoldEngine, symbols: SymbolNames, storeTicks: boolean) {
    this.#engine = engine;
    this.bars = new BarBlock(engine, symbols);
    this.storeTicks = storeTicks;
  }

  clear(): void {
    this.bars.clear();
    this.outputs.length = 0;
    this.taken = 0;
    for (let index = 0; index < this.#changedCount; index += 1) this.#isChanged[this.#changed[index] as number] = 0;
    this.#changedCount = 0;
  }

  /** Takes over what the engine has given out since the last time: bars, and whose latest tick changed. */
  take(): void {
    this.bars.take();
    const { functions } = this.#engine;
    const count = functions.changedCount.value;
    if (count === 0) return;
    const { wholes } = this.#engine;
    const at = functions.changedAt() / 4;
    for (let index = 0; index < count; index += 1) this.change(wholes[at + index] as number);
    functions.clearChanged();
  }

  /** A newer latest tick of a symbol came. */
  change(slot: number): void {
    if (this.#isChanged[slot] === 1) return;
    if (slot >= this.#isChanged.length) this.#isChanged = enlarged(this.#isChanged, new Uint8Array(2 * slot));
    if (this.#changedCount === this.#changed.length) this.#changed = enlarged(this.#changed, new Int32Array(2 * this.#changedCount));
    this.#isChanged[slot] = 1;
    this.#changed[this.#changedCount] = slot;
    this.#changedCount += 1;
  }

  /** Number of symbols whose latest tick changed. */
  get changedCount(): number {
    return this.#changedCount;
  }

  /** Slots of these symbols, in the order of their first change. */
  changed(index: number): number {
    return this.#changed[index] as number;
  }
}

/** The latest tick of a symbol, and the version of its row. */
export interface LatestTick {
  readonly tick: Tick;
  readonly versionUs: number;
}
