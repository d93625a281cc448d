/**
 * The stream processor that people run, with snapshots that fail as `SNAPSHOT_FAULT` (JSON of a `SnapshotFault`) says. The fault sits
 * between the steps of the write, where a killed process or a lost connection would be.
 */
import { PipelineError } from '@tapeline/core/errors';
import { SnapshotTables } from '@tapeline/database/cassandra/snapshot-tables';
import type { SnapshotFault } from './schedule.ts';

const fault = JSON.parse(process.env.SNAPSHOT_FAULT ?? '{}') as SnapshotFault;
/** A step that fails does so this often, so that the write has to be done again and again. */
const failures = 3;
let snapshots = 0;
let failed = 0;

function strike(): void {
  if (snapshots < fault.snapshot || failed >= failures) return;
  if (fault.how === 'die') process.kill(process.pid, 'SIGKILL');
  failed += 1;
  throw new PipelineError('store.unavailable', `the schedule lets snapshot ${snapshots} fail at step ${fault.step}`, { retriable: true });
}

const { writeChunk, point } = SnapshotTables.prototype;

SnapshotTables.prototype.writeChunk = async function (this: SnapshotTables, ...chunk) {
  if (chunk[1] === 0) snapshots += 1;
  if (fault.step === 'before-chunk') strike();
  await writeChunk.apply(this, chunk);
  if (fault.step === 'after-chunk') strike();
};

SnapshotTables.prototype.point = async function (this: SnapshotTables, ...pointer) {
  await point.apply(this, pointer);
  if (fault.step === 'after-pointer') strike();
};

await import('@tapeline/stream-processing/main');
