/** What is to be done about a window, as a record of the log: the decision that the fold only carries out (DESIGN §3). Pure. */
import { type Bar, type BarFlag, isOfHistory, orderedFlags } from '@tapeline/core/bars';
import type { Interval } from '@tapeline/core/intervals';
import { type HistoryRecord, recordFormat } from '@tapeline/core/records';
import type { VendorWindow } from './vendor-windows.ts';

export interface HistoryHead {
  readonly symbol: string;
  readonly interval: Interval;
  /** When the vendor answered. */
  readonly receivedTimeMs: number;
}

/** Of all records. */
const source = 'twelve-data/rest';
const verdicts: readonly BarFlag[] = ['reconciled', 'mismatch'];

/**
 * The vendor's bar in place of a stored one that a gap touched, or of none. What ticks alone can tell (their number, the spread) stays;
 * a VWAP of a part of the window does not.
 */
export function fillRecord(head: HistoryHead, vendors: VendorWindow, stored: Bar | undefined): HistoryRecord {
  const { startMs, open, high, low, close, volume } = vendors;
  const values = { open, high, low, close, ...(volume === undefined ? {} : { volume }) };
  const window = { startMs, endMs: stored?.endMs ?? vendors.endMs };
  if (stored === undefined) return recordOf(head, 'fill', { ...window, ...values, tickCount: 0, flags: ['gap', 'filled'], revision: 0 });
  const { tickCount, spreadMean } = stored;
  const flags = orderedFlags([...stored.flags.filter(flag => !verdicts.includes(flag)), 'filled']);
  // A second look, as after a kill, makes the same bar once more.
  const revision = isFilled(vendors, stored) ? stored.revision : stored.revision + 1;
  const kept = { tickCount, ...(spreadMean === undefined ? {} : { spreadMean }) };
  return recordOf(head, 'replace', { ...window, ...values, ...kept, flags, revision });
}

/** The vendor's bar of a window that has none, and that no gap is known of. */
export function loadRecord(head: HistoryHead, { startMs, endMs, open, high, low, close, volume }: VendorWindow): HistoryRecord {
  const values = { open, high, low, close, ...withoutAbsent({ volume }) };
  return recordOf(head, 'fill', { startMs, endMs, ...values, tickCount: 0, flags: ['filled'], revision: 0 });
}

/** True when the stored bar is the vendor's already. */
export function isFilled({ open, high, low, close, volume }: VendorWindow, stored: Bar): boolean {
  return (
    stored.flags.includes('filled') &&
    [stored.open, stored.high, stored.low, stored.close, stored.volume].every((value, at) => value === [open, high, low, close, volume][at])
  );
}

/** True for a bar that says of itself that it is whole and our own, and that was not compared yet. */
export function isComparable(bar: Bar): boolean {
  return bar.state === 'final' && !bar.flags.includes('partial') && !bar.flags.includes('gap') && !isOfHistory(bar);
}

/** The stored bar with what the comparison found. */
export function flagRecord(head: HistoryHead, stored: Bar, flag: 'reconciled' | 'mismatch'): HistoryRecord {
  const { startMs, endMs, open, high, low, close, volume, vwap, vwapKind, tickCount, spreadMean } = stored;
  const values = { open, high, low, close, ...withoutAbsent({ volume, vwap, vwapKind, spreadMean }) };
  const flags = orderedFlags([...stored.flags, flag]);
  return recordOf(head, 'flag', { startMs, endMs, ...values, tickCount, flags, revision: stored.revision + 1 });
}

type Decided = Omit<HistoryRecord, 'v' | 'kind' | 'source' | 'action' | 'gap' | 'flags' | keyof HistoryHead> & Pick<Bar, 'flags'>;

function recordOf({ symbol, interval, receivedTimeMs }: HistoryHead, action: HistoryRecord['action'], bar: Decided): HistoryRecord {
  return { v: recordFormat, kind: 'history', source, action, symbol, interval, ...bar, flags: [...bar.flags], receivedTimeMs };
}

function withoutAbsent<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}
