/**
 * Whether the store holds what the oracle says: every row to the byte, each tick once, nothing else. At a checkpoint, while processors work on,
 * the store may be ahead of the oracle and never behind it; what can no longer change is then compared for good and forgotten.
 */
import { encodeAlert } from '@tapeline/core/alerts';
import type { Bar } from '@tapeline/core/bars';
import { type Interval, intervalMs, intervals } from '@tapeline/core/intervals';
import type { MarketStore } from '@tapeline/database/market-store';
import { barBytes } from '../../../bench/src/stored-bars.ts';
import { keyOf } from '../support/tick-key.ts';
import type { Check, Difference, Differences } from './difference.ts';
import type { Due, DueTick, Oracle } from './oracle.ts';

export interface Compared {
  bars: number;
  ticks: number;
  alerts: number;
  gaps: number;
  latest: number;
}

const dayMs = 86_400_000;
/** A bar of these is done with soon; the others are few. */
const shortIntervals: readonly Interval[] = ['1s', '5s', '15s', '1m'];
const rowsAtOnce = 50_000;

export class StoreCheck {
  /** Rows that were compared for good. */
  readonly compared: Compared = { bars: 0, ticks: 0, alerts: 0, gaps: 0, latest: 0 };
  readonly #store: MarketStore;
  readonly #oracle: Oracle;
  readonly #symbols: readonly string[];
  readonly #differences: Differences;
  readonly #beginMs: number;
  /** Bars of short intervals and ticks before this are forgotten. */
  #settledMs: number;

  constructor(store: MarketStore, oracle: Oracle, symbols: readonly string[], differences: Differences) {
    this.#store = store;
    this.#oracle = oracle;
    this.#symbols = symbols;
    this.#differences = differences;
    // Late prices stand before the begin of a run.
    this.#beginMs = Math.floor((Date.now() - 10 * 60_000) / 60_000) * 60_000;
    this.#settledMs = this.#beginMs;
  }

  /** The oracle stands at offsets that are committed: all before them must be in the store, at that version or a later one. */
  async notBehind(): Promise<void> {
    const toMs = Date.now() + dayMs;
    for (const symbol of this.#symbols) {
      for (const interval of intervals) {
        const wanted = this.#bars(symbol, interval, this.#settledMs - dayMs, toMs);
        const stored = await this.#storedBars(symbol, interval, Math.min(this.#settledMs, ...wanted.map(({ row }) => row.startMs)), toMs);
        for (const due of wanted) this.#judgeLoosely(due, stored.get(due.row.startMs));
      }
      const stored = await this.#storedTicks(symbol, this.#settledMs, toMs);
      for (const [key, due] of this.#ticks(symbol, this.#settledMs, toMs)) {
        if (!stored.has(key))
          this.#add('offsets', {
            what: `tick ${key} is behind the committed offset, and not in the store`,
            ...placeOf(due),
            symbol,
            timeMs: due.row.timeMs,
          });
      }
    }
  }

  /** Compares what ended before `toMs` (a whole minute) for good, both ways, and forgets it. The store has it all. */
  async settle(toMs: number): Promise<void> {
    for (const symbol of this.#symbols) {
      for (const interval of shortIntervals) {
        await this.#compareBars(symbol, interval, this.#settledMs, toMs);
        // A symbol's last bar may be given out again when a gap is found that touches it.
        const done = this.#bars(symbol, interval, 0, toMs);
        const last = Math.max(...this.#oracle.bars.of(`${symbol} ${interval}`).keys());
        for (const { row } of done) if (row.startMs !== last) this.#oracle.bars.delete(`${symbol} ${interval}`, row.startMs);
      }
      await this.#compareTicks(symbol, this.#settledMs, toMs);
      for (const [key] of this.#ticks(symbol, 0, toMs)) this.#oracle.ticks.delete(symbol, key);
    }
    this.#settledMs = toMs;
  }

  /** Compares all that is left, when everything was processed and nothing runs any more. */
  async finish(): Promise<void> {
    const toMs = Date.now() + dayMs;
    for (const symbol of this.#symbols) {
      for (const interval of intervals) {
        const isShort = shortIntervals.includes(interval);
        if (isShort) await this.#comparePast(symbol, interval);
        const fromMs = isShort ? this.#settledMs : Math.floor(this.#beginMs / dayMs - 1) * dayMs;
        await this.#compareBars(symbol, interval, fromMs, toMs);
      }
      await this.#compareTicks(symbol, this.#settledMs, toMs);
    }
    await this.#compareOthers();
  }

  /** Bars before what is settled that were given out again since. */
  async #comparePast(symbol: string, interval: Interval): Promise<void> {
    for (const due of this.#bars(symbol, interval, 0, this.#settledMs)) {
      const { startMs } = due.row;
      const stored = (await this.#storedBars(symbol, interval, startMs, startMs + 1)).get(startMs);
      this.#judge(due, stored);
    }
  }

  async #compareBars(symbol: string, interval: Interval, fromMs: number, toMs: number): Promise<void> {
    const stored = await this.#storedBars(symbol, interval, fromMs, toMs);
    const wanted = this.#bars(symbol, interval, fromMs, toMs);
    const known = new Set(wanted.map(({ row }) => row.startMs));
    for (const due of wanted) this.#judge(due, stored.get(due.row.startMs));
    for (const [startMs, bar] of stored) {
      if (known.has(startMs)) continue;
      this.#add('bars', {
        what: 'a bar is in the store of which the log knows nothing',
        symbol,
        window: windowOf(bar),
        found: bar,
        timeMs: startMs,
      });
    }
  }

  #judge(due: Due<Bar>, stored: Bar | undefined): void {
    this.compared.bars += 1;
    if (stored !== undefined && barBytes(stored) === barBytes(due.row)) return;
    const what = stored === undefined ? 'a bar is missing in the store' : 'a bar differs';
    this.#add('bars', { what, ...barPlace(due), expected: due.row, ...(stored === undefined ? {} : { found: stored }) });
  }

  #judgeLoosely(due: Due<Bar>, stored: Bar | undefined): void {
    const place = { ...barPlace(due), expected: due.row, ...(stored === undefined ? {} : { found: stored }) };
    if (stored === undefined) this.#add('offsets', { what: 'a bar is behind the committed offset, and not in the store', ...place });
    else if (stored.versionUs < due.row.versionUs)
      this.#add('offsets', { what: 'a bar is behind the committed offset, and the store has an older version', ...place });
    else if (stored.versionUs === due.row.versionUs && barBytes(stored) !== barBytes(due.row))
      this.#add('bars', { what: 'a bar differs at its version', ...place });
  }

  async #compareTicks(symbol: string, fromMs: number, toMs: number): Promise<void> {
    const stored = await this.#storedTicks(symbol, fromMs, toMs);
    const wanted = this.#ticks(symbol, fromMs, toMs);
    for (const [key, due] of wanted) {
      this.compared.ticks += 1;
      const version = stored.get(key);
      const place = { ...placeOf(due), symbol, timeMs: due.row.timeMs, expected: due.row };
      if (version === undefined) this.#add('ticks', { what: `tick ${key} is missing in the store`, ...place });
      else if (version !== due.row.versionUs)
        this.#add('ticks', { what: `tick ${key} has another version in the store`, ...place, found: version });
      stored.delete(key);
    }
    for (const [key, versionUs] of stored)
      this.#add('ticks', {
        what: `tick ${key} is in the store, the log does not give it`,
        symbol,
        found: versionUs,
        timeMs: versionUs / 1_000,
      });
  }

  async #compareOthers(): Promise<void> {
    const range = { fromMs: this.#beginMs - dayMs, toMs: Date.now() + dayMs, limit: 1_000_000 };
    const alerts = new Map((await this.#store.alerts(range)).map(alert => [alert.id, Buffer.from(encodeAlert(alert)).toString()]));
    const dueAlerts = texts(this.#oracle.alerts, alert => Buffer.from(encodeAlert(alert)).toString());
    this.compared.alerts += this.#compareTexts('alerts', dueAlerts, alerts);
    const gaps = new Map((await this.#store.gaps(range)).map(gap => [`${gap.symbol} ${gap.fromMs} ${gap.reason}`, textOf(gap)]));
    this.compared.gaps += this.#compareTexts('gaps', texts(this.#oracle.gaps, textOf), gaps);
    const latest = new Map((await this.#store.latest()).map(row => [row.symbol, textOf(row)]));
    this.compared.latest += this.#compareTexts('latest prices', texts(this.#oracle.latest, textOf), latest);
  }

  /** @returns how many were due */
  #compareTexts(check: Check, wanted: ReadonlyMap<string, Due<string>>, stored: ReadonlyMap<string, string>): number {
    for (const [key, due] of wanted) {
      const found = stored.get(key);
      if (found === due.row) continue;
      const what = found === undefined ? `${key} is missing in the store` : `${key} differs`;
      this.#add(check, { what, ...placeOf(due), expected: due.row, ...(found === undefined ? {} : { found }) });
    }
    for (const [key, found] of stored)
      if (!wanted.has(key)) this.#add(check, { what: `${key} is in the store, the log does not give it`, found });
    return wanted.size;
  }

  #bars(symbol: string, interval: Interval, fromMs: number, toMs: number): readonly Due<Bar>[] {
    return [...this.#oracle.bars.of(`${symbol} ${interval}`).values()].filter(({ row }) => row.startMs >= fromMs && row.startMs < toMs);
  }

  #ticks(symbol: string, fromMs: number, toMs: number): readonly (readonly [string, Due<DueTick>])[] {
    return [...this.#oracle.ticks.of(symbol)].filter(([, { row }]) => row.timeMs >= fromMs && row.timeMs < toMs);
  }

  async #storedBars(symbol: string, interval: Interval, fromMs: number, toMs: number): Promise<Map<number, Bar>> {
    if (toMs <= fromMs) return new Map();
    const bars = await this.#store.bars({ symbol, interval, fromMs, toMs, limit: rowsAtOnce });
    return new Map(bars.map(bar => [bar.startMs, bar]));
  }

  /** Versions by key. */
  async #storedTicks(symbol: string, fromMs: number, toMs: number): Promise<Map<string, number>> {
    const rows = await this.#store.ticks({ symbol, fromMs, toMs, limit: 1_000_000 });
    return new Map(rows.map(({ tick, versionUs }) => [keyOf(tick), versionUs]));
  }

  #add(check: Check, difference: Omit<Difference, 'check'>): void {
    this.#differences.add({ check, ...difference });
  }
}

function windowOf({ interval, startMs }: Bar): string {
  return `${interval} ${new Date(startMs).toISOString()}, ${intervalMs(interval)} ms`;
}

function barPlace(due: Due<Bar>): Pick<Difference, 'symbol' | 'window' | 'partition' | 'offset' | 'timeMs'> {
  return { symbol: due.row.symbol, window: windowOf(due.row), timeMs: due.row.startMs, ...placeOf(due) };
}

function placeOf({ partition, offset }: Due<unknown>): { readonly partition: number; readonly offset: number } {
  return { partition, offset };
}

function texts<Row>(rows: ReadonlyMap<string, Due<Row>>, text: (row: Row) => string): ReadonlyMap<string, Due<string>> {
  return new Map([...rows].map(([key, due]) => [key, { ...due, row: text(due.row) }]));
}

/** With its fields in one order. */
function textOf(row: object): string {
  return JSON.stringify(
    Object.fromEntries(
      Object.entries(row)
        .filter(([, value]) => value !== undefined)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    ),
  );
}
