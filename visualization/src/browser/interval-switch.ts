/** The switch of intervals: a group of radio buttons, with keys. */
import type { Interval } from '@tapeline/core/intervals';
import { madeButton, place } from './page-elements.ts';

export class IntervalSwitch {
  readonly #chosen: (interval: Interval) => void;
  #offered: readonly Interval[] = [];
  #shown: Interval | undefined;

  constructor(chosen: (interval: Interval) => void) {
    this.#chosen = chosen;
  }

  get offered(): readonly Interval[] {
    return this.#offered;
  }

  /** Offers the intervals that the server makes bars of. */
  offer(intervals: readonly Interval[]): void {
    if (intervals.join() === this.#offered.join()) return;
    this.#offered = intervals;
    const buttons = intervals.map((name, index) => {
      const button = madeButton('', name);
      button.title = `${name} (${index + 1})`;
      button.setAttribute('role', 'radio');
      button.addEventListener('click', () => this.#chosen(name));
      button.addEventListener('keydown', event => this.#key(event));
      return button;
    });
    place('intervals').replaceChildren(...buttons);
    this.mark(this.#shown);
  }

  /** Marks the interval that is shown. */
  mark(interval: Interval | undefined): void {
    this.#shown = interval;
    for (const button of place('intervals').children) {
      const isShown = button.textContent === interval;
      button.setAttribute('aria-checked', String(isShown));
      if (button instanceof HTMLElement) button.tabIndex = isShown ? 0 : -1;
    }
  }

  /** Chooses by place, as the digits do. */
  chooseAt(index: number): void {
    const interval = this.#offered[index];
    if (interval !== undefined) this.#chosen(interval);
  }

  /** Chooses the next longer or shorter one. */
  step(by: -1 | 1): void {
    if (this.#shown !== undefined) this.chooseAt(this.#offered.indexOf(this.#shown) + by);
  }

  #key(event: KeyboardEvent): void {
    const by = ({ ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 } as const)[event.key as 'ArrowRight'];
    if (by === undefined) return;
    event.preventDefault();
    this.step(by);
    const button = place('intervals').querySelector('[aria-checked="true"]');
    if (button instanceof HTMLElement) button.focus();
  }
}
