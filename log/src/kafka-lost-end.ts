/**
 * Notices that a log was cut below what its readers have read, and has grown beyond it again between two fetches. Whoever leads next, or the
 * same broker after a crash, writes under a greater leader epoch, and within an epoch nothing is cut. So a leader is asked only when a
 * response begins with another epoch than the last one ended with: where do your records of that epoch end?
 */
import type { Logger } from 'pino';
import { fail, type Position } from './fetch-position.ts';
import type { Broker } from './kafka-client.ts';
import { epochEnds } from './kafka-epochs.ts';
import type { FetchedPiece } from './kafka-fetch.ts';
import { lostEnd } from './out-of-range.ts';

export interface FetchedPositions {
  readonly topic: string;
  readonly positions: readonly Position[];
  /** What was answered for them, and not accepted yet. */
  readonly pieces: readonly FetchedPiece[];
  readonly logger: Logger;
}

/** Ends the readings whose records are not in the log any more. Throws kafkajs' error when that is to be asked again. */
export async function endCutReadings(broker: Broker, { topic, positions, pieces, logger }: FetchedPositions): Promise<void> {
  const asked = positions.filter(position => pieces.some(piece => isOfOtherEpoch(position, piece)));
  if (asked.length === 0) return;
  const ends = await epochEnds(broker, { topic, partitions: asked }, logger);
  for (const position of asked) {
    const { partition, nextOffset } = position;
    const endOffset = ends.get(partition) ?? nextOffset;
    if (endOffset < nextOffset) fail([position], lostEnd({ topic, partition, fromOffset: nextOffset, endOffset }));
  }
}

function isOfOtherEpoch({ partition, leaderEpoch }: Position, { partition: answered, firstEpoch }: FetchedPiece): boolean {
  return partition === answered && leaderEpoch >= 0 && firstEpoch >= 0 && firstEpoch !== leaderEpoch;
}
