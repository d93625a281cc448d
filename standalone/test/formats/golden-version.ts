/**
 * A golden version: a folder of files as this code writes them, kept for ever. `npm run golden-formats` adds one; none is written over.
 * `records.jsonl` and the like are lines, snapshots are bytes, and `stores/` and `work/` are folders as `DATA_DIR`.
 */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
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
import { copied, schemaOf, writeExport, writeLog, writeStore } from './golden-stores.ts';
import { workTexts, writeWork } from './golden-work.ts';

export const goldenFolder = fileURLToPath(new URL('../goldens/', import.meta.url));

/** The versions that there are, oldest first: v1, v2, … */
export function versions(folder = goldenFolder): readonly string[] {
  const names = readdirSync(folder).filter(name => /^v\d+$/.test(name));
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

/** A version that was added, and what in it is not as in the one before; `undefined` where nothing is, so that none was. */
export type AddedVersion = { readonly version: string; readonly changed: readonly string[] } | undefined;

/** Adds what this code writes to the versions in `goldens`, unless the newest says the same. */
export async function addVersion(goldens = goldenFolder): Promise<AddedVersion> {
  const known = versions(goldens);
  const newest = known.at(-1);
  const scratch = mkdtempSync(join(tmpdir(), 'tapeline-golden-'));
  try {
    const written = join(scratch, 'written');
    await writeVersion(written);
    const changed = newest === undefined ? ['all'] : differences(join(goldens, newest), written, scratch);
    if (changed.length === 0) return undefined;
    const version = `v${known.length + 1}`;
    cpSync(written, join(goldens, version), { recursive: true, errorOnExist: true, force: false });
    return { version, changed };
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** Names of what two versions have otherwise, as the tests hold them: texts of jobs without random names, tables column for column. */
function differences(former: string, latter: string, scratch: string): readonly string[] {
  const [before, after] = [former, latter].map((folder, index) => contentOf(folder, scratch, String(index))) as [Content, Content];
  return [...new Set([...before.keys(), ...after.keys()])].filter(name => before.get(name) !== after.get(name)).sort();
}

type Content = ReadonlyMap<string, string>;

function contentOf(folder: string, scratch: string, mark: string): Content {
  const content = new Map<string, string>();
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const file = join(folder, name);
    if (name.startsWith('work/') || !statSync(file).isFile()) continue;
    const isTables = name.endsWith('.sqlite');
    content.set(
      name,
      isTables ? JSON.stringify(schemaOf(copied(file, scratch, `${mark}-${basename(name)}`))) : readFileSync(file, 'latin1'),
    );
  }
  for (const [name, texts] of Object.entries(workTexts(join(folder, 'work')))) content.set(`work/${name}`, JSON.stringify(texts));
  return content;
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
