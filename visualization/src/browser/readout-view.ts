/** Writes the values of the bar under the cross-hair above the chart. */
import type { BoardBar } from '../board-messages.ts';
import { barTime, gapText, type PointedBar, valuesOf } from './bar-readout.ts';
import type { IndicatorName } from './indicator-choices.ts';
import { made } from './page-elements.ts';
import { kindOf } from './time-slots.ts';

/** Writes them into an element. */
export function showReadout(element: HTMLElement, at: PointedBar, names: readonly IndicatorName[], decimals: number): void {
  const { bar, gap } = at;
  const nowMs = Date.now();
  const parts = valuesOf(at, names, decimals).map(({ label, text, color }) => {
    const part = made('span', '', `${label} `);
    if (color !== undefined) part.style.color = `var(${color})`;
    part.append(made('b', '', text));
    return part;
  });
  const time = bar === undefined ? [] : [made('span', 'time', barTime(bar, nowMs))];
  element.replaceChildren(
    ...time,
    ...parts,
    ...wordsOf(bar),
    ...(gap === undefined ? [] : [flagWord(kindOf(gap) === 'missing' ? 'missing' : 'gap', gapText(gap, nowMs))]),
  );
}

function wordsOf(bar: BoardBar | undefined): readonly HTMLElement[] {
  if (bar === undefined) return [];
  const revision = bar.revision === 0 ? '' : `, revision ${bar.revision}`;
  return [made('span', 'state', `${bar.state}${revision}`), ...bar.flags.map(flag => flagWord(flag, flag))];
}

function flagWord(flag: string, text: string): HTMLElement {
  const word = made('span', 'flag', text);
  word.dataset.flag = flag;
  return word;
}
