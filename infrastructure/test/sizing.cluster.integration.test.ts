import { expect, it } from '@jest/globals';
import { PipelineError } from '@tapeline/core/errors';
import { assumed, logBytes, measured } from '@tapeline/infrastructure/sizing';
import { startCassandra } from '@tapeline/services/cassandra';
import { readEnvironment } from '@tapeline/services/environment';
import { describeUnless } from '@tapeline/services/for-tests';
import { findJava } from '@tapeline/services/java';
import { startKafka } from '@tapeline/services/kafka';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { recordBytes, segmentBytes, tableBytes, writeRows } from './support/measurements.ts';
import { measureSymbolMemory } from './support/symbol-memory.ts';

const PATIENCE_MS = 240_000;
const dayMs = 86_400_000;

async function missingJava(): Promise<PipelineError | undefined> {
  const need = { server: 'cassandra', minimum: 17, maximum: 17, variable: 'CASSANDRA_CONTACT_POINTS' } as const;
  try {
    await findJava(need, readEnvironment());
    return undefined;
  } catch (error) {
    if (error instanceof PipelineError) return error;
    throw error;
  }
}

/** `actual / reckoned` in per cent, to be near 100. */
function percent(actual: number, reckoned: number): number {
  return Math.round((actual / reckoned) * 100);
}

function expectNear(actual: number, reckoned: number, tolerancePercent: number): void {
  expect(percent(actual, reckoned)).toBeGreaterThanOrEqual(100 - tolerancePercent);
  expect(percent(actual, reckoned)).toBeLessThanOrEqual(100 + tolerancePercent);
}

describeUnless(await missingJava(), 'what sizes are reckoned with', () => {
  it('are the bytes of records as they are encoded', () => {
    const { tick, bar, heartbeat } = recordBytes();
    expectNear(tick, measured.tickRecord, 10);
    expectNear(bar, measured.barRecord, 10);
    expectNear(heartbeat, measured.heartbeatRecord, 10);
  });

  it(
    'are the bytes of a segment on a real Kafka, one record in a batch or many',
    async () => {
      const directory = temporaryFolder('sizing');
      const kafka = await startKafka({ brokers: 1, directory, heapMb: 256 });
      try {
        expectNear(await segmentBytes(kafka, directory, 500, 1), logBytes(500, 500, measured.tickRecord), 5);
        expectNear(await segmentBytes(kafka, directory, 100, 100), logBytes(10_000, 100, measured.tickRecord), 5);
      } finally {
        await kafka.stop();
      }
    },
    PATIENCE_MS,
  );

  it(
    'are the bytes of rows on the disk of a real Cassandra',
    async () => {
      const directory = temporaryFolder('sizing');
      const count = 16_000;
      const cassandra = await startCassandra({ directory, heapMb: 512 });
      await writeRows(cassandra, 'sizing', count, 30 * dayMs).finally(() => cassandra.stop());
      expectNear((await tableBytes(directory, 'sizing', 'ticks_by_symbol_hour')) / count, measured.tickRow, 20);
      expectNear((await tableBytes(directory, 'sizing', 'bars_by_symbol_interval')) / count, measured.barRow, 20);
    },
    PATIENCE_MS,
  );

  it(
    'are the memory and the snapshot of a symbol, and less than the fold can do',
    async () => {
      const { memoryBytes, snapshotBytes, ticksPerSecond } = await measureSymbolMemory(4_000, 150);
      // The engine's memory grows in steps: it says the size, not the byte.
      expectNear(memoryBytes, measured.symbolMemory, 40);
      expectNear(snapshotBytes, measured.symbolSnapshot, 10);
      expect(ticksPerSecond).toBeGreaterThan(assumed.ticksPerProcessor);
    },
    PATIENCE_MS,
  );
});
