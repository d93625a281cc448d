/**
 * The account of a key's credits, as values: what was claimed, until when the vendor may count it, and when more may be claimed.
 *
 * We do not know when the vendor counts a request, only that it does so between its sending and its answer, nor where the vendor's
 * minutes begin. So a claim is held to be countable until `untilMs`, and a new one is let through only if all that may have been counted in
 * the 60 s before it leaves room. Why that is enough: take the requests of any one minute of the vendor, and of these the one that was sent
 * last, at s. The minute had not ended when it was counted, so it began after s − 60 s; the others were counted within it, so their
 * `untilMs` is after s − 60 s; hence all of them were in the sum when the last one was let through. No clock but ours is in the argument.
 *
 * Days are the vendor's, UTC. A claim that may fall on either side of a midnight counts on both.
 */

export const minuteMs = 60_000;
export const dayMs = 86_400_000;

export interface CreditLimits {
  /** @default 8 */
  readonly creditsPerMinute: number;
  /** `undefined` for a plan without a limit. @default 800 */
  readonly creditsPerDay: number | undefined;
  /** So long after its claim a request cannot be counted any more, whatever became of it; 5 s more than a request may take. @default 35,000 */
  readonly longestRequestMs: number;
  /** How far the clocks of all who share the key may be apart, and how far a minute of theirs from the vendor's. @default 1,000 */
  readonly minuteToleranceMs: number;
  /** How far our midnight may be from the vendor's. @default 60,000 */
  readonly dayToleranceMs: number;
}

export interface Claim {
  readonly id: string;
  readonly credits: number;
  /** The vendor may count it until then. */
  readonly untilMs: number;
}

export interface DayTotal {
  /** Days since the Unix epoch, UTC. */
  readonly day: number;
  readonly credits: number;
}

/** A value; its claims are those of the last minutes, its days the last few. */
export interface CreditLedger {
  readonly claims: readonly Claim[];
  readonly days: readonly DayTotal[];
}

export const emptyLedger: CreditLedger = { claims: [], days: [] };

/** When so many credits may be claimed: `nowMs`, or the first moment after it at which they fit if nobody else claims any. */
export function claimableAtMs(ledger: CreditLedger, credits: number, nowMs: number, limits: CreditLimits): number {
  let atMs = minuteFreeAtMs(ledger, credits, nowMs, limits);
  for (let full = lastFullDay(ledger, credits, atMs, limits); full !== undefined; full = lastFullDay(ledger, credits, atMs, limits)) {
    atMs = (full + 1) * dayMs + limits.dayToleranceMs;
  }
  return atMs;
}

/** The account after a claim; says nothing about whether it fits. */
export function claimed(ledger: CreditLedger, id: string, credits: number, nowMs: number, limits: CreditLimits): CreditLedger {
  const claim = { id, credits, untilMs: nowMs + limits.longestRequestMs };
  return pruned({ claims: [...ledger.claims, claim], days: charged(ledger.days, daysOf(nowMs, limits), credits) }, nowMs, limits);
}

/** The account after a claim of `claimedMs` whose request was not sent, and will not be. */
export function givenBack(ledger: CreditLedger, id: string, claimedMs: number, limits: CreditLimits): CreditLedger {
  const claim = ledger.claims.find(each => each.id === id);
  if (claim === undefined) return ledger;
  const days = charged(ledger.days, daysOf(claimedMs, limits), -claim.credits).filter(({ credits }) => credits > 0);
  return { claims: ledger.claims.filter(each => each !== claim), days };
}

/** The vendor answered, so it counted the request before `nowMs`. */
export function settled(ledger: CreditLedger, id: string, nowMs: number): CreditLedger {
  const claims = ledger.claims.map(claim => (claim.id === id ? { ...claim, untilMs: Math.min(claim.untilMs, nowMs) } : claim));
  return { ...ledger, claims };
}

/**
 * The vendor says that `used` credits of its minute are gone. What is more than all of ours that can be among them was spent by
 * somebody else, and is claimed here on his behalf.
 * @param sentMs when the request was claimed whose answer says so.
 */
export function othersUsed(
  ledger: CreditLedger,
  id: string,
  used: number,
  sentMs: number,
  nowMs: number,
  limits: CreditLimits,
): CreditLedger {
  const credits = used - sumOf(ledger.claims.filter(({ untilMs }) => untilMs > sentMs - windowMs(limits)));
  if (credits <= 0) return ledger;
  const claims = [...ledger.claims, { id, credits, untilMs: nowMs }];
  return { claims, days: charged(ledger.days, [Math.floor(nowMs / dayMs)], credits) };
}

/** The vendor says that its minute's credits are used up: nothing more for a minute. */
export function minuteExhausted(ledger: CreditLedger, id: string, nowMs: number, limits: CreditLimits): CreditLedger {
  const left = limits.creditsPerMinute - sumOf(ledger.claims.filter(({ untilMs }) => untilMs >= nowMs));
  return left <= 0 ? ledger : { ...ledger, claims: [...ledger.claims, { id, credits: left, untilMs: nowMs }] };
}

/** The vendor says that its day's credits are used up. Near midnight the day that ends is meant: if it was the other, the vendor will say so again. */
export function dayExhausted(ledger: CreditLedger, sentMs: number, limits: CreditLimits): CreditLedger {
  const day = Math.floor((sentMs - limits.dayToleranceMs) / dayMs);
  const missing = dayLimit(limits) - creditsOf(ledger, day);
  return missing <= 0 ? ledger : { ...ledger, days: charged(ledger.days, [day], missing) };
}

/** Credits that can be claimed now, by minute and by day. */
export function creditsLeft(ledger: CreditLedger, nowMs: number, limits: CreditLimits): { readonly minute: number; readonly day: number } {
  const inMinute = sumOf(ledger.claims.filter(({ untilMs }) => untilMs > nowMs - windowMs(limits)));
  const inDay = Math.max(...daysOf(nowMs, limits).map(day => creditsOf(ledger, day)));
  return {
    minute: Math.max(0, limits.creditsPerMinute - inMinute),
    day: Math.max(0, (limits.creditsPerDay ?? Number.POSITIVE_INFINITY) - inDay),
  };
}

/** A clock that was set back leaves claims in the future: none can last longer than a request. The same value when there are none. */
export function notAhead(ledger: CreditLedger, nowMs: number, limits: CreditLimits): CreditLedger {
  const latestMs = nowMs + limits.longestRequestMs;
  if (ledger.claims.every(({ untilMs }) => untilMs <= latestMs)) return ledger;
  return { ...ledger, claims: ledger.claims.map(claim => ({ ...claim, untilMs: Math.min(claim.untilMs, latestMs) })) };
}

/** A plan without a limit has one that only the vendor's word fills. */
function dayLimit({ creditsPerDay = Number.MAX_SAFE_INTEGER }: CreditLimits): number {
  return creditsPerDay;
}

function windowMs(limits: CreditLimits): number {
  return minuteMs + limits.minuteToleranceMs;
}

function minuteFreeAtMs(ledger: CreditLedger, credits: number, nowMs: number, limits: CreditLimits): number {
  const held = ledger.claims.filter(({ untilMs }) => untilMs > nowMs - windowMs(limits)).sort((a, b) => a.untilMs - b.untilMs);
  let sum = sumOf(held);
  let atMs = nowMs;
  for (const claim of held) {
    if (sum + credits <= limits.creditsPerMinute) break;
    sum -= claim.credits;
    atMs = claim.untilMs + windowMs(limits);
  }
  return atMs;
}

function lastFullDay(ledger: CreditLedger, credits: number, atMs: number, limits: CreditLimits): number | undefined {
  return daysOf(atMs, limits).findLast(day => creditsOf(ledger, day) + credits > dayLimit(limits));
}

/** The days of the vendor that a request may be counted on if it is claimed at `atMs`. */
function daysOf(atMs: number, limits: CreditLimits): readonly number[] {
  const first = Math.floor((atMs - limits.dayToleranceMs) / dayMs);
  const last = Math.floor((atMs + limits.longestRequestMs + limits.dayToleranceMs) / dayMs);
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function charged(totals: readonly DayTotal[], days: readonly number[], credits: number): readonly DayTotal[] {
  const others = totals.filter(({ day }) => !days.includes(day));
  const own = days.map(day => ({
    day,
    credits: Math.min(Number.MAX_SAFE_INTEGER, credits + (totals.find(total => total.day === day)?.credits ?? 0)),
  }));
  return [...others, ...own].sort((a, b) => a.day - b.day);
}

function creditsOf(ledger: CreditLedger, day: number): number {
  return ledger.days.find(total => total.day === day)?.credits ?? 0;
}

function sumOf(claims: readonly Claim[]): number {
  return claims.reduce((sum, { credits }) => sum + credits, 0);
}

/** Drops what can matter no more, also to the answer of a request that is still under way. */
function pruned(ledger: CreditLedger, nowMs: number, limits: CreditLimits): CreditLedger {
  const oldestMs = nowMs - windowMs(limits) - limits.longestRequestMs;
  const oldestDay = Math.floor((oldestMs - limits.dayToleranceMs) / dayMs) - 1;
  return {
    claims: ledger.claims.filter(({ untilMs }) => untilMs > oldestMs),
    days: ledger.days.filter(({ day }) => day >= oldestDay),
  };
}
