/** What a screen says about a feed: whether its prices can be trusted now, and if not, since when. */
import { afterEndMs, recordingFeedName } from '@tapeline/core/recorded-sessions';
import type { FeedState } from '@tapeline/stream-processing/fold/outputs';
import type { Ownership } from '@tapeline/stream-processing/hot/observation';
import type { FeedCondition, FeedStatus, OpenGap } from './board-messages.ts';

/** Heartbeats come 4 a second; so long without one is a silence. */
export const silenceMs = 5_000;

/**
 * One state for each feed from the states of all partitions: the newest session counts, its watermark is the lowest (what every
 * partition has seen), and it is connected when every partition says so. A session names all its symbols to every partition.
 */
export function mergeFeeds(partitions: readonly (readonly FeedState[])[]): readonly FeedState[] {
  const merged = new Map<string, FeedState>();
  for (const state of partitions.flat()) {
    const known = merged.get(state.feed);
    if (known === undefined || state.session > known.session) merged.set(state.feed, state);
    else if (state.session === known.session) merged.set(state.feed, mergeSession(known, state));
  }
  return [...merged.values()].sort((a, b) => (a.feed < b.feed ? -1 : 1));
}

interface Movement {
  readonly watermarkMs: number;
  readonly session: number;
  /** Wall clock when it was seen first. */
  readonly atMs: number;
}

/** Remembers from look to look when the watermark of a feed moved: somebody has to look once a second, or a silence is found too late. */
export class FeedLooks {
  readonly #moved = new Map<string, Movement>();

  /** @param isPresent false while the log is caught up with: what moves then may have been written long ago */
  look(states: readonly FeedState[], nowMs: number, isPresent: boolean): readonly FeedStatus[] {
    return states.map(state => feedStatus(state, this.#movedMs(state, nowMs, isPresent), nowMs));
  }

  /** A feed seen for the first time may have fallen silent long ago: then its watermark has to move before it counts as live. */
  #movedMs({ feed, watermarkMs, session }: FeedState, nowMs: number, isPresent: boolean): number {
    const known = this.#moved.get(feed);
    if (known?.watermarkMs === watermarkMs && known.session === session) return known.atMs;
    const isOld = nowMs - watermarkMs > silenceMs;
    const atMs = isOld && (known === undefined || !isPresent) ? 0 : nowMs;
    if (isPresent) this.#moved.set(feed, { watermarkMs, session, atMs });
    else this.#moved.delete(feed);
    return atMs;
  }
}

/**
 * The status of a feed.
 * @param movedMs wall clock when its watermark last moved here
 * @param nowMs wall clock now
 */
function feedStatus(state: FeedState, movedMs: number, nowMs: number): FeedStatus {
  const condition = conditionOf(state, movedMs, nowMs);
  return {
    feed: state.feed,
    session: state.session,
    condition,
    sinceMs: sinceOf(state, condition),
    simulated: state.simulated,
    watermarkMs: state.watermarkMs,
    ...(state.lastDataMs === undefined ? {} : { lastDataMs: state.lastDataMs }),
    symbols: state.symbols.length,
    refused: state.refused.slice(0, 20),
    refusedCount: state.refused.length,
  };
}

/** The gap that a symbol is in now; `undefined` when its prices come, or nobody ever asked for them. */
export function openGapOf(ownership: Ownership | undefined, feeds: readonly FeedStatus[]): OpenGap | undefined {
  if (ownership === undefined) return undefined;
  if ('absentSinceMs' in ownership) return { fromMs: ownership.absentSinceMs, reason: 'no feed has it any more' };
  const feed = feeds.find(candidate => candidate.feed === ownership.feed);
  if (feed === undefined || feed.condition === 'live' || feed.condition === 'ended') return undefined;
  const reason = feed.condition === 'gap' ? `${feed.feed} is disconnected` : `nothing is heard from ${feed.feed}`;
  return { fromMs: feed.lastDataMs ?? feed.sinceMs, reason };
}

function conditionOf(state: FeedState, movedMs: number, nowMs: number): FeedCondition {
  if (!state.connected) return 'gap';
  if (nowMs - movedMs <= silenceMs) return 'live';
  return isPlayed(state) ? 'ended' : 'silent';
}

/** A recording's last heartbeat stands behind all that it has; while it pauses, none does. */
function isPlayed({ feed, watermarkMs, lastDataMs = 0 }: FeedState): boolean {
  return feed === recordingFeedName && watermarkMs >= lastDataMs + afterEndMs;
}

function sinceOf(state: FeedState, condition: FeedCondition): number {
  if (condition === 'gap' || condition === 'ended') return state.lastDataMs ?? state.sessionStartMs;
  return condition === 'silent' ? Math.max(state.watermarkMs, state.sessionStartMs) : state.sessionStartMs;
}

function mergeSession(a: FeedState, b: FeedState): FeedState {
  const lastDataMs = Math.max(a.lastDataMs ?? -1, b.lastDataMs ?? -1);
  return {
    ...a,
    connected: a.connected && b.connected,
    simulated: a.simulated || b.simulated,
    watermarkMs: Math.min(a.watermarkMs, b.watermarkMs),
    lastDataMs: lastDataMs < 0 ? undefined : lastDataMs,
  };
}
