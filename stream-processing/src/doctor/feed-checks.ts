/** What the log's end says of feeds, of the processors' lag and of refused records, judged. Pure. */
import { counted } from '@tapeline/core/counted';
import type { Heartbeat } from '@tapeline/core/records';
import { type Finding, fault, ok, spanText, warning } from './finding.ts';
import type { RecentDeadLetters } from './log-tail.ts';

/** A standby takes over within 5 s. */
const silentMs = 10_000;
/** Longer than a usual market is without any price. */
const muteMs = 300_000;
const lateMs = 60_000;

export function heartbeatFindings(heartbeats: ReadonlyMap<string, Heartbeat>, nowMs: number): readonly Finding[] {
  if (heartbeats.size === 0) {
    return [fault('heartbeat', 'no feed wrote one near the end of the log', 'start the ingester, and see its log')];
  }
  const newestMs = Math.max(...[...heartbeats.values()].map(({ timeMs }) => timeMs));
  const isAlive = nowMs - newestMs <= silentMs;
  return [...heartbeats.values()].flatMap(heartbeat => feedFindings(heartbeat, nowMs, isAlive));
}

/** @param isAlive whether any feed is. */
function feedFindings({ feed, timeMs, connected, lastDataMs, openMarkets = [] }: Heartbeat, nowMs: number, isAlive: boolean): Finding[] {
  const check = `heartbeat ${feed}`;
  const ageMs = nowMs - timeMs;
  if (ageMs > silentMs) {
    const what = `the last one is ${spanText(ageMs)} old`;
    const taken = 'unless it was taken out of FEEDS, or has other shards now, look into the log of its ingester';
    return [isAlive ? warning(check, what, taken) : fault(check, what, 'start the ingester, or look into its log and at its way to Kafka')];
  }
  if (ageMs < -silentMs) {
    return [
      warning(
        check,
        `the last one is ${spanText(-ageMs)} ahead of this clock`,
        'set both clocks by NTP (a test with FEED_CLOCK=feed may do so)',
      ),
    ];
  }
  if (!connected) return [warning(check, 'the feed is not connected', "look into the ingester's log: the key, the plan, the network")];
  const silenceMs = lastDataMs === undefined ? 0 : nowMs - lastDataMs;
  if (openMarkets.length > 0 && silenceMs > muteMs) {
    const what = `connected, and no price for ${spanText(silenceMs)} while ${openMarkets.join(', ')} is open`;
    return [warning(check, what, "see SYMBOLS and the vendor's state")];
  }
  return [ok(check, `connected, ${spanText(ageMs)} old${lastDataMs === undefined ? '' : `; last price ${spanText(silenceMs)} ago`}`)];
}

export interface Backlog {
  readonly partition: number;
  readonly records: number;
  /** When the first record that waits came; `undefined` when it was not looked at. */
  readonly sinceMs: number | undefined;
}

/**
 * @param newestMs the log's newest time: while no feed writes, nobody falls behind.
 * @param patienceMs what a processor may take before it tells how far it is.
 */
export function lagFindings(backlogs: readonly Backlog[], newestMs: number, patienceMs: number): readonly Finding[] {
  const records = backlogs.reduce((sum, backlog) => sum + backlog.records, 0);
  const longestMs = Math.max(0, ...backlogs.map(({ sinceMs }) => (sinceMs === undefined ? 0 : newestMs - sinceMs)));
  const what = `${counted(records, 'record waits', 'records wait')}${longestMs > 0 ? `, the first ${spanText(longestMs)} behind the newest` : ''}`;
  if (longestMs <= lateMs + patienceMs) return [ok('lag', what)];
  const remedy = 'check that processors run and Cassandra answers; more processors help up to one for each partition';
  return [warning('lag', what, remedy)];
}

/** @param letters of the last hour. */
export function deadLetterFindings({ byReason, isCut, lastNotOwner }: RecentDeadLetters): readonly Finding[] {
  const check = 'dead letters';
  const count = (reason: string) => byReason.get(reason) ?? 0;
  const counts = [...byReason].map(([reason, number]) => `${number} ${reason}`).join(', ');
  const all = `${isCut ? 'more than ' : ''}${counts} in the last hour`;
  const lastSender = lastNotOwner === undefined ? '' : `, the last of ${lastNotOwner.sender} (${lastNotOwner.detail})`;
  const remedies: string[] = [];
  if (count('malformed') + count('unknown') > 0) {
    remedies.push('read them in Kafdrop (detail, origin): a producer or the vendor writes what nobody knows');
  }
  if (count('not-owner') > 0) {
    remedies.push(
      'look for two ingesters of one feed (INGESTER_LEASE) and restart the one that stays, or for a symbol that two feeds have: take it out of the list of one',
    );
  }
  if (remedies.length === 0 && count('future') > 0) {
    remedies.push("set the ingester's clock by NTP: stamps were more than 5 s ahead of it");
  }
  if (remedies.length === 0 && count('late') + count('early') > 0) {
    remedies.push('see ALLOWED_LATENESS_MS and CORRECTION_HORIZON_MS; the backfiller compares the bars of late ticks');
  }
  return [remedies.length === 0 ? ok(check, 'none in the last hour') : warning(check, all + lastSender, remedies.join('; '))];
}
