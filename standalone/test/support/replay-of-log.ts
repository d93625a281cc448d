/** What the log says: every partition of the feed topic folded from its beginning, in this process, without a store. */
import type { Alert } from '@tapeline/core/alerts';
import type { Bar } from '@tapeline/core/bars';
import { intervals } from '@tapeline/core/intervals';
import { decodeRecord } from '@tapeline/core/record-codec';
import { feedTopic } from '@tapeline/core/topics';
import type { MarketLog } from '@tapeline/log/market-log';
import { PartitionFold } from '@tapeline/stream-processing/fold/partition-fold';
import { barName } from '../../../bench/src/stored-bars.ts';
import { keyOf } from './tick-key.ts';

export interface LogReplay {
  /** Final bars at their last revision, by `symbol interval startMs`. */
  readonly bars: ReadonlyMap<string, Bar>;
  /** `symbol session sequence` of every tick that was taken, and how often it stands in the log. */
  readonly ticks: ReadonlyMap<string, number>;
  readonly symbols: ReadonlySet<string>;
  readonly sessions: ReadonlySet<number>;
  readonly alerts: readonly Alert[];
}

export async function replayOfLog(log: Pick<MarketLog, 'offsets' | 'read'>): Promise<LogReplay> {
  const bars = new Map<string, Bar>();
  const ticks = new Map<string, number>();
  const symbols = new Set<string>();
  const sessions = new Set<number>();
  const alerts: Alert[] = [];
  const ranges = await log.offsets(feedTopic.name);
  for (const { partition, lowOffset, highWatermark } of ranges) {
    const fold = new PartitionFold({
      partition,
      partitions: ranges.length,
      intervals,
      allowedLatenessMs: 2_000,
      correctionHorizonMs: 60_000,
    });
    if (highWatermark === lowOffset) continue;
    for await (const batch of log.read({ topic: feedTopic.name, partition, fromOffset: lowOffset, toOffset: highWatermark })) {
      for (const { value } of batch.records) {
        const record = decodeRecord(value);
        if (record.kind === 'session') sessions.add(record.session);
        fold.apply(record, output => {
          if (output.kind === 'bar') bars.set(barName(output.bar), output.bar);
          if (output.kind === 'alert') alerts.push(output.alert);
          if (output.kind !== 'tick') return;
          symbols.add(output.tick.symbol);
          const key = keyOf(output.tick);
          ticks.set(key, (ticks.get(key) ?? 0) + 1);
        });
      }
    }
  }
  return { bars, ticks, symbols, sessions, alerts };
}
