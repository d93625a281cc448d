/** An engine of its own, without a fold, and bars as it writes them. */
import type { Bar } from '@tapeline/core/bars';
import { levelsOf } from '../../src/fold/levels.ts';
import { barStride, storeBar } from '../../src/hot/bar-columns.ts';
import { FoldEngine } from '../../src/hot/fold-engine.ts';
import { SymbolNames } from '../../src/hot/symbol-names.ts';
import { foldOptions } from './builders.ts';

export function anEngine(): { readonly engine: FoldEngine; readonly symbols: SymbolNames } {
  const host = { touchesGap: () => false, advanceCoverage: () => undefined, takeBars: () => undefined };
  const engine = new FoldEngine(foldOptions, levelsOf(foldOptions.intervals), host);
  return { engine, symbols: new SymbolNames(engine) };
}

/** The texts of bars, as the engine writes them one after the other. */
export function barTexts({ engine, symbols }: ReturnType<typeof anEngine>, bars: readonly Bar[]): string[] {
  const { functions } = engine;
  const slots = bars.map(({ symbol }) => (symbols.slotOf(symbol) < 0 ? symbols.add(symbol) : symbols.slotOf(symbol)));
  const place = functions.exchangeForTexts(bars.length);
  for (const [index, bar] of bars.entries()) {
    engine.wholes[place / 4 + 2 * index] = slots[index] as number;
    storeBar(bar, engine.numbers, place / 8 + bars.length + index * barStride);
  }
  const start = functions.writeTexts(bars.length);
  const ends = bars.map((_, index) => engine.wholes[place / 4 + 2 * index + 1] as number);
  return ends.map((end, index) => Buffer.from(engine.bytes.slice(start + (ends[index - 1] ?? 0), start + end)).toString());
}
