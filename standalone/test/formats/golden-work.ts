/** What jobs keep beside the market, in folders as `DATA_DIR` has them: written at a fixed time, and read back. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { alertsTopic } from '@tapeline/core/topics';
import { FileItems } from '@tapeline/database/file-items';
import type { Gap } from '@tapeline/database/market-store';
import type { BackfillJob } from '@tapeline/ingestion/backfill/backfill-job';
import { ItemBackfillStore } from '@tapeline/ingestion/backfill/backfill-store';
import { Notes } from '@tapeline/ingestion/backfill/notes';
import { LoadedRanges } from '@tapeline/ingestion/history/loaded-ranges';
import type { CreditLedger } from '@tapeline/ingestion/twelve-data/credit-ledger';
import { FileCreditStore } from '@tapeline/ingestion/twelve-data/credit-store';
import { Refusals } from '@tapeline/stream-processing/notifier/refusals';
import { SentMemory } from '@tapeline/stream-processing/notifier/sent-memory';
import { alerts } from './golden-records.ts';

/** 2024-11-05 10:00:00 UTC. */
export const nowMs = 1_730_800_800_000;
const dayMs = 86_400_000;

export const gap: Gap = { symbol: 'BTC/USD', fromMs: nowMs - 90_000, toMs: nowMs - 30_000, reason: 'no pong', filled: false, versionUs: 1 };
export const comparedDayMs = Date.UTC(2024, 10, 4);
export const range = { fromMs: comparedDayMs - 29 * dayMs, toMs: comparedDayMs + dayMs };
export const rangeKey = { symbol: 'BTC/USD', interval: '1m' } as const;
export const sentHashes = ['5f2b9c01d4e8a7365f2b9c01d4e8a736', '0123456789abcdef0123456789abcdef'];
export const refusalReason = '550 no such mailbox';
export const ledger: CreditLedger = {
  claims: [{ id: 'a-claim', credits: 3, untilMs: nowMs + 35_000 }],
  days: [{ day: 20_032, credits: 41 }],
};
export const jobs: readonly BackfillJob[] = [
  {
    ...{ id: '00112233445566778899aabbccddeeff', kind: 'fill', symbol: 'BTC/USD', interval: '1m', reason: 'gap of twelve-data/0: no pong' },
    ...{ fromMs: nowMs - 120_000, toMs: nowMs, gaps: [{ fromMs: nowMs - 90_000, toMs: nowMs - 30_000, reason: 'no pong' }] },
    ...{ queuedMs: nowMs, nextMs: nowMs - 60_000, attempts: 2, notBeforeMs: nowMs + 60_000, refused: 'the plan has no such symbol' },
  },
  {
    ...{ id: 'ffeeddccbbaa99887766554433221100', kind: 'compare', symbol: 'AAPL', interval: '1d', reason: 'day 2024-11-04' },
    ...{
      fromMs: comparedDayMs,
      toMs: comparedDayMs + dayMs,
      gaps: [],
      queuedMs: nowMs,
      nextMs: comparedDayMs,
      attempts: 0,
      notBeforeMs: 0,
    },
  },
];

const folderOf = {
  jobs: 'backfill/jobs',
  notes: 'backfill/notes',
  ranges: 'backfill/history-ranges',
  credits: 'backfill/credits',
  sent: 'notifier/mail-1',
  refused: 'notifier/mail-1-refused',
} as const;

/** What a reader of such folders holds. */
export interface OpenedWork {
  readonly jobs: ItemBackfillStore;
  readonly notes: Notes;
  readonly ranges: LoadedRanges;
  readonly credits: FileCreditStore;
  readonly sent: SentMemory;
  readonly refusals: Refusals;
}

/** Opens them as the jobs do. */
export async function openWork(dataDir: string): Promise<OpenedWork> {
  const items = (of: keyof typeof folderOf) => new FileItems(join(dataDir, folderOf[of]));
  return {
    jobs: new ItemBackfillStore(new FileItems(join(dataDir, folderOf.jobs))),
    notes: await Notes.open(items('notes')),
    ranges: await LoadedRanges.open(items('ranges')),
    credits: new FileCreditStore(join(dataDir, folderOf.credits)),
    sent: await SentMemory.open({
      items: items('sent'),
      topic: alertsTopic.name,
      firstOffset: async () => 7,
      lowOffset: async () => 0,
      clock: () => nowMs,
    }),
    refusals: await Refusals.open(items('refused')),
  };
}

export async function writeWork(dataDir: string): Promise<void> {
  const work = await openWork(dataDir);
  for (const job of jobs) await work.jobs.put(job);
  await work.notes.looked(gap, nowMs);
  await work.notes.willBeCompared(comparedDayMs);
  await work.notes.lettersRead(5);
  await work.ranges.add(rangeKey, range);
  await work.credits.replace(0, ledger);
  await work.sent.remember(sentHashes, 9);
  await work.refusals.keep({ id: 'aa'.repeat(16), alerts, older: undefined }, refusalReason, nowMs);
}

/** The texts of all files, by folder; the names of the notifier's hold a random part and are left out. */
export function workTexts(dataDir: string): Readonly<Record<string, readonly string[]>> {
  const texts: Record<string, readonly string[]> = {};
  for (const [what, folder] of Object.entries(folderOf)) {
    const names = readdirSync(join(dataDir, folder)).filter(name => name.endsWith('.json'));
    texts[folder] = names.sort().map(name => `${what === 'sent' ? '' : `${name} `}${readFileSync(join(dataDir, folder, name), 'utf8')}`);
  }
  return texts;
}
