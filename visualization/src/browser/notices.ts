/** What a trader must know before trusting a price: simulated, a gap, a server out of reach. */
import type { FeedStatus } from '../board-messages.ts';
import type { ConnectionState } from './connection.ts';
import { clock } from './number-format.ts';

export interface BoardState {
  readonly feeds: readonly FeedStatus[];
  /** What the server itself lacks; empty when nothing. */
  readonly problem: string;
  /** Since when the server is out of reach, and why it went. */
  readonly lost: { readonly sinceMs: number; readonly reason: string } | undefined;
  /** Why the server does not give what the page asked it for; empty when it does. */
  readonly refusal: string;
  readonly nowMs: number;
}

export interface Notice {
  readonly kind: 'simulated' | 'server' | 'gap' | 'behind' | 'refused' | 'ended';
  readonly strong: string;
  readonly text: string;
}

/** The notices of a state, the weightiest first. */
export function noticesOf({ feeds, problem, lost, refusal, nowMs }: BoardState): readonly Notice[] {
  const notices: Notice[] = [];
  if (feeds.some(feed => feed.simulated)) {
    notices.push({ kind: 'simulated', strong: 'SIMULATED DATA', text: 'These prices are invented. They are no market.' });
  }
  if (lost !== undefined) {
    // No count of attempts, and below no age: a screen reader would read the notice out each time.
    const text = `since ${clock(lost.sinceMs, nowMs)}: ${lost.reason}. What you see is old.`;
    notices.push({ kind: 'server', strong: 'SERVER OUT OF REACH', text });
  } else if (problem !== '') notices.push({ kind: 'behind', strong: 'NOT UP TO DATE', text: problem });
  if (refusal !== '') notices.push({ kind: 'refused', strong: 'NOT ALL IS SHOWN', text: refusal });
  for (const feed of feeds) notices.push(...feedNotices(feed, problem === '', nowMs));
  return notices;
}

/** @param isServerWell a server that lacks something itself may be why it heard nothing */
function feedNotices(feed: FeedStatus, isServerWell: boolean, nowMs: number): readonly Notice[] {
  const since = `since ${clock(feed.sinceMs, nowMs)}`;
  const notices: Notice[] = [];
  if (feed.condition === 'gap') {
    notices.push({ kind: 'gap', strong: 'GAP', text: `${feed.feed} is disconnected ${since}; bars of this time will be marked.` });
  }
  if (feed.condition === 'silent') {
    const question = isServerWell ? '; is its ingester running?' : '';
    notices.push({ kind: 'gap', strong: 'SILENT', text: `nothing was heard from ${feed.feed} ${since}${question}` });
  }
  if (feed.condition === 'ended') {
    notices.push({
      kind: 'ended',
      strong: 'ENDED',
      text: `${feed.feed} was played to its end; its last price is of ${clock(feed.sinceMs, nowMs)}.`,
    });
  }
  const [first] = feed.refused;
  if (first !== undefined) {
    const more = feed.refusedCount > feed.refused.length ? ` and ${feed.refusedCount - feed.refused.length} more` : '';
    const names = feed.refused.map(refused => refused.symbol).join(', ');
    notices.push({ kind: 'refused', strong: 'REFUSED', text: `by ${feed.feed}: ${names}${more} (${first.reason})` });
  }
  return notices;
}

/** How the page stands with its server, in words; @param leftMs until the next attempt to connect */
export function connectionText(kind: ConnectionState['kind'], leftMs: number): string {
  if (kind === 'open') return 'Connected';
  if (kind === 'connecting' || leftMs <= 0) return 'Connecting…';
  return `Reconnecting in ${Math.ceil(leftMs / 1_000)} s`;
}
