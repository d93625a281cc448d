/**
 * Snapshots: chunks under an id of their own, then one pointer.
 *
 * The pointer is a single cell. Cassandra settles equal write times cell by cell, by the greater bytes: several columns could come from
 * two snapshots, one cell comes from one; and because it begins with `next_offset`, it is the one that is further.
 */
import { randomUUID } from 'node:crypto';
import { type PipelineError, reasonOf } from '@tapeline/core/errors';
import type { Logger } from 'pino';
import type { Snapshot, SnapshotKey } from '../market-store.ts';
import { checksumOf, snapshotInvalid } from '../snapshot-checksum.ts';
import type { StoreMetrics } from '../store-metrics.ts';
import type { CassandraConnection } from './cassandra-connection.ts';
import { unavailable } from './cassandra-failure.ts';
import type { InFlight } from './in-flight.ts';
import { type Pointer, SnapshotTables } from './snapshot-tables.ts';

export interface CassandraSnapshotsOptions {
  readonly connection: CassandraConnection;
  readonly keyspace: string;
  /** Nothing is removed. */
  readonly readOnly: boolean;
  readonly inFlight: InFlight;
  readonly logger: Logger;
  readonly metrics: StoreMetrics;
}

interface Attempt {
  readonly snapshotId: string;
  /** What was pointed to before it. */
  readonly former: Pointer | undefined;
}

const chunkBytes = 262_144;
const loadAttempts = 5;

export class CassandraSnapshots {
  readonly #tables: SnapshotTables;
  readonly #options: CassandraSnapshotsOptions;
  /**
   * One that is saved again, for want of an answer, writes over its own chunks, and still removes those that it replaced: an outage of
   * hours would fill the disks with them.
   */
  readonly #attempts = new WeakMap<Snapshot, Attempt>();
  #swept = false;

  constructor(options: CassandraSnapshotsOptions) {
    this.#options = options;
    this.#tables = new SnapshotTables(options.connection, options.keyspace);
  }

  async save(key: SnapshotKey, snapshot: Snapshot): Promise<void> {
    const found = await this.#tables.pointer(key);
    const { snapshotId, former } = this.#attemptOf(key, snapshot, found);
    if (found?.snapshotId !== snapshotId) {
      if (found !== undefined && !isBefore(found, snapshot)) return this.#passOver(key, snapshot);
      await this.#tables.point(key, await this.#writeChunks(snapshotId, snapshot));
      const current = await this.#tables.pointer(key);
      if (current?.snapshotId !== snapshotId) {
        await this.#tables.removeChunks(snapshotId, snapshot.versionUs);
        return this.#passOver(key, snapshot);
      }
    }
    if (former !== undefined) await this.#tables.removeChunks(former.snapshotId, snapshot.versionUs);
  }

  async load(key: SnapshotKey): Promise<Snapshot | undefined> {
    await this.#sweepOnce();
    for (let attempt = 1; ; attempt += 1) {
      const pointer = await this.#tables.pointer(key);
      if (pointer === undefined) return undefined;
      const chunks = await this.#tables.chunks(pointer.snapshotId);
      const state = Buffer.concat(chunks);
      const fault =
        chunks.length !== pointer.chunks ? `${chunks.length} of ${pointer.chunks} chunks are there` : wrongChecksum(state, pointer);
      if (fault === undefined) {
        const { nextOffset, versionUs, formatVersion } = pointer;
        return { nextOffset, versionUs, formatVersion, state };
      }
      // A newer snapshot may have taken its place, and its chunks, between the two reads.
      const isReplaced = (await this.#tables.pointer(key))?.snapshotId !== pointer.snapshotId;
      if (!isReplaced) throw snapshotInvalid(key, fault);
      if (attempt === loadAttempts) throw replacedMeanwhile(key);
    }
  }

  /** That of a former call with the same snapshot, or a first one. */
  #attemptOf(key: SnapshotKey, snapshot: Snapshot, former: Pointer | undefined): Attempt {
    const known = this.#attempts.get(snapshot);
    if (known !== undefined && placeIn(known.snapshotId) === placeOf(key)) return known;
    const attempt = { snapshotId: idOf(key, snapshot), former };
    this.#attempts.set(snapshot, attempt);
    return attempt;
  }

  async #writeChunks(snapshotId: string, { state, nextOffset, versionUs, formatVersion }: Snapshot): Promise<Pointer> {
    const chunks = Math.ceil(state.length / chunkBytes);
    const part = (chunk: number) => Buffer.from(state.subarray(chunk * chunkBytes, (chunk + 1) * chunkBytes));
    await this.#options.inFlight.runAll(
      Array.from({ length: chunks }, (_, chunk) => () => this.#tables.writeChunk(snapshotId, chunk, part(chunk), versionUs)),
    );
    return { snapshotId, nextOffset, versionUs, formatVersion, chunks, checksum: checksumOf(state) };
  }

  #passOver(key: SnapshotKey, { nextOffset }: Snapshot): void {
    this.#options.metrics.snapshotsSuperseded.inc();
    this.#options.logger.debug({ ...key, nextOffset }, 'snapshot not saved: one at least as new is there');
  }

  /** Removes the chunks of owners that died, or lost, between their chunks and their pointer: once for each process, before it reads. */
  async #sweepOnce(): Promise<void> {
    if (this.#swept || this.#options.readOnly) return;
    this.#swept = true;
    try {
      const pointers = new Map((await this.#tables.pointers()).map(({ key, pointer }) => [placeOf(key), pointer]));
      for (const id of await this.#tables.snapshotIds()) {
        const pointer = pointers.get(placeIn(id));
        if (pointer !== undefined && isStale(id, pointer)) await this.#tables.removeChunks(id, pointer.versionUs);
      }
    } catch (error) {
      this.#swept = false;
      this.#options.logger.warn(
        { reason: reasonOf(error) },
        'chunks that nothing points to could not be removed, tried again with the next load',
      );
    }
  }
}

/** A store that reads slowly, and an owner that saves often: nothing is wrong with what it saves. */
function replacedMeanwhile({ topic, partition }: SnapshotKey): PipelineError {
  return unavailable(
    `the snapshot of ${topic}/${partition} was replaced ${loadAttempts} times before it was read whole: Cassandra is slow`,
  );
}

/** Says whose it is and how far, so that a sweep can tell what can never be pointed to any more. */
function idOf(key: SnapshotKey, { versionUs, nextOffset }: Snapshot): string {
  return `${placeOf(key)} ${versionUs} ${nextOffset} ${randomUUID()}`;
}

function placeOf({ consumerGroup, topic, partition }: SnapshotKey): string {
  return `${encodeURIComponent(consumerGroup)}/${encodeURIComponent(topic)}/${partition}`;
}

function placeIn(id: string): string {
  return id.split(' ')[0] ?? '';
}

function isStale(id: string, pointer: Pointer): boolean {
  const [, versionUs, nextOffset] = id.split(' ').map(Number);
  return id !== pointer.snapshotId && isBefore({ versionUs: versionUs ?? Number.NaN, nextOffset: nextOffset ?? Number.NaN }, pointer);
}

function isBefore(one: Pick<Snapshot, 'versionUs' | 'nextOffset'>, other: Pick<Snapshot, 'versionUs' | 'nextOffset'>): boolean {
  return one.versionUs < other.versionUs || (one.versionUs === other.versionUs && one.nextOffset < other.nextOffset);
}

function wrongChecksum(state: Uint8Array, pointer: Pointer): string | undefined {
  return checksumOf(state) === pointer.checksum ? undefined : 'its checksum differs';
}
