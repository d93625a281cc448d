/** Where messages go: somebody's mailbox, or a webhook. */
import type { Alert, AlertSeverity } from '@tapeline/core/alerts';
import { alertSeverities } from '@tapeline/core/alerts';
import type { Notice, NoticeLimits } from './notice.ts';

/** What became of an attempt to send. */
export type Outcome =
  | { readonly kind: 'sent' }
  /** Not now: it is tried again for as long as it takes. */
  | {
      readonly kind: 'delayed';
      readonly reason: string;
      /** What somebody can do about it. */
      readonly remedy: string;
      /** The receiver asks for such a pause. */
      readonly retryAfterMs?: number | undefined;
    }
  /** Never: this message is given up. */
  | { readonly kind: 'refused'; readonly reason: string; readonly remedy: string };

export interface Destination {
  /** Names its memory: letters, digits and hyphens. The same for the same receiver in every run. */
  readonly id: string;
  /** For people and metrics: `mail-1`, `webhook`. */
  readonly name: string;
  /** Who that is, for logs; no secret. */
  readonly receiver: string;
  readonly limits: NoticeLimits;
  accepts(alert: Alert): boolean;
  /** One attempt, within a minute. When `signal` aborts it is broken off, and may have arrived all the same. Never rejects. */
  send(notice: Notice, signal: AbortSignal): Promise<Outcome>;
}

/** The same receiver, told in each alert that its market is none. */
export function markedAsSimulated(destination: Destination): Destination {
  const marked = <T extends { readonly message: string }>(told: T): T => ({ ...told, message: `SIMULATED: ${told.message}` });
  const send = ({ id, alerts, older }: Notice, signal: AbortSignal) =>
    destination.send({ id, alerts: alerts.map(marked), older: older && { ...older, groups: older.groups.map(marked) } }, signal);
  return { ...destination, send };
}

export interface AlertFilter {
  readonly lowestSeverity: AlertSeverity;
  /** All when absent. */
  readonly rules: readonly string[] | undefined;
}

/** Whether a filter lets an alert through. */
export function passes({ lowestSeverity, rules }: AlertFilter, { severity, rule }: Alert): boolean {
  if (alertSeverities.indexOf(severity) < alertSeverities.indexOf(lowestSeverity)) return false;
  return rules === undefined || rules.includes(rule);
}
