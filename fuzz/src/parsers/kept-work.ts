/** What jobs keep between runs and read again: queues, notes, accounts, what was sent. */
import type { WorkItems } from '@tapeline/database/work-store';
import { ItemBackfillStore } from '@tapeline/ingestion/backfill/backfill-store';
import { Notes } from '@tapeline/ingestion/backfill/notes';
import { LoadedRanges } from '@tapeline/ingestion/history/loaded-ranges';
import { ledgerIn } from '@tapeline/ingestion/twelve-data/credit-store';
import { Refusals } from '@tapeline/stream-processing/notifier/refusals';
import { SentMemory } from '@tapeline/stream-processing/notifier/sent-memory';
import { ZodError } from 'zod';
import type { Dice } from '../dice.ts';
import { tenOClockMs } from '../examples.ts';
import { expectPlain, expectSame, expectThat, orRefused, orRefusedLater, refused, withCode } from '../expectations.ts';
import type { FuzzedParser } from '../fuzzed-parser.ts';

const isUnusable = withCode('data-dir.unusable');

const keptWork: FuzzedParser = {
  name: 'kept-work',
  reads: "the backfiller's jobs and notes, loaded ranges, what the notifier sent and what was refused, accounts of credits",
  heldTo: 'refused as data-dir.unusable with its place; a job or an account is read the same when it is written again',
  format: 'json',
  words: [
    'id',
    'kind',
    'fill',
    'compare',
    'symbol',
    'interval',
    'fromMs',
    'toMs',
    'gaps',
    'claims',
    'days',
    'ids',
    'nextOffset',
    'v',
    'looks',
  ],
  slowness: 3,
  example: dice => JSON.stringify(someWork(dice)),
  check: async input => {
    const text = input.toString();
    const items = holding(text);
    const jobs = await orRefusedLater(() => new ItemBackfillStore(items).all(), isUnusable);
    if (jobs !== refused) {
      expectPlain(jobs, 'the jobs');
      expectSame(
        JSON.stringify(await new ItemBackfillStore(holding(JSON.stringify(jobs[0]))).all()),
        JSON.stringify(jobs),
        'the job written again',
      );
    }
    const ledger = orRefused(
      () => ledgerIn(text),
      error => error instanceof ZodError || error instanceof SyntaxError,
    );
    if (ledger !== refused) {
      expectPlain(ledger, 'the account');
      expectThat(
        ledger.claims.every(({ credits }) => credits >= 0),
        'an account owes credits',
      );
      expectSame(JSON.stringify(ledgerIn(JSON.stringify(ledger))), JSON.stringify(ledger), 'the account written again');
    }
    await orRefusedLater(() => Notes.open(items), isUnusable);
    const ranges = await orRefusedLater(() => LoadedRanges.open(items), isUnusable);
    if (ranges !== refused) expectPlain(ranges.missing({ symbol: 'AAPL', interval: '1m' }, { fromMs: 0, toMs: 5 }), 'the missing ranges');
    const refusals = await orRefusedLater(() => Refusals.open(items), isUnusable);
    if (refusals !== refused) expectThat(refusals.size === 1, 'the refusal is lost');
    const sent = await orRefusedLater(
      () => SentMemory.open({ items, topic: 'market-data.alerts', firstOffset: async () => 0, lowOffset: async () => 0 }),
      isUnusable,
    );
    if (sent !== refused)
      expectThat(Number.isSafeInteger(sent.nextOffset) && sent.nextOffset >= 0, 'the memory has no place', sent.nextOffset);
  },
};

function holding(text: string): WorkItems {
  return { all: async () => [{ id: 'item', place: 'an item', text }], put: async () => undefined, remove: async () => undefined };
}

function someWork(dice: Dice): unknown {
  const job = {
    ...{
      id: '0123456789abcdef0123456789abcdef',
      kind: 'fill',
      symbol: 'AAPL',
      interval: '1m',
      fromMs: tenOClockMs,
      toMs: tenOClockMs + 60_000,
    },
    ...{ reason: 'gap', gaps: [{ fromMs: 1, toMs: 2, reason: 'full' }], queuedMs: 1, nextMs: 2, attempts: 0, notBeforeMs: 0 },
  };
  return dice.pick<unknown>([
    job,
    { aboutMs: 1, looks: 2, nextLookMs: 3 },
    { symbol: 'AAPL', interval: '1m', fromMs: 0, toMs: 86_400_000 },
    { claims: [{ id: 'a', credits: dice.below(9), untilMs: tenOClockMs }], days: [{ day: 20_000, credits: 5 }] },
    { v: 1, nextOffset: dice.below(100), lastMs: tenOClockMs, ids: ['a', 'b'] },
    { v: 1, timeMs: tenOClockMs, reason: 'refused', alerts: 1, ids: ['a'] },
  ]);
}

export const workParsers: readonly FuzzedParser[] = [keptWork];
