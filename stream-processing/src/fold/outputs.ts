/** What the fold says about a record; the runtime makes it durable, in this order. */
import type { Alert } from '@tapeline/core/alerts';
import type { Bar } from '@tapeline/core/bars';
import type { DeadLetterReason } from '@tapeline/core/dead-letters';
import type { FeedRecord, HistoryRecord, InstrumentRecord, Tick } from '@tapeline/core/records';

export type FoldOutput =
  | {
      readonly kind: 'tick';
      readonly tick: Tick;
      readonly versionUs: number /** No later tick of the symbol was seen. */;
      readonly latest: boolean;
    }
  | { readonly kind: 'bar'; readonly bar: Bar }
  | {
      readonly kind: 'gap';
      readonly symbol: string;
      readonly fromMs: number;
      readonly toMs: number;
      readonly reason: string;
      /** True once history has been filled in. */
      readonly filled: boolean;
      readonly versionUs: number;
    }
  /** A history record was taken in; its bar, and the gap that it fills, are outputs of their own. */
  | { readonly kind: 'history'; readonly action: HistoryRecord['action'] }
  | { readonly kind: 'instrument'; readonly instrument: InstrumentRecord; readonly versionUs: number }
  /** A rule was met; its version is that of the output or record that showed it, so that rules change no other version. */
  | { readonly kind: 'alert'; readonly alert: Alert }
  | { readonly kind: 'dead-letter'; readonly reason: DeadLetterReason; readonly detail: string; readonly record: FeedRecord }
  | { readonly kind: 'repeated'; readonly why: 'resent' | 'duplicate'; readonly tick: Tick };

/** A feed as the log knows it. */
export interface FeedState {
  readonly feed: string;
  readonly session: number;
  /** When the session's symbols became what they are. */
  readonly sessionStartMs: number;
  /** When the session began, if its symbols were told again. Absent in snapshots of programs up to 2026-11-23, like the next one. */
  readonly begunMs?: number | undefined;
  /** Symbols of this partition that came later, and when. */
  readonly joinedMs?: Readonly<Record<string, number>> | undefined;
  readonly connected: boolean;
  readonly simulated: boolean;
  readonly watermarkMs: number;
  readonly lastDataMs: number | undefined;
  readonly symbols: readonly string[];
  readonly refused: readonly { readonly symbol: string; readonly reason: string }[];
}
