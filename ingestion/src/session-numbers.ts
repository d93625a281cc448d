/**
 * Session numbers when several ingesters stand by for each other: `term × 1,000,000 + n`, where the term is the `leaseTransitions`
 * that its holder wrote when it claimed the Lease.
 *
 * Why no two ingesters ever write the same session number into the log:
 * 1. A term has one holder. Claiming writes `leaseTransitions + 1` at a known `resourceVersion`, and the API server takes one write
 *    at each version; no later write of ours ever lowers it. The same process that leads again begins a new term too.
 * 2. All sessions of a holder lie inside its term: they begin at {@link firstSessionOf} and end before the next term's first.
 *    Whoever uses them up lets the Lease go and leads again under a new term.
 * 3. A Lease that was deleted and made anew counts from 0 again, and a log may be older than its Lease. So a holder first raises its
 *    term above every session that the log shows ({@link termAfter}), by a write of the same kind.
 *
 * So the successor's numbers are higher than any that its predecessor can still write, however late it wakes up and whatever the log
 * showed when the successor looked. The fold takes rising sessions only: from the successor's session record on, every tick,
 * heartbeat and session of the predecessor is dropped as `not-owner`, in every partition by itself. Until that record the predecessor's
 * ticks count: it was the feed's only voice, and nothing of it is doubled, because the successor has said nothing yet.
 *
 * The one moment that is not covered is a Lease deleted while its holder lives and another claims the new one within the same second,
 * before the holder's next renewal, and reads the log before the holder's first session is in it.
 */

/** More sessions than a feed can begin in half a year of nothing but reconnecting. */
const sessionsPerTerm = 1_000_000;

/** The lowest number of a term's sessions. */
export function firstSessionOf(term: number): number {
  return term * sessionsPerTerm + 1;
}

/** The lowest term whose sessions are all above this one; a log without sessions (`undefined`) asks for none. */
export function termAfter(lastSession: number | undefined): number {
  return lastSession === undefined ? 0 : Math.floor(lastSession / sessionsPerTerm) + 1;
}

/** True when a session belongs to a later term: the holder has used up its numbers. */
export function isBeyond(term: number, session: number): boolean {
  return Math.floor(session / sessionsPerTerm) > term;
}
