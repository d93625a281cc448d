/**
 * The commit of an offset by an owner. Between two generations a group takes none: a commit is repeated until the next one stands, for the
 * last commit of an owner has none after it that would say more.
 */
import { BackOff } from '@tapeline/core/back-off';
import type { Logger } from 'pino';
import { failureType } from './kafka-failure.ts';

export interface OffsetCommit {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly nextOffset: number;
}

export interface OffsetCommitOptions {
  /** Sends it, under the generation that is known now. */
  readonly send: (commit: OffsetCommit) => Promise<void>;
  /** Aborts when the partition is another's. */
  readonly lost: AbortSignal;
  readonly logger: Logger;
}

/** Shorter than an owner may take to release its partition. */
const deadlineMs = 8_000;
const betweenGenerations: ReadonlySet<string> = new Set(['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION']);

/** Never fails: committed offsets are for people. */
export async function commitOffset(commit: OffsetCommit, { send, lost, logger }: OffsetCommitOptions): Promise<void> {
  const backOff = new BackOff({ baseMs: 50, capMs: 500 });
  const endMs = performance.now() + deadlineMs;
  while (!lost.aborted) {
    const failure = await send(commit).then(
      () => undefined,
      (error: unknown) => failureType(error) ?? 'unknown',
    );
    if (failure === undefined) return;
    if (!betweenGenerations.has(failure) || performance.now() >= endMs) {
      const level = failure === 'UNKNOWN_MEMBER_ID' ? 'debug' : 'warn';
      logger[level]({ ...commit, type: failure }, 'an offset was not committed, the next commit takes its place');
      return;
    }
    await backOff.wait(lost);
  }
}
