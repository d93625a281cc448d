/** One message about alerts: some of them one by one, and older ones counted. This file says what stands in it; pure. */
import { createHash } from 'node:crypto';
import type { Alert, AlertSeverity } from '@tapeline/core/alerts';

/** Older alerts of one rule about one subject. */
export interface OlderGroup {
  readonly rule: string;
  /** A symbol, or a feed. */
  readonly subject: string;
  readonly severity: AlertSeverity;
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
  /** Of the last one. */
  readonly message: string;
}

/** Alerts that were too old to be told one by one. */
export interface OlderAlerts {
  readonly count: number;
  /** The most frequent first; at most {@link mostGroups}. */
  readonly groups: readonly OlderGroup[];
  /** Alerts of further groups, which are not listed. */
  readonly others: number;
}

export interface Notice {
  /** The same for the same alerts: 32 hex digits. */
  readonly id: string;
  /** Told one by one, in the order of the log. */
  readonly alerts: readonly Alert[];
  readonly older: OlderAlerts | undefined;
}

/** What a message may hold. */
export interface NoticeLimits {
  /** Alerts told one by one. */
  readonly mostListed: number;
  /** Alerts of an earlier time than so long ago are counted; none are when it is absent. */
  readonly summaryAfterMs: number | undefined;
}

/** An alert of the log that was not sent yet. */
export interface WaitingAlert {
  readonly alert: Alert;
  /** Of its id; see {@link hashOfId}. */
  readonly hash: string;
}

const mostGroups = 30;
/** Groups that are told apart while they are counted. */
const mostGroupsCounted = 1_000;
/** Of one message, so that memory is bounded; what is beyond goes into the next. */
const mostInOneNotice = 100_000;

/** What is remembered of an id: 96 bits of it, as text of 16 letters. */
export function hashOfId(id: string): string {
  return createHash('sha256').update(id).digest('base64url').slice(0, 16);
}

/** A message while it is being made: it takes alerts in the order of the log, and what it took grows older. */
export class NoticeDraft {
  readonly #limits: NoticeLimits;
  readonly #hashes = new Set<string>();
  readonly #groups = new Map<string, OlderGroup>();
  #listed: readonly WaitingAlert[] = [];
  #olderCount = 0;

  constructor(limits: NoticeLimits) {
    this.#limits = limits;
  }

  /** Of every alert in it. */
  get hashes(): ReadonlySet<string> {
    return this.#hashes;
  }

  get size(): number {
    return this.#hashes.size;
  }

  /** Time of the first alert that is told one by one; of the first counted one when there are none. `undefined` when it is empty. */
  get oldestMs(): number | undefined {
    const times = [...this.#listed.map(({ alert }) => alert.timeMs), ...[...this.#groups.values()].map(({ firstMs }) => firstMs)];
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Takes it, unless it has no room for it. An alert that is in it already is taken, and changes nothing. */
  take(waiting: WaitingAlert, nowMs: number): boolean {
    if (this.#hashes.has(waiting.hash)) return true;
    if (this.#hashes.size >= mostInOneNotice) return false;
    if (this.#isOld(waiting, nowMs)) this.#count(waiting.alert);
    else if (this.#listed.length < this.#limits.mostListed) this.#listed = [...this.#listed, waiting];
    else return false;
    this.#hashes.add(waiting.hash);
    return true;
  }

  /** Counts what has become old since it was taken. @returns true when there was any, so that there may be room now */
  grewOlder(nowMs: number): boolean {
    const old = this.#listed.filter(waiting => this.#isOld(waiting, nowMs));
    if (old.length === 0) return false;
    for (const { alert } of old) this.#count(alert);
    this.#listed = this.#listed.filter(waiting => !old.includes(waiting));
    return true;
  }

  notice(): Notice {
    const id = createHash('sha256')
      .update([...this.#hashes].join('\n'))
      .digest('hex')
      .slice(0, 32);
    return { id, alerts: this.#listed.map(({ alert }) => alert), older: this.#older() };
  }

  #isOld({ alert }: WaitingAlert, nowMs: number): boolean {
    const { summaryAfterMs } = this.#limits;
    return summaryAfterMs !== undefined && alert.timeMs < nowMs - summaryAfterMs;
  }

  #count({ rule, symbol, feed, severity, timeMs, message }: Alert): void {
    this.#olderCount += 1;
    const subject = symbol ?? feed ?? '';
    const key = JSON.stringify([rule, subject, severity]);
    const known = this.#groups.get(key);
    if (known === undefined && this.#groups.size >= mostGroupsCounted) return;
    const isLast = known === undefined || timeMs >= known.lastMs;
    this.#groups.set(key, {
      rule,
      subject,
      severity,
      count: (known?.count ?? 0) + 1,
      firstMs: Math.min(known?.firstMs ?? timeMs, timeMs),
      lastMs: Math.max(known?.lastMs ?? timeMs, timeMs),
      message: isLast ? message : known.message,
    });
  }

  #older(): OlderAlerts | undefined {
    if (this.#olderCount === 0) return undefined;
    const groups = [...this.#groups.values()].sort((a, b) => b.count - a.count || a.firstMs - b.firstMs).slice(0, mostGroups);
    const listed = groups.reduce((sum, { count }) => sum + count, 0);
    return { count: this.#olderCount, groups, others: this.#olderCount - listed };
  }
}
