/** The bytes of a hot fold's state: a mark, a header in JSON with what must match, then its numbers. */
import { isShallow } from '@tapeline/core/json-text';
import type { AlertBookState } from '../alerts/alert-book.ts';
import type { FoldOptions } from '../fold/levels.ts';
import type { FeedState } from '../fold/outputs.ts';
import { refuseOther, type SnapshotOrigin, unreadable } from '../fold/snapshot-refusal.ts';
import { NumberReader } from './number-stream.ts';

/** One of the origins that packed windows are told from (engine/origin-table.ts). */
export type Origin = readonly [day: number, dayEndMs: number, openSession: number, closeSession: number, sequence: number];

/** One of the last records before a snapshot, by which the log is known again. */
export interface LastRecord {
  readonly offset: number;
  /** CRC-32 of its value. */
  readonly crc32: number;
}

export interface SnapshotHeader extends SnapshotOrigin {
  readonly versionUs: number;
  readonly feeds: readonly FeedState[];
  /** In the order of their indexes in the numbers. */
  readonly feedNames: readonly string[];
  /** In the order in which the log named them. */
  readonly symbols: readonly string[];
  /** What the packed windows are told from; absent while there is none. */
  readonly epochMs?: number;
  /** Trading day, its end, two sessions and a sequence: what else they are told from, by number. */
  readonly origins: readonly Origin[];
  /** Absent while there are no rules. */
  readonly alerts?: AlertBookState | undefined;
  /** Absent in snapshots of programs up to 2026-11-22, and of a fold that no record came to. */
  readonly lastRecord?: LastRecord | undefined;
}

/** So that a file of another kind is told by its first bytes. */
const mark = new TextEncoder().encode('tapeline');
const headerAt = mark.length + 4;
/** Alert rules stand in it, which are nested 20 times at most. */
const deepestHeader = 32;

/** What stands before the numbers. */
export function snapshotLead(header: SnapshotHeader): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(headerAt + text.length);
  bytes.set(mark);
  new DataView(bytes.buffer).setUint32(mark.length, text.length, true);
  bytes.set(text, headerAt);
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
    checkHeader(header);
    const numbers = new NumberReader(bytes.subarray(numbersAt));
    const state = restore(header, numbers);
    if (!numbers.isAtEnd) throw new RangeError('more stands in it than its header says');
    return state;
  } catch (error) {
    throw unreadable(error);
  }
}

/** What the engine is told of it, or JavaScript counts by. @throws RangeError. */
function checkHeader(header: SnapshotHeader): void {
  if (!isShallow(header, deepestHeader)) throw new RangeError('its header must not be nested so deeply');
  const { symbols, feedNames, feeds, origins, versionUs, epochMs = 0, lastRecord } = header;
  if (![symbols, feedNames, feeds, origins].every(Array.isArray)) throw new RangeError('its lists must be lists');
  if (![...symbols, ...feedNames].every(name => typeof name === 'string')) throw new RangeError('names of symbols and feeds must be text');
  const isOrigin = (origin: unknown) => Array.isArray(origin) && origin.length === 5 && origin.every(Number.isFinite);
  if (!origins.every(isOrigin)) throw new RangeError('an origin of windows must be five numbers');
  if (!feeds.every(isFeedState)) throw new RangeError('what it says of a feed must have its fields');
  if (![versionUs, epochMs].every(Number.isFinite)) throw new RangeError('its version and epoch must be numbers');
  if (lastRecord !== undefined && !isLastRecord(lastRecord)) throw new RangeError('what it says of the last record must be two numbers');
}

function isLastRecord(record: Partial<LastRecord> | null): boolean {
  return typeof record === 'object' && record !== null && Number.isSafeInteger(record.offset) && Number.isFinite(record.crc32);
}

function isFeedState(state: Partial<FeedState> | null): boolean {
  if (typeof state !== 'object' || state === null) return false;
  const { feed, session, sessionStartMs, begunMs, joinedMs = {}, connected, simulated, watermarkMs, lastDataMs, symbols, refused } = state;
  return (
    typeof feed === 'string' &&
    [session, sessionStartMs, begunMs ?? 0, watermarkMs, lastDataMs ?? 0].every(Number.isFinite) &&
    isTimes(joinedMs) &&
    [connected, simulated].every(flag => typeof flag === 'boolean') &&
    Array.isArray(symbols) &&
    symbols.every(symbol => typeof symbol === 'string') &&
    Array.isArray(refused) &&
    refused.every(({ symbol, reason } = {}) => typeof symbol === 'string' && typeof reason === 'string')
  );
}

function isTimes(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.values(value).every(Number.isFinite);
}

/** What a snapshot says of itself, without its numbers. @throws PipelineError `snapshot.invalid`. */
export function snapshotHeader(bytes: Uint8Array): SnapshotHeader {
  return headerOf(bytes).header;
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
