/** What a store tells Prometheus, the same for both parts. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export interface StoreMetrics {
  readonly rowsWritten: Counter<'table'>;
  /** Ticks that were older than the retention when they were received. */
  readonly ticksExpired: Counter;
  readonly writeSeconds: Histogram;
  /** Rows that wait because enough is under way: the backlog of the sink. */
  readonly waitingRows: Gauge;
  readonly inFlightRows: Gauge;
  /** Snapshots that were not saved because a newer one was there. */
  readonly snapshotsSuperseded: Counter;
}

/** Registers the metrics, or finds those that another store of this process registered. */
export function storeMetrics(registry: Registry): StoreMetrics {
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) =>
    (registry.getSingleMetric(name) as Counter<Label> | undefined) ??
    new Counter<Label>({ name, help, labelNames: [...labelNames], registers });
  const gauge = (name: string, help: string) =>
    (registry.getSingleMetric(name) as Gauge | undefined) ?? new Gauge({ name, help, registers });
  return {
    rowsWritten: counter('market_store_rows_written_total', 'rows written, each version of a row once', ['table']),
    ticksExpired: counter('market_store_ticks_expired_total', 'ticks older than the retention when they were received, not stored'),
    snapshotsSuperseded: counter('market_store_snapshots_superseded_total', 'snapshots not saved because a newer one was there'),
    waitingRows: gauge('market_store_waiting_rows', 'rows that wait to be written because enough is under way'),
    inFlightRows: gauge('market_store_in_flight_rows', 'rows sent to the store and not yet durable'),
    writeSeconds:
      (registry.getSingleMetric('market_store_write_seconds') as Histogram | undefined) ??
      new Histogram({
        name: 'market_store_write_seconds',
        help: 'from the call of a write to its rows being durable',
        buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
        registers,
      }),
  };
}
