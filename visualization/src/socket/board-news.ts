/** The state of the feeds, what keeps the board from showing the present, and alerts: the same for all clients, framed once. */
import type { Alert } from '@tapeline/core/alerts';
import type { BoardAlert, FeedStatus } from '../board-messages.ts';
import type { LiveMarket } from '../live-market.ts';
import { mostAlerts } from '../market-changes.ts';
import { textFrame } from './websocket-frame.ts';

/** How often they are looked at. */
const lookMs = 50;

/** What a client was told. */
export interface ToldNews {
  readonly feeds: number;
  readonly problem: number;
  /** How many alerts. */
  readonly alerts: number;
}

/** Before the first update: the feeds have to be told, a problem if there is one, and the alerts that were given lately. */
export const toldNothing: ToldNews = { feeds: 0, problem: 0, alerts: 0 };

export class BoardNews {
  readonly #market: Pick<LiveMarket, 'feeds' | 'problem'>;
  readonly #frames = new Map<string, Buffer>();
  #feeds: readonly FeedStatus[] = [];
  #feedsText = '';
  #problem = '';
  #alerts: readonly BoardAlert[] = [];
  #now: ToldNews = toldNothing;
  #lookedMs = Number.NEGATIVE_INFINITY;

  constructor(market: Pick<LiveMarket, 'feeds' | 'problem'>) {
    this.#market = market;
  }

  /** What a client knows when it was told everything. */
  get now(): ToldNews {
    return this.#now;
  }

  /** The feeds as they were looked at last. */
  get feeds(): readonly FeedStatus[] {
    return this.#feeds;
  }

  /** Looks for changes, if it did not lately. @returns whether the feeds changed */
  look(nowMs: number): boolean {
    if (Math.abs(nowMs - this.#lookedMs) < lookMs) return false;
    this.#lookedMs = nowMs;
    const feeds = this.#market.feeds();
    const feedsText = JSON.stringify(feeds);
    const problem = this.#market.problem() ?? '';
    const isOther = feedsText !== this.#feedsText;
    if (!isOther && problem === this.#problem) return false;
    const { now } = this;
    this.#now = {
      ...now,
      feeds: isOther ? now.feeds + 1 : now.feeds,
      problem: problem === this.#problem ? now.problem : now.problem + 1,
    };
    this.#feeds = feeds;
    this.#feedsText = feedsText;
    this.#problem = problem;
    this.#frames.clear();
    return isOther;
  }

  /** Takes in alerts. */
  give(alerts: readonly Alert[]): void {
    if (alerts.length === 0) return;
    this.#alerts = [...this.#alerts, ...alerts.map(boardAlert)].slice(-mostAlerts);
    this.#now = { ...this.#now, alerts: this.#now.alerts + alerts.length };
    this.#frames.clear();
  }

  /** The frame that brings a client up to date; `undefined` when it is. */
  frame(told: ToldNews): Buffer | undefined {
    if (told === this.#now) return undefined;
    const given = Math.min(this.#now.alerts - told.alerts, this.#alerts.length);
    const parts = [
      `"nowMs":${this.#lookedMs}`,
      ...(told.feeds === this.#now.feeds ? [] : [`"feeds":${this.#feedsText}`]),
      ...(told.problem === this.#now.problem ? [] : [`"problem":${JSON.stringify(this.#problem)}`]),
      ...(given === 0 ? [] : [`"alerts":${JSON.stringify(this.#alerts.slice(-given))}`]),
    ];
    const key = `${told.feeds === this.#now.feeds} ${told.problem === this.#now.problem} ${given}`;
    const known = this.#frames.get(key);
    if (known !== undefined) return known;
    const frame = textFrame(`{${parts.join(',')}}`);
    this.#frames.set(key, frame);
    return frame;
  }
}

/** The fields of an alert that screens see. */
function boardAlert({ v: _format, kind: _kind, versionUs: _version, ...alert }: Alert): BoardAlert {
  return alert;
}
