/** What the board's socket counts. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export interface FanOutMetrics {
  clients(count: number): void;
  dropped(reason: 'bytes' | 'time' | 'ping'): void;
  turned(turn: TurnTotals): void;
}

/** What one turn did. */
export interface TurnTotals {
  readonly seconds: number;
  readonly updates: number;
  readonly rows: number;
  readonly bytes: number;
  readonly skipped: number;
}

export function fanOutMetrics(registry: Registry): FanOutMetrics {
  const registers = [registry];
  const clients = new Gauge({ name: 'live_board_clients', help: 'Screens that are connected.', registers });
  const updates = new Counter({ name: 'live_board_updates_sent_total', help: 'Updates sent to screens.', registers });
  const rows = new Counter({ name: 'live_board_rows_sent_total', help: 'Rows in the updates that were sent.', registers });
  const bytes = new Counter({ name: 'live_board_sent_bytes_total', help: 'Bytes of the updates that were sent.', registers });
  const skipped = new Counter({ name: 'live_board_updates_skipped_total', help: 'Updates that a slow screen was spared.', registers });
  const dropped = new Counter({
    name: 'live_board_clients_dropped_total',
    help: 'Screens that did not read and were cut off: too many bytes unsent, behind for too long, or no answer to a ping.',
    labelNames: ['reason'],
    registers,
  });
  const turns = new Histogram({
    name: 'live_board_flush_seconds',
    help: 'Time that one turn of updates took.',
    buckets: [0.000_1, 0.000_3, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3],
    registers,
  });
  return {
    clients: count => clients.set(count),
    dropped: reason => dropped.inc({ reason }),
    turned: turn => {
      updates.inc(turn.updates);
      rows.inc(turn.rows);
      bytes.inc(turn.bytes);
      skipped.inc(turn.skipped);
      turns.observe(turn.seconds);
    },
  };
}
