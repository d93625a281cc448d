/** The bytes of a hot fold's state: a mark, a header in JSON with what must match, then its numbers. */
import { PipelineError, reasonOf } from '@tapeline/core/errors';
import type { Interval } from '@tapeline/core/intervals';
import { type FoldOptions, levelsOf } from '../fold/levels.ts';
import type { FeedState } from '../fold/outputs.ts';
import { NumberReader } from './number-stream.ts';

/** Format of the encoded state. A change of it, or of what the fold does, is a new generation of the tables. */
export const foldFormat = 2;

export interface SnapshotHeader {
  readonly format: number;
  readonly intervals: readonly Interval[];
  readonly partitions: number;
  readonly versionUs: number;
  readonly feeds: readonly FeedState[];
  /** In the order of their indexes in the numbers. */
  readonly feedNames: readonly string[];
  /** In the order in which the log named them. */
  readonly symbols: readonly string[];
  /** What the packed windows are told from; absent while there is none. */
  readonly epochMs?: number;
  readonly days: readonly number[];
  readonly dayEnds: readonly number[];
}

/** So that a file of another kind is told by its first bytes. */
const mark = new TextEncoder().encode('tapeline');
const headerAt = mark.length + 4;

export function snapshotOf(header: SnapshotHeader, numbers: Uint8Array): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(headerAt + text.length + numbers.length);
  bytes.set(mark);
  new DataView(bytes.buffer).setUint32(mark.length, text.length, true);
  bytes.set(text, headerAt);
  bytes.set(numbers, headerAt + text.length);
  return bytes;
}

/**
 * Takes a snapshot apart for `restore`.
 * @throws PipelineError `snapshot.invalid` when it is no state of a fold with these options, with the remedy.
 */
export function readSnapshot<T>(bytes: Uint8Array, options: FoldOptions, restore: (header: SnapshotHeader, numbers: NumberReader) => T): T {
  const { header, numbersAt } = headerOf(bytes);
  refuseOther(header, options);
  try {
    const numbers = new NumberReader(bytes.subarray(numbersAt));
    const state = restore(header, numbers);
    if (!numbers.isAtEnd) throw new RangeError('more stands in it than its header says');
    return state;
  } catch (error) {
    throw unreadable(error);
  }
}

function headerOf(bytes: Uint8Array): { readonly header: SnapshotHeader; readonly numbersAt: number } {
  try {
    if (!mark.every((byte, index) => bytes[index] === byte)) throw new RangeError('it does not begin as one does');
    const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(mark.length, true);
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(headerAt, headerAt + length));
    return { header: JSON.parse(text) as SnapshotHeader, numbersAt: headerAt + length };
  } catch (error) {
    throw unreadable(error);
  }
}

function refuseOther(header: SnapshotHeader, options: FoldOptions): void {
  if (header.format !== foldFormat) throw invalid(`the snapshot has format ${header.format}, this fold reads ${foldFormat}`);
  const intervals = levelsOf(options.intervals).map(level => level.interval);
  if (header.intervals.join() !== intervals.join()) {
    throw invalid(`the snapshot was made with BAR_INTERVALS=${header.intervals.join()}, now it is ${intervals.join()}`);
  }
  if (header.partitions !== options.partitions) {
    throw invalid(`the snapshot was made with ${header.partitions} partitions, now there are ${options.partitions}`);
  }
}

function unreadable(error: unknown): PipelineError {
  return invalid(`the snapshot is not readable (${reasonOf(error)})`);
}

function invalid(what: string): PipelineError {
  return new PipelineError(
    'snapshot.invalid',
    `${what}: go back to the former setting, or start again from an empty store to rebuild from the log`,
    { retriable: false },
  );
}
