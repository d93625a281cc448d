import { expect, it } from '@jest/globals';
import { intervals } from '@tapeline/core/intervals';
import { partitionOf } from '@tapeline/core/partitioner';
import { recordKey } from '@tapeline/core/records';
import type { FoldOutput } from '@tapeline/stream-processing/fold/outputs';
import { PartitionFold } from '@tapeline/stream-processing/fold/partition-fold';
import { alertLine, expectedAlerts, seededHour } from './support/seeded-day.ts';

const partitions = 4;

it('a day with known events gives the alerts that are written out', () => {
  const day = Array.from({ length: 24 }, (_, hour) => seededHour(hour)).flat();
  const outputs: FoldOutput[] = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    const fold = new PartitionFold({ partition, partitions, intervals, allowedLatenessMs: 2_000, correctionHorizonMs: 60_000 });
    for (const record of day) {
      const key = recordKey(record);
      if (key === undefined || partitionOf(key, partitions) === partition) fold.apply(record, output => outputs.push(output));
    }
  }
  const alerts = outputs.flatMap(output => (output.kind === 'alert' ? [output.alert] : []));
  expect(alerts.map(alertLine).sort()).toEqual(expectedAlerts);
  // The far too high prices came, and changed bars.
  expect(outputs.filter(output => output.kind === 'bar' && output.bar.high === 200 && output.bar.revision > 0).length).toBeGreaterThan(24);
  expect(outputs.filter(output => output.kind === 'dead-letter').length).toBe(24);
});
