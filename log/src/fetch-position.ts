/** A partition that somebody reads from Kafka: how far, what waits to be read, and when it is asked for more. */
import type { Bell } from './bell.ts';
import type { LogBatch } from './market-log.ts';

export interface PartitionReading {
  readonly partition: number;
  readonly fromOffset: number;
  readonly toOffset: number;
  readonly signal: AbortSignal;
  readonly maxBufferedBytes: number;
}

interface Buffered {
  readonly batch: LogBatch;
  readonly heldBytes: number;
}

export interface Position {
  readonly partition: number;
  readonly maxBufferedBytes: number;
  readonly bell: Bell;
  /** What was fetched before it is not given. */
  readonly fromOffset: number;
  readonly toOffset: number;
  readonly buffer: Buffered[];
  bufferedBytes: number;
  /** The next offset to fetch; holes that were read over are behind it. */
  nextOffset: number;
  /** Under which the last record batch was written that was fetched; −1 while that is not known. */
  leaderEpoch: number;
  /** The log had more when it got its last piece. */
  isBehind: boolean;
  /** When it got its last piece: a number that only grows. */
  servedAt: number;
  fetching: boolean;
  failure: unknown;
}

/**
 * Of one response, and so of one partition where few are read: each piece has a cost of its own. With a third of it a catch-up takes a
 * sixth more CPU a tick; four MiB are no faster, and keep more memory alive.
 */
export const responseBytes = 3 * 1_048_576;
/** Pieces of all partitions together. */
const allPiecesBytes = 4 * responseBytes;
const leastPieceBytes = 262_144;

/** The most bytes of a piece where so many partitions are read. */
export function pieceBytesOf(partitions: number): number {
  return Math.max(leastPieceBytes, Math.min(responseBytes, Math.floor(allPiecesBytes / Math.max(1, partitions))));
}

/** A whole piece has room, or there is nothing at all: to fill the rest of a buffer costs as much as to fill it half. */
export function isHungry(position: Position, pieceBytes: number): boolean {
  const hasRoom = position.bufferedBytes === 0 || roomOf(position) >= pieceBytes;
  return hasRoom && position.nextOffset < position.toOffset;
}

/** The next offset that is given. */
export function wantedOffset({ fromOffset, nextOffset }: Position): number {
  return Math.max(fromOffset, nextOffset);
}

export function roomOf({ maxBufferedBytes, bufferedBytes }: Position): number {
  return Math.max(1, maxBufferedBytes - bufferedBytes);
}

/** A response that is full leaves out the last ones: first come those that are not behind, then whoever has waited longest. */
export function byTurn(one: Position, other: Position): number {
  return Number(one.isBehind) - Number(other.isBehind) || one.servedAt - other.servedAt;
}

/** Whoever reads them is told. */
export function fail(positions: readonly Position[], failure: unknown): void {
  for (const position of positions) {
    position.failure = failure;
    position.bell.ring();
  }
}
