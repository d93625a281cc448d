/** The menu that chooses the chart's indicators. */
import { type IndicatorName, indicatorChoices } from './indicator-choices.ts';
import { made, place } from './page-elements.ts';

export class IndicatorMenu {
  readonly #list = place('indicators');
  readonly #button = place('indicators-open');
  readonly #changed: (names: readonly IndicatorName[]) => void;

  /** @param changed told the chosen ones, in the order of the menu */
  constructor(chosen: readonly IndicatorName[], changed: (names: readonly IndicatorName[]) => void) {
    this.#changed = changed;
    this.#list.append(...indicatorChoices.map(({ name, label }) => itemOf(name, label, chosen.includes(name))));
    this.#list.addEventListener('change', () => this.#changed(this.#chosen()));
    this.#button.addEventListener('click', () => this.toggle());
    document.addEventListener('pointerdown', event => {
      if (!this.#list.hidden && event.target instanceof Node && !this.#list.parentElement?.contains(event.target)) this.#close();
    });
    this.#list.parentElement?.addEventListener('keydown', event => {
      if (event.key !== 'Escape' || this.#list.hidden) return;
      this.#close();
      this.#button.focus();
    });
  }

  /** Opens it with the focus on its first line, or closes it. */
  toggle(): void {
    if (!this.#list.hidden) {
      this.#close();
      return;
    }
    this.#list.hidden = false;
    this.#button.setAttribute('aria-expanded', 'true');
    this.#list.querySelector('input')?.focus();
  }

  #close(): void {
    this.#list.hidden = true;
    this.#button.setAttribute('aria-expanded', 'false');
  }

  #chosen(): readonly IndicatorName[] {
    const checked = [...this.#list.querySelectorAll('input')].filter(input => input.checked).map(input => input.value);
    return indicatorChoices.map(choice => choice.name).filter(name => checked.includes(name));
  }
}

function itemOf(name: IndicatorName, label: string, isChosen: boolean): HTMLElement {
  const input = document.createElement('input');
  input.type = 'checkbox';
  input.value = name;
  input.checked = isChosen;
  const item = made('label', '');
  item.append(input, label);
  return item;
}
