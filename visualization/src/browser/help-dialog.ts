/** The dialog that explains keys and marks. */
import { flagLooks } from './bar-marks.ts';
import { made, place } from './page-elements.ts';
import { keyHelp } from './shortcuts.ts';

const alertSays = 'alerts were given at this bar: the list has them; the arrow stands alone where its word would lie on another';

export class HelpDialog {
  readonly #dialog: HTMLDialogElement;

  constructor() {
    const dialog = place('help');
    if (!(dialog instanceof HTMLDialogElement)) throw new Error('#help is no dialog');
    this.#dialog = dialog;
    place('help-keys').replaceChildren(...keyHelp.flatMap(group => [made('h3', '', group.place), keysOf(group.keys)]));
    const flags = flagLooks.flatMap(({ flag, letter, says }) => [markOf(flag, letter), made('dd', '', says)]);
    place('help-marks').replaceChildren(...flags, made('dt', 'alert-mark', '↑ alert'), made('dd', '', alertSays));
    place('help-open').addEventListener('click', () => this.open());
    place('help-close').addEventListener('click', () => dialog.close());
    dialog.addEventListener('click', event => {
      if (event.target === dialog) dialog.close();
    });
  }

  get isOpen(): boolean {
    return this.#dialog.open;
  }

  open(): void {
    if (!this.#dialog.open) this.#dialog.showModal();
  }
}

function keysOf(keys: readonly (readonly [string, string])[]): HTMLElement {
  const list = made('dl', 'keys');
  for (const [key, does] of keys) {
    const name = made('dt', '');
    name.append(made('kbd', '', key));
    list.append(name, made('dd', '', does));
  }
  return list;
}

function markOf(flag: string, letter: string | undefined): HTMLElement {
  const name = made('dt', '', letter === undefined ? flag : `${letter} ${flag}`);
  name.dataset.flag = flag;
  return name;
}
