/** Light, dark, or as the system has it: the button in the head, and word to whoever paints by itself. */
import type { KeptChoices, Theme } from './kept-choices.ts';
import { place } from './page-elements.ts';

const themes: readonly Theme[] = ['system', 'light', 'dark'];
const signs: Readonly<Record<Theme, string>> = { system: '◐', light: '☀', dark: '☾' };

export class ThemeSwitch {
  readonly #kept: KeptChoices;
  readonly #changed: () => void;

  /** @param changed told after each change of the colours */
  constructor(kept: KeptChoices, changed: () => void) {
    this.#kept = kept;
    this.#changed = changed;
    place('theme').addEventListener('click', () => this.next());
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', changed);
    this.#show(kept.theme);
  }

  /** The theme after the one that is shown. */
  next(): void {
    const theme = themes[(themes.indexOf(this.#kept.theme) + 1) % themes.length] ?? 'system';
    this.#kept.keepTheme(theme);
    this.#show(theme);
    this.#changed();
  }

  #show(theme: Theme): void {
    document.documentElement.dataset.theme = theme;
    const button = place('theme');
    button.textContent = signs[theme];
    button.title = `Theme: ${theme} (T)`;
    button.setAttribute('aria-label', `Theme: ${theme}`);
  }
}
