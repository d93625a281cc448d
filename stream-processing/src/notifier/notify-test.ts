/** Sends a test message to each destination, past memory and filters, and says what became of it. */
import type { Alert } from '@tapeline/core/alerts';
import { recordFormat } from '@tapeline/core/records';
import type { Destination } from './destination.ts';
import { hashOfId, NoticeDraft } from './notice.ts';

export interface NotifyTestOptions {
  readonly destinations: readonly Destination[];
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number;
  readonly print: (line: string) => void;
  readonly signal: AbortSignal;
}

/** @returns the exit status: 0 when all were taken, 1 when one was not, or when there is nowhere to send to. */
export async function notifyTest({ destinations, nowMs, print, signal }: NotifyTestOptions): Promise<number> {
  if (destinations.length === 0) {
    print('alerts are sent nowhere: set ALERT_MAIL_TO with SMTP_HOST or SMTP_URL and ALERT_MAIL_FROM, or ALERT_WEBHOOK_URL\n');
    return 1;
  }
  const results = await Promise.all(
    destinations.map(async destination => ({ destination, outcome: await destination.send(testNotice(nowMs), signal) })),
  );
  for (const { destination, outcome } of results) {
    if (outcome.kind === 'sent') print(`${destination.receiver}: taken\n`);
    else
      print(
        `${destination.receiver}: ${outcome.kind === 'refused' ? 'refused for good' : 'not taken'}: ${outcome.reason}\n  ${outcome.remedy}\n`,
      );
  }
  return results.every(({ outcome }) => outcome.kind === 'sent') ? 0 : 1;
}

function testNotice(nowMs: number) {
  const alert: Alert = {
    v: recordFormat,
    kind: 'alert',
    id: `test-${nowMs}`,
    rule: 'test',
    condition: 'stale',
    severity: 'info',
    feed: 'Tapeline',
    timeMs: nowMs,
    message: 'This is a test. Alerts will come here.',
    versionUs: 0,
  };
  const draft = new NoticeDraft({ mostListed: 1, summaryAfterMs: undefined });
  draft.take({ alert, hash: hashOfId(alert.id) }, nowMs);
  return draft.notice();
}
