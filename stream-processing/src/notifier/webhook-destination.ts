/** A webhook: alerts as JSON by POST, signed where a secret is set. */
import { createHmac } from 'node:crypto';
import { reasonOf } from '@tapeline/core/errors';
import { type AlertFilter, type Destination, type Outcome, passes } from './destination.ts';
import type { Notice } from './notice.ts';
import { chatTextOf, type LinkAddresses } from './wording.ts';

export interface WebhookDestinationOptions {
  /** A secret: whoever knows it may post there. */
  readonly url: string;
  /** Signs each post; unsigned when absent. */
  readonly secret: string | undefined;
  readonly format: 'json' | 'slack';
  readonly filter: AlertFilter;
  readonly links: LinkAddresses;
  /** Of messages for people (slack). */
  readonly summaryAfterMs: number;
  /** @default 30,000 */
  readonly deadlineMs?: number | undefined;
  /** Milliseconds since the Unix epoch, for signatures. @default Date.now */
  readonly clock?: (() => number) | undefined;
}

const longestRetryAfterMs = 3_600_000;
/** Answers after which the same post may be taken later: too early, too many, or somebody mends address or rights. */
const notNow = new Set([401, 403, 407, 408, 425, 429]);

/** The receiver; another address, after a change of keys, goes on where the former was. */
export function webhookDestination(options: WebhookDestinationOptions): Destination {
  const { url, format, filter, summaryAfterMs } = options;
  const forPeople = format === 'slack';
  return {
    id: 'webhook',
    name: 'webhook',
    receiver: `the webhook at ${new URL(url).host}`,
    // A program gets every alert; in a chat a text has an end.
    limits: forPeople ? { mostListed: 25, summaryAfterMs } : { mostListed: 100, summaryAfterMs: undefined },
    accepts: alert => passes(filter, alert),
    send: (notice, signal) => post(options, notice, signal),
  };
}

/** The value of `tapeline-signature`: over the time and the body, so that an old post cannot be repeated as a new one. */
export function signatureOf(secret: string, timeMs: number, body: string): string {
  const seconds = Math.floor(timeMs / 1_000);
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
}

async function post(options: WebhookDestinationOptions, notice: Notice, signal: AbortSignal): Promise<Outcome> {
  const { url, secret, deadlineMs = 30_000, clock = Date.now } = options;
  const body = bodyOf(options, notice);
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'tapeline-notifier',
    // The same for the same alerts, by which a receiver may know a repetition.
    'tapeline-notice': notice.id,
    ...(secret === undefined ? {} : { 'tapeline-signature': signatureOf(secret, clock(), body) }),
  };
  const timeout = AbortSignal.timeout(deadlineMs);
  try {
    const answer = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal: AbortSignal.any([signal, timeout]) });
    await answer.body?.cancel();
    return outcomeOf(answer);
  } catch (error) {
    const reason = timeout.aborted ? `no answer within ${deadlineMs} ms` : whyOf(error);
    return {
      kind: 'delayed',
      reason,
      remedy: 'check ALERT_WEBHOOK_URL, its certificate, and that the network lets the connection through',
    };
  }
}

function bodyOf({ format, links }: WebhookDestinationOptions, notice: Notice): string {
  if (format === 'slack') return JSON.stringify({ text: chatTextOf(notice, links) });
  return JSON.stringify({ v: 1, kind: 'alerts', id: notice.id, alerts: notice.alerts });
}

function outcomeOf(answer: Response): Outcome {
  const { status, headers } = answer;
  if (status >= 200 && status < 300) return { kind: 'sent' };
  const reason = `answered with status ${status}`;
  if (status >= 500 || notNow.has(status)) {
    const remedy =
      status === 401 || status === 403 || status === 407
        ? 'check ALERT_WEBHOOK_URL and ALERT_WEBHOOK_SECRET'
        : 'the receiver asks for patience; if it lasts, ask whoever runs it';
    return { kind: 'delayed', reason, remedy, retryAfterMs: retryAfterMs(headers.get('retry-after')) };
  }
  if (status < 400) return { kind: 'delayed', reason, remedy: 'set ALERT_WEBHOOK_URL to where it leads: no redirection is followed' };
  return { kind: 'refused', reason, remedy: 'check ALERT_WEBHOOK_URL and ALERT_WEBHOOK_FORMAT' };
}

/** Seconds, or a date; at most an hour. */
function retryAfterMs(text: string | null): number | undefined {
  if (text === null) return undefined;
  const ms = /^\d+$/.test(text.trim()) ? Number(text) * 1_000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), longestRetryAfterMs) : undefined;
}

/** `fetch failed` says nothing; its cause does. */
function whyOf(error: unknown): string {
  if (!(error instanceof Error) || error.cause === undefined) return reasonOf(error);
  return `${reasonOf(error)} (${reasonOf(error.cause)})`;
}
