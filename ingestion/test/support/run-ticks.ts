/** What a run of ticks holds. */
import { decodeRecord } from '@tapeline/core/record-codec';
import type { Tick } from '@tapeline/core/records';
import type { TickRun } from '../../src/hot/tick-run.ts';

/** Its ticks as records, by partition. */
export function ticksOf(run: TickRun): Tick[] {
  const ticks: Tick[] = [];
  for (const block of run.blocks) {
    const cursor = block.cursor();
    while (cursor.next()) {
      const record = decodeRecord(cursor.bytes.subarray(cursor.valueStart, cursor.valueEnd));
      if (record.kind === 'tick') ticks.push(record);
    }
  }
  return ticks;
}
