/** The one catalogue of topics: code, charts and documents take names and settings from here. */

export interface Topic {
  readonly name: string;
  /** Absent: as many as `KAFKA_FEED_PARTITIONS` says. */
  readonly partitions?: number;
  readonly retentionMs: number;
  readonly description: string;
}

const dayMs = 86_400_000;

export const feedTopic: Topic = {
  name: 'market-data.feed',
  retentionMs: 7 * dayMs,
  description: 'all that the feeds told us, keyed by symbol; the truth',
};
export const barsTopic: Topic = {
  name: 'market-data.bars',
  retentionMs: 2 * dayMs,
  description:
    'bars as they close and each time they change, keyed by symbol; at least once, (symbol, interval, startMs, versionUs) identifies a duplicate',
};
export const alertsTopic: Topic = {
  name: 'market-data.alerts',
  partitions: 1,
  retentionMs: 14 * dayMs,
  description: 'rules that were met, each with an identity that a replay repeats; at least once, `id` identifies a duplicate',
};
export const deadLetterTopic: Topic = {
  name: 'market-data.dead-letter',
  partitions: 1,
  retentionMs: 14 * dayMs,
  description: 'what could not be used, with reason and origin',
};

export const topics: readonly Topic[] = [feedTopic, barsTopic, alertsTopic, deadLetterTopic];
