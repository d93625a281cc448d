/**
 * What a job keeps in the store beside the market: its queue, and values that processes share. Texts are the job's own affair.
 * On Cassandra these are two tables of the configured keyspace, in no generation: a rebuild makes bars anew, and no queue.
 */
export interface WorkItem {
  readonly id: string;
  /** Where it stands, for people. */
  readonly place: string;
  readonly text: string;
}

/** A queue's items by id; for one process at a time. */
export interface WorkItems {
  /** In any order. @throws PipelineError `store.unavailable` (retriable), as the others do. */
  all(): Promise<readonly WorkItem[]>;
  /** Writes one, durably, in place of the one with the same id: letters, digits and hyphens, at most 100. The text is not empty. */
  put(id: string, text: string): Promise<void>;
  /** Does nothing when there is none. */
  remove(id: string): Promise<void>;
}

/** One value that is replaced only by somebody who has seen the last one. */
export interface WorkCell {
  /** `version` 0 and no text for one that was never written. */
  read(): Promise<{ readonly version: number; readonly text: string | undefined }>;
  /**
   * Makes `text` version `version + 1`, durably.
   * @returns false, and changes nothing, when `version` is not the last one any more.
   */
  replace(version: number, text: string): Promise<boolean>;
}

export interface WorkStore {
  items(queue: string): WorkItems;
  cell(id: string): WorkCell;
  close(): Promise<void>;
}
