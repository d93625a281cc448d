/** What the board's socket counts. */
import { metricOf } from '@tapeline/core/metrics/registered-metrics';
import type { Registry } from 'prom-client';

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
  const clients = metricOf(registry, 'tapeline_live_board_clients');
  const updates = metricOf(registry, 'tapeline_live_board_updates_sent_total');
  const rows = metricOf(registry, 'tapeline_live_board_rows_sent_total');
  const bytes = metricOf(registry, 'tapeline_live_board_sent_bytes_total');
  const skipped = metricOf(registry, 'tapeline_live_board_updates_skipped_total');
  const dropped = metricOf(registry, 'tapeline_live_board_clients_dropped_total');
  const turns = metricOf(registry, 'tapeline_live_board_turn_duration_seconds');
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
