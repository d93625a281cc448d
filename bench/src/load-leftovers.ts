/** Takes away what a run leaves on the servers, topics and tables, and looks whether there is room for it at all. */
import { statfs } from 'node:fs/promises';
import { usageError } from '@tapeline/core/errors';
import { topics } from '@tapeline/core/topics';
import cassandra from 'cassandra-driver';
import kafkajs from 'kafkajs';

const dropTimeoutMs = 60_000;

/** Deletes the topics of a pipeline; the broker removes their files a minute later. */
export async function removeTopics(brokers: readonly string[], prefix: string): Promise<void> {
  const { NOTHING } = kafkajs.logLevel;
  const admin = new kafkajs.Kafka({ brokers: [...brokers], clientId: 'bench', logLevel: NOTHING }).admin();
  try {
    await admin.connect();
    const present = new Set(await admin.listTopics());
    const wanted = topics.map(({ name }) => prefix + name).filter(name => present.has(name));
    if (wanted.length > 0) await admin.deleteTopics({ topics: wanted });
  } finally {
    await admin.disconnect();
  }
}

export async function removeKeyspace(contactPoints: readonly string[], keyspace: string): Promise<void> {
  const localDataCenter = process.env.CASSANDRA_LOCAL_DATACENTER ?? 'datacenter1';
  const client = new cassandra.Client({
    contactPoints: [...contactPoints],
    localDataCenter,
    socketOptions: { readTimeout: dropTimeoutMs },
  });
  try {
    await client.execute(`DROP KEYSPACE IF EXISTS ${keyspace}`);
  } finally {
    await client.shutdown();
  }
}

/** Bytes free where the data of our own servers is; of servers that were named nobody here knows. */
export async function freeBytes(folder = '.'): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** @throws PipelineError `usage` with the remedy when there is less than is needed. */
export async function needRoom(bytes: number, what: string, smaller: string): Promise<void> {
  const free = await freeBytes();
  if (free >= bytes) return;
  const gigabytes = (value: number): string => `${(value / 1e9).toFixed(1)} GB`;
  throw usageError(
    `${what} needs ${gigabytes(bytes)} of disk, ${gigabytes(free)} are free in ${process.cwd()}: remove .tapeline/bench/kafka of former runs, or ${smaller}`,
  );
}
