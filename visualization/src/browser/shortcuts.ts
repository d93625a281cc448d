/** The keys of the page: what each does, for the help and for the page itself. */

export type Command = 'search' | 'help' | 'indicators' | 'theme' | 'watchlist' | 'chart' | 'alerts' | 'newest';

export type Shortcut = { readonly command: Command } | { readonly intervalIndex: number } | { readonly intervalStep: -1 | 1 };

/** What the help lists, by where the keys work. */
export const keyHelp = [
  {
    place: 'Everywhere',
    keys: [
      ['/ or Ctrl K', 'search for a symbol; arrows choose, Enter opens it and adds it to the watchlist'],
      ['1 … 8', 'interval of the bars, in the order of the switch'],
      ['[ and ]', 'shorter and longer interval'],
      ['I', 'indicators'],
      ['W, C, A', 'to the watchlist, the chart, the alerts'],
      ['N', 'back to the newest bars'],
      ['T', 'theme: system, light, dark'],
      ['?', 'this help'],
      ['Esc', 'closes what is open'],
    ],
  },
  {
    place: 'Watchlist',
    keys: [
      ['↑ ↓ Home End', 'choose a symbol'],
      ['Alt ↑, Alt ↓', 'move it up or down; with the pointer: drag its handle'],
      ['Delete', 'take it off the list'],
    ],
  },
  {
    place: 'Chart',
    keys: [
      ['← →', 'cross-hair from bar to bar, with its values; Shift: ten bars'],
      ['Home, End', 'oldest and newest bar'],
      ['+ −', 'closer and wider'],
    ],
  },
] as const;

const commands: Readonly<Record<string, Command>> = {
  '/': 'search',
  '?': 'help',
  i: 'indicators',
  t: 'theme',
  w: 'watchlist',
  c: 'chart',
  a: 'alerts',
  n: 'newest',
};

/** A key press, as the browser's event tells it. */
export interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

/** What a key press means to the page; `undefined` when it is somebody else's: text of a field, or the browser's own. */
export function shortcutOf(event: KeyPress, isTyping: boolean): Shortcut | undefined {
  const withControl = event.ctrlKey || event.metaKey;
  if (withControl && !event.altKey && event.key.toLowerCase() === 'k') return { command: 'search' };
  if (isTyping || withControl || event.altKey) return undefined;
  if (/^[1-9]$/.test(event.key)) return { intervalIndex: Number(event.key) - 1 };
  if (event.key === '[' || event.key === ']') return { intervalStep: event.key === '[' ? -1 : 1 };
  const command = commands[event.key.toLowerCase()];
  return command === undefined ? undefined : { command };
}
