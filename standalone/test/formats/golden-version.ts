/**
 * A golden version: a folder of files as this code writes them, kept for ever. `npm run golden-formats` adds one; none is written over.
 * `records.jsonl` and the like are lines, snapshots are bytes, and `stores/` and `work/` are folders as `DATA_DIR`.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeAlert } from '@tapeline/core/alerts';
import { encodeBar } from '@tapeline/core/bars';
import { encodeDeadLetter } from '@tapeline/core/dead-letters';
import { decodeRecord, encodeRecord } from '@tapeline/core/record-codec';
import type { FeedRecord } from '@tapeline/core/records';
import { migrations } from '@tapeline/database/cassandra/migrations';
import { cuts, goldenFeed } from './golden-feed.ts';
import { folds } from './golden-folds.ts';
import { alerts, bars, deadLetters, feedRecords } from './golden-records.ts';
import { writeExport, writeLog, writeStore } from './golden-stores.ts';
import { writeWork } from './golden-work.ts';

export const goldenFolder = fileURLToPath(new URL('../goldens/', import.meta.url));

/** The versions that there are, oldest first: v1, v2, … */
export function versions(): readonly string[] {
  const names = readdirSync(goldenFolder).filter(name => /^v\d+$/.test(name));
  return names.sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
}

/** Writes what this code gives into a new folder. @throws when it is there. */
export async function writeVersion(folder: string): Promise<void> {
  if (existsSync(folder)) throw new Error(`${folder} is there, and a golden version is never written over`);
  for (const name of ['stores', 'export', 'work']) mkdirSync(join(folder, name), { recursive: true });
  for (const [name, bytes] of filesOfRecords()) writeFileSync(join(folder, name), bytes);
  const feed = goldenFeed();
  writeFileSync(join(folder, 'feed.jsonl'), linesOf(feed.map(encodeRecord)));
  for (const [name, bytes] of filesOfFolds(feed)) writeFileSync(join(folder, name), bytes);
  const state = readFileSync(join(folder, 'hot-with-rules.snapshot'));
  await writeStore(join(folder, 'stores'), { nextOffset: cuts.withRules, versionUs: 1, formatVersion: 4, state });
  await writeLog(join(folder, 'stores'), feed);
  await writeExport(join(folder, 'export'));
  await writeWork(join(folder, 'work'));
  // Locks of the programs that wrote.
  for (const name of readdirSync(join(folder, 'stores'))) if (!name.endsWith('.sqlite')) rmSync(join(folder, 'stores', name));
}

/** Records of each topic, a line each, and the hashes of the migrations: what depends on no feed. */
export function filesOfRecords(): ReadonlyMap<string, Uint8Array> {
  return new Map([
    ['records.jsonl', linesOf(feedRecords.map(encodeRecord))],
    ['bars.jsonl', linesOf(bars.map(bar => Buffer.from(encodeBar(bar))))],
    ['alerts.jsonl', linesOf(alerts.map(encodeAlert))],
    ['dead-letters.jsonl', linesOf(deadLetters.map(encodeDeadLetter))],
    ['cassandra-migrations.json', Buffer.from(`${JSON.stringify(migrationHashes(), undefined, 2)}\n`)],
  ]);
}

/** What folding a feed gives out, and the snapshots of both folds at its two cuts. */
export function filesOfFolds(feed: readonly FeedRecord[]): ReadonlyMap<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const fold of folds) {
    files.set(`${fold.name}-without-rules.snapshot`, fold.run(feed.slice(0, cuts.withoutRules)).snapshot);
    files.set(`${fold.name}-with-rules.snapshot`, fold.run(feed.slice(0, cuts.withRules)).snapshot);
  }
  const given = folds[0]?.run(feed) ?? { bars: [], others: [] };
  files.set('feed-bars.jsonl', linesOf(given.bars.map(text => Buffer.from(text))));
  files.set('feed-others.jsonl', linesOf(given.others.map(text => Buffer.from(text))));
  return files;
}

/** The feed that a golden version was folded from. */
export function feedOf(folder: string): readonly FeedRecord[] {
  return goldenLines(folder, 'feed.jsonl').map(line => decodeRecord(Buffer.from(line)));
}

export function goldenLines(folder: string, name: string): readonly string[] {
  return readFileSync(join(folder, name), 'utf8').trimEnd().split('\n');
}

/** A hash of each statement of each migration: one that was released is never edited. */
export function migrationHashes(): Readonly<Record<string, readonly string[]>> {
  const hashes = migrations.map(({ version, statements }) => [
    version,
    statements('tapeline').map(text => createHash('sha256').update(text).digest('hex')),
  ]);
  return Object.fromEntries(hashes);
}

function linesOf(values: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(values.flatMap(value => [value, Buffer.from('\n')]));
}
