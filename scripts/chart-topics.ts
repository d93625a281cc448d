/**
 * Writes the catalogues of topics and of users into the Kafka chart: `npm run chart-topics`. A test fails when the chart's copy is stale.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runCommandLine } from '@tapeline/core/command-line';
import { kafkaUsers } from '@tapeline/core/kafka-users';
import { topics } from '@tapeline/core/topics';
import { stringify } from 'yaml';

const topicsFile = fileURLToPath(new URL('../charts/kafka/files/topics.yaml', import.meta.url));
const usersFile = fileURLToPath(new URL('../charts/kafka/files/users.yaml', import.meta.url));

/** The file of topics as it should be. Topics without a number of partitions get the chart's `feedPartitions`. */
export function chartTopics(): string {
  return generated('topics.ts', { topics: topics.map(topic => ({ ...topic })) });
}

/** The file of topics as it is. */
export function committedChartTopics(): string {
  return readFileSync(topicsFile, 'utf8');
}

/** The file of users as it should be. */
export function chartUsers(): string {
  return generated('kafka-users.ts', { users: kafkaUsers });
}

/** The file of users as it is. */
export function committedChartUsers(): string {
  return readFileSync(usersFile, 'utf8');
}

function generated(source: string, content: object): string {
  const heading = `# Generated from core/src/${source} by \`npm run chart-topics\`; do not edit.\n`;
  return heading + stringify(content, { lineWidth: 0, aliasDuplicateObjects: false });
}

if (import.meta.main) {
  const help = 'chart-topics: writes the catalogues of topics and of users into charts/kafka/files.\n';
  process.exitCode = await runCommandLine({ help }, async () => {
    writeFileSync(topicsFile, chartTopics());
    writeFileSync(usersFile, chartUsers());
    return 0;
  });
}
