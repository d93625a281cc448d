/** What a trader must know before trusting a price: simulated, a gap, a server out of reach. */
import type { FeedStatus } from '../board-messages.ts';
import { clock } from './number-format.ts';
import { made, place, write } from './page-elements.ts';

export interface BoardState {
  readonly feeds: readonly FeedStatus[];
  /** What the server itself lacks; empty when nothing. */
  readonly problem: string;
  /** Since when the server is out of reach, and how often it was tried. */
  readonly lost: { readonly sinceMs: number; readonly attempts: number } | undefined;
  readonly nowMs: number;
}

interface Notice {
  readonly kind: 'simulated' | 'server' | 'gap' | 'behind' | 'refused';
  readonly strong: string;
  readonly text: string;
}

const words = { live: 'LIVE', gap: 'GAP', silent: 'SILENT' } as const;

/** Writes the feeds into the head and the notices under it. */
export function showState(state: BoardState): void {
  document.body.dataset.server = state.lost === undefined ? 'connected' : 'lost';
  showFeeds(state.feeds);
  const notices = noticesOf(state);
  const list = place('notices');
  while (list.children.length > notices.length) list.lastElementChild?.remove();
  for (const [index, notice] of notices.entries()) showNotice(list, index, notice);
}

function showFeeds(feeds: readonly FeedStatus[]): void {
  const list = place('feeds');
  const key = JSON.stringify(feeds.map(feed => [feed.feed, feed.condition, feed.simulated]));
  if (list.dataset.shown === key) return;
  list.dataset.shown = key;
  list.replaceChildren(
    ...feeds.map(feed => {
      const item = made('li', '');
      item.dataset.condition = feed.condition;
      const word = feed.simulated && feed.condition === 'live' ? 'SIMULATED' : words[feed.condition];
      item.append(made('span', 'name', feed.feed), made('span', 'condition', word));
      return item;
    }),
  );
}

function noticesOf({ feeds, problem, lost, nowMs }: BoardState): readonly Notice[] {
  const notices: Notice[] = [];
  if (feeds.some(feed => feed.simulated)) {
    notices.push({ kind: 'simulated', strong: 'SIMULATED DATA', text: 'These prices are invented. They are no market.' });
  }
  if (lost !== undefined) {
    const text = `since ${clock(lost.sinceMs, nowMs)}. What you see is old. Reconnecting, attempt ${lost.attempts}.`;
    notices.push({ kind: 'server', strong: 'SERVER OUT OF REACH', text });
  } else if (problem !== '') notices.push({ kind: 'behind', strong: 'NOT UP TO DATE', text: problem });
  for (const feed of feeds) notices.push(...feedNotices(feed, nowMs));
  return notices;
}

function feedNotices(feed: FeedStatus, nowMs: number): readonly Notice[] {
  // No running age here: a screen reader would read the notice out every second.
  const since = `since ${clock(feed.sinceMs, nowMs)}`;
  const notices: Notice[] = [];
  if (feed.condition === 'gap') {
    notices.push({ kind: 'gap', strong: 'GAP', text: `${feed.feed} is disconnected ${since}; bars of this time will be marked.` });
  }
  if (feed.condition === 'silent') {
    notices.push({ kind: 'gap', strong: 'SILENT', text: `nothing was heard of ${feed.feed} ${since}; is its ingester running?` });
  }
  const [first] = feed.refused;
  if (first !== undefined) {
    const more = feed.refusedCount > feed.refused.length ? ` and ${feed.refusedCount - feed.refused.length} more` : '';
    const names = feed.refused.map(refused => refused.symbol).join(', ');
    notices.push({ kind: 'refused', strong: 'REFUSED', text: `by ${feed.feed}: ${names}${more} (${first.reason})` });
  }
  return notices;
}

function showNotice(list: HTMLElement, index: number, notice: Notice): void {
  const known = list.children[index];
  const element = known instanceof HTMLElement ? known : made('div', 'notice');
  if (known === undefined) {
    element.append(made('strong', ''), ' ', made('span', ''));
    list.append(element);
  }
  element.dataset.kind = notice.kind;
  const [strong, text] = element.children;
  if (strong instanceof HTMLElement) write(strong, notice.strong);
  if (text instanceof HTMLElement) write(text, notice.text);
}
