/**
 * The ingester that people run, which also writes down what the log acknowledged to it: a line for each record of market-data.feed, with its
 * partition and a digest of its value. The line is in the file before the ingester itself hears of it, so also a killed one leaves no
 * acknowledged record out.
 */
import { openSync, writeSync } from 'node:fs';
import { feedTopic } from '@tapeline/core/topics';
import { KafkaAppender } from '@tapeline/log/kafka-appender';
import { digestOf } from './digest.ts';

const file = openSync(process.env.CHAOS_NOTES_FILE ?? '', 'a');
const { append, appendBlocks } = KafkaAppender.prototype;

KafkaAppender.prototype.append = async function (this: KafkaAppender, entries) {
  const lines = entries.filter(({ topic }) => isFeed(topic)).map(({ partition, value }) => digestOf(partition, value));
  await append.call(this, entries);
  note(lines);
};

KafkaAppender.prototype.appendBlocks = async function (this: KafkaAppender, blocks) {
  const lines: string[] = [];
  for (const block of blocks) {
    if (!isFeed(block.topic)) continue;
    const cursor = block.cursor();
    while (cursor.next()) lines.push(digestOf(block.partition, cursor.bytes.subarray(cursor.valueStart, cursor.valueEnd)));
  }
  await appendBlocks.call(this, blocks);
  note(lines);
};

function isFeed(topic: string): boolean {
  return topic.endsWith(feedTopic.name);
}

function note(lines: readonly string[]): void {
  if (lines.length > 0) writeSync(file, `${lines.join('\n')}\n`);
}

await import('@tapeline/ingestion/main');
