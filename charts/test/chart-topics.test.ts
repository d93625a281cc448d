import { describe, expect, it } from '@jest/globals';
import { topics } from '@tapeline/core/topics';
import { parse } from 'yaml';
import { chartTopics, chartUsers, committedChartTopics, committedChartUsers } from '../../scripts/chart-topics.ts';

describe('the topics of the Kafka chart', () => {
  it('are those of the catalogue: run `npm run chart-topics` after a change of it', () => {
    expect(committedChartTopics()).toBe(chartTopics());
  });

  it('are read back as the catalogue has them', () => {
    expect(parse(committedChartTopics())).toEqual({ topics });
  });

  it('keep the feed for a week, bars for two days, alerts and dead letters for two weeks in one partition', () => {
    const { topics: read } = parse(committedChartTopics()) as {
      topics: readonly { name: string; partitions?: number; retentionMs: number }[];
    };
    expect(read.map(({ name, partitions, retentionMs }) => [name, partitions, retentionMs])).toEqual([
      ['market-data.feed', undefined, 604_800_000],
      ['market-data.bars', undefined, 172_800_000],
      ['market-data.alerts', 1, 1_209_600_000],
      ['market-data.dead-letter', 1, 1_209_600_000],
    ]);
  });
});

describe('the users of the Kafka chart', () => {
  it('are those of the catalogue: run `npm run chart-topics` after a change of it', () => {
    expect(committedChartUsers()).toBe(chartUsers());
  });
});
