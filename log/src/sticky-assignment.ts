/**
 * Which member of a group gets which partitions: evenly, and as many as possible stay where they are, because a partition that
 * moves costs its new owner the restoring of a snapshot.
 */

export interface GroupMemberState {
  readonly memberId: string;
  /** Partitions that it owned until now. */
  readonly owned: readonly number[];
}

/** Partitions of each member. No two members differ by more than one; the result depends on nothing but the arguments. */
export function assignSticky(members: readonly GroupMemberState[], partitionCount: number): ReadonlyMap<string, readonly number[]> {
  const ranked = members.toSorted((a, b) => b.owned.length - a.owned.length || (a.memberId < b.memberId ? -1 : 1));
  const least = Math.floor(partitionCount / Math.max(1, ranked.length));
  let extras = partitionCount - least * ranked.length;
  const free = new Set(Array.from({ length: partitionCount }, (_, partition) => partition));
  const assigned = new Map<string, number[]>();
  for (const { memberId, owned } of ranked) {
    const keepable = [...new Set(owned)].filter(partition => free.has(partition)).sort((a, b) => a - b);
    const quota = keepable.length > least && extras > 0 ? least + 1 : least;
    if (quota > least) extras -= 1;
    const kept = keepable.slice(0, quota);
    for (const partition of kept) free.delete(partition);
    assigned.set(memberId, kept);
  }
  const rest = [...free];
  for (const partitions of assigned.values()) {
    while (partitions.length < least) partitions.push(...rest.splice(0, 1));
  }
  for (const partitions of assigned.values()) {
    if (partitions.length === least) partitions.push(...rest.splice(0, 1));
  }
  return assigned;
}
