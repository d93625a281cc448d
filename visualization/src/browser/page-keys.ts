/** Listens to the keys of the whole page. */
import { type Command, shortcutOf } from './shortcuts.ts';

export interface KeyTargets {
  readonly command: (command: Command) => void;
  readonly intervalAt: (index: number) => void;
  readonly intervalStep: (by: -1 | 1) => void;
  /** A dialog is open: the keys are its own. */
  readonly isBlocked: () => boolean;
}

export function listenToKeys(targets: KeyTargets): void {
  document.addEventListener('keydown', event => {
    if (event.defaultPrevented || targets.isBlocked()) return;
    const shortcut = shortcutOf(event, isTextField(event.target));
    if (shortcut === undefined) return;
    event.preventDefault();
    if ('command' in shortcut) targets.command(shortcut.command);
    else if ('intervalIndex' in shortcut) targets.intervalAt(shortcut.intervalIndex);
    else targets.intervalStep(shortcut.intervalStep);
  });
}

function isTextField(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement && target.type !== 'checkbox';
}
