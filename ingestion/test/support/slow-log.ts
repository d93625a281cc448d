/** A log in memory that takes so many records a second. */
import { pause } from '@tapeline/core/pause';
import type { Append } from '@tapeline/log/market-log';
import { MemoryLog } from './memory-log.ts';

export class SlowLog extends MemoryLog {
  recordsPerSecond = Number.POSITIVE_INFINITY;

  override async append(entries: readonly Append[]): Promise<void> {
    const startMs = performance.now();
    // Looked at again and again, for it may become faster meanwhile.
    while (performance.now() < startMs + (1_000 * entries.length) / this.recordsPerSecond) {
      await pause(10);
    }
    await super.append(entries);
  }
}
