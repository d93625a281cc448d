/**
 * The condition of an update that is to be made whatever stands there. It holds always, for the text in `column` is never empty; but
 * with a condition Cassandra itself orders the writes of a partition (Paxos). Without one the clock of whoever writes does, and an
 * update after a clock was set back would lose to an older row, and say nothing.
 */
export function inOrder(column: string): string {
  return `IF ${column} != ''`;
}
