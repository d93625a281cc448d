/** What the notifier counts, by destination (`mail-1`, `webhook`). */
import { Counter, Gauge, type Registry } from 'prom-client';

export class NotifierMetrics {
  readonly sender: Gauge;
  readonly paused: Gauge;
  readonly oldestWaiting: Gauge<'destination'>;
  readonly refusalsKept: Gauge<'destination'>;
  readonly messages: Counter<'destination'>;
  readonly alerts: Counter<'destination' | 'told'>;
  readonly skipped: Counter<'destination' | 'reason'>;
  readonly failures: Counter<'destination'>;
  readonly refused: Counter<'destination'>;

  constructor(registry: Registry, destinations: readonly string[]) {
    const registers = [registry];
    const labelNames = ['destination'] as const;
    const counter = (name: string, help: string) => new Counter({ name, help, registers, labelNames });
    const gauge = (name: string, help: string) => new Gauge({ name, help, registers, labelNames });
    this.sender = new Gauge({ name: 'notifier_sender', help: '1 while this process sends, 0 while it stands by', registers });
    this.paused = new Gauge({ name: 'notifier_paused', help: '1 when the topic has records of a newer format', registers });
    this.oldestWaiting = gauge(
      'notifier_oldest_waiting_timestamp_seconds',
      'time of the oldest alert that waits to be sent; 0 when none does',
    );
    this.refusalsKept = gauge('notifier_refusals_kept', 'messages that were refused for good within the last weeks');
    this.messages = counter('notifier_messages_sent_total', 'messages sent');
    this.alerts = new Counter({
      name: 'notifier_alerts_sent_total',
      help: 'alerts in messages that were sent: each told (listed) or summed up (counted)',
      registers,
      labelNames: ['destination', 'told'],
    });
    this.skipped = new Counter({
      name: 'notifier_alerts_skipped_total',
      help: 'alerts that were not sent, by reason: sent before (known), not wanted there (filtered), no alert (invalid)',
      registers,
      labelNames: ['destination', 'reason'],
    });
    this.failures = counter('notifier_failures_total', 'attempts to send that failed and are repeated');
    this.refused = counter('notifier_messages_refused_total', 'messages that were refused for good and given up');
    for (const destination of destinations) {
      for (const metric of [this.messages, this.failures, this.refused]) metric.inc({ destination }, 0);
      for (const metric of [this.oldestWaiting, this.refusalsKept]) metric.set({ destination }, 0);
    }
  }
}
