/**
 * Writes the catalogue of topics into the Kafka chart: `node scripts/chart-topics.ts`. A test fails when the chart's copy is stale.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { topics } from '@tapeline/core/topics';
import { stringify } from 'yaml';

const file = fileURLToPath(new URL('../charts/kafka/files/topics.yaml', import.meta.url));
const heading = '# Generated from core/src/topics.ts by `node scripts/chart-topics.ts`; do not edit.\n';

/** The file as it should be. Topics without a number of partitions get the chart's `feedPartitions`. */
export function chartTopics(): string {
  return heading + stringify({ topics: topics.map(topic => ({ ...topic })) }, { lineWidth: 0 });
}

/** The file as it is. */
export function committedChartTopics(): string {
  return readFileSync(file, 'utf8');
}

if (import.meta.main) writeFileSync(file, chartTopics());
