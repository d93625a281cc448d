/** Writes the feeds into the head and the notices under it. */
import type { FeedStatus } from '../board-messages.ts';
import { type BoardState, type Notice, noticesOf } from './notices.ts';
import { made, place, write } from './page-elements.ts';

const words = { live: 'LIVE', gap: 'GAP', silent: 'SILENT', ended: 'ENDED' } as const;

/** Shows a state. */
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
