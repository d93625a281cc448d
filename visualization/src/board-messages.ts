/** The messages of the board's WebSocket; the page and the server read the same types. README.md, "The socket", explains them. */
import type { Bar } from '@tapeline/core/bars';
import type { Interval } from '@tapeline/core/intervals';

/** A chart that a client follows. */
export interface ChartSubscription {
  readonly symbol: string;
  readonly interval: Interval;
  /** Closed bars come with their indicators. */
  readonly indicators?: true;
}

/**
 * What a client may say:
 * - `watch`: the symbols whose rows it wants, in the place of those before; at most `maxSymbols` of the hello
 * - `subscribe`: the one chart that it follows, in the place of the one before
 * - `unsubscribe`: it follows no chart any more
 */
export type ClientMessage =
  | { readonly watch: { readonly symbols: readonly string[] } }
  | { readonly subscribe: ChartSubscription }
  | { readonly unsubscribe: Readonly<Record<string, never>> };

/** A line of the table. Numbers are as the vendor gave them. */
export interface BoardRow {
  readonly symbol: string;
  readonly price: number;
  readonly bid?: number;
  readonly ask?: number;
  readonly dayVolume?: number;
  /** Open of the trading day, where a `1d` bar is made. */
  readonly dayOpen?: number;
  readonly timeMs: number;
}

/** A bar as screens and the HTTP interface see it. */
export type BoardBar = Pick<
  Bar,
  | 'symbol'
  | 'interval'
  | 'startMs'
  | 'open'
  | 'high'
  | 'low'
  | 'close'
  | 'volume'
  | 'vwap'
  | 'tickCount'
  | 'state'
  | 'flags'
  | 'revision'
  | 'indicators'
>;

/**
 * - `live`: connected, and its heartbeats go on
 * - `gap`: the feed lost its connection; what is missed since `sinceMs` is a gap in the bars
 * - `silent`: nothing is written for this feed any more, not even heartbeats: its ingester is down or cut off
 * - `ended`: the recording was played to its end, with its last price at `sinceMs`
 */
export type FeedCondition = 'live' | 'gap' | 'silent' | 'ended';

export interface FeedStatus {
  readonly feed: string;
  readonly session: number;
  readonly condition: FeedCondition;
  /** Start of the condition: of the session, of the gap or of the silence. */
  readonly sinceMs: number;
  readonly simulated: boolean;
  readonly watermarkMs: number;
  readonly lastDataMs?: number;
  /** How many symbols the feed owns. */
  readonly symbols: number;
  /** The first 20 of the refused symbols, with the vendor's reason. */
  readonly refused: readonly { readonly symbol: string; readonly reason: string }[];
  readonly refusedCount: number;
}

/** A gap that still goes on. */
export interface OpenGap {
  /** Of the last price before it, milliseconds since the Unix epoch. */
  readonly fromMs: number;
  readonly reason: string;
}

/** An alert as screens and the HTTP interface see it. */
export interface BoardAlert {
  readonly id: string;
  readonly rule: string;
  readonly condition: string;
  readonly severity: 'info' | 'warning' | 'critical';
  /** Absent where a whole feed is meant. */
  readonly symbol?: string;
  readonly feed?: string;
  /** Of the bar that showed it. */
  readonly interval?: Interval;
  /** End of its cause, milliseconds since the Unix epoch. */
  readonly timeMs: number;
  readonly value?: number;
  readonly threshold?: number;
  readonly message: string;
}

/** First message of a connection. */
export interface HelloMessage {
  readonly hello: {
    readonly intervals: readonly Interval[];
    readonly maxUpdatesPerSecond: number;
    /** So many symbols can be watched. */
    readonly maxSymbols: number;
  };
}

/** The numbers that stand for symbols in the binary rows, for as long as the connection lasts. */
export interface SymbolsMessage {
  readonly symbols: readonly (readonly [number, string])[];
}

/** What changed since the client's last update; a part without a change is absent. At least one every two seconds. */
export interface UpdateMessage {
  /** The server's clock, milliseconds since the Unix epoch. */
  readonly nowMs: number;
  /** Only what `browser/connection.ts` makes of the binary rows; no message of text has them. */
  readonly rows?: readonly BoardRow[];
  readonly feeds?: readonly FeedStatus[];
  /** What keeps the board from showing the present; an empty text when nothing does any more. */
  readonly problem?: string;
  /** Those that were given since; with the first update those that were given lately. The store may not have them yet. */
  readonly alerts?: readonly BoardAlert[];
  readonly chart?: ChartSubscription & {
    /** By `startMs`; each takes the place of the bar of the same `startMs`. */
    readonly bars: readonly BoardBar[];
    /** There while the symbol is in a gap: a message without it says that the gap is over. */
    readonly gap?: OpenGap;
    /** Bars were missed: read the history again. */
    readonly reload?: true;
  };
}

export interface ErrorMessage {
  readonly error: { readonly code: string; readonly message: string };
}

export type ServerMessage = HelloMessage | SymbolsMessage | UpdateMessage | ErrorMessage;
