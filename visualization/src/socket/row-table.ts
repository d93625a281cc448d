/** Every row that somebody watches, encoded once for all clients: a number for each symbol, and the words of its row. */
import type { BoardRow } from '../board-messages.ts';
import type { LatestRow, LiveMarket } from '../live-market.ts';
import { encodeRow, maxRowNumber } from './row-encoding.ts';

/** Times of rows count from a moment that is moved on after so long: it has to be near enough for 32 bits. */
const baseLifeMs = 7 * 86_400_000;
/** The open of the day is asked for so often at most: it is made of many bars, and seldom another one. */
const dayOpenLifeMs = 1_000;
/** Words from one row to the next: a row stands in one line of the processor's cache. */
const rowShift = 4;

export class RowTable {
  readonly #market: Pick<LiveMarket, 'latestOf' | 'forming'>;
  readonly #numbers = new Map<string, number>();
  readonly #symbols: string[] = [];
  #capacity = 1_024;
  #words = new Uint32Array(this.#capacity << rowShift);
  #lengths = new Uint8Array(this.#capacity);
  #watchers = new Uint32Array(this.#capacity);
  /** Rows that changed while nobody watched them. */
  #stale = new Uint8Array(this.#capacity);
  /** Opens of the day, not a number where there is none, and when they were asked for. */
  #dayOpens = new Float64Array(this.#capacity);
  #askedMs = new Float64Array(this.#capacity).fill(Number.NEGATIVE_INFINITY);
  /** Rows that changed after their open was asked for. */
  #unasked = new Set<number>();
  #reviewedMs = 0;
  #baseMs: number;
  #gathered = 0;

  /** @param nowMs milliseconds since the Unix epoch */
  constructor(market: Pick<LiveMarket, 'latestOf' | 'forming'>, nowMs: number) {
    this.#market = market;
    this.#baseMs = Math.floor(nowMs);
  }

  /** What the times of rows count from. */
  get baseMs(): number {
    return this.#baseMs;
  }

  /** Rows of the last `gather`. */
  get gathered(): number {
    return this.#gathered;
  }

  /** Numbers that the table has room for; a multiple of 32. */
  get capacity(): number {
    return this.#capacity;
  }

  /** The number of a symbol that has a price; `undefined` for any other. */
  numberOf(symbol: string): number | undefined {
    return this.#numbers.get(symbol) ?? this.#add(symbol);
  }

  symbolOf(number: number): string {
    return this.#symbols[number] as string;
  }

  /** Somebody watches the row: it is kept up to date from now on. */
  watch(number: number): void {
    if (this.#stale[number] === 1) this.#encode(number);
    this.#watchers[number] = (this.#watchers[number] as number) + 1;
  }

  unwatch(number: number): void {
    this.#watchers[number] = (this.#watchers[number] as number) - 1;
  }

  /**
   * Takes a change of a symbol in.
   * @returns the number of its row when somebody watches it
   */
  changed(symbol: string): number | undefined {
    const number = this.#numbers.get(symbol);
    if (number === undefined) return undefined;
    if (this.#watchers[number] === 0) {
      this.#stale[number] = 1;
      return undefined;
    }
    this.#encode(number);
    return number;
  }

  /**
   * Asks for the open of the day where prices moved since, once in a while.
   * @returns the numbers of rows that are others for it
   */
  review(): readonly number[] {
    const nowMs = performance.now();
    if (this.#unasked.size === 0 || nowMs - this.#reviewedMs < dayOpenLifeMs) return [];
    this.#reviewedMs = nowMs;
    const rows = [...this.#unasked];
    this.#unasked.clear();
    return rows.filter(number => {
      const before = this.#dayOpens[number];
      this.#askDayOpen(number, nowMs);
      if (Object.is(before, this.#dayOpens[number])) return false;
      this.#encode(number);
      return this.#watchers[number] !== 0;
    });
  }

  /** Moves the moment that times count from, once in a while: all rows are encoded anew. */
  rebase(nowMs: number): void {
    if (Math.abs(nowMs - this.#baseMs) < baseLifeMs) return;
    this.#baseMs = Math.floor(nowMs);
    this.#lengths.fill(0);
    for (let number = 0; number < this.#symbols.length; number += 1) this.#encode(number);
  }

  /**
   * Copies the rows whose bits are set in `watched` and in `changed` or `pending`.
   * @returns where the next word goes
   */
  gather(into: Uint32Array, at: number, watched: Uint32Array, changed: Uint32Array, pending: Uint32Array | undefined): number {
    const words = this.#words;
    const lengths = this.#lengths;
    let next = at;
    let rows = 0;
    for (let word = 0; word < watched.length; word += 1) {
      const wanted = pending === undefined ? (changed[word] as number) : (changed[word] as number) | (pending[word] as number);
      let bits = wanted & (watched[word] as number);
      while (bits !== 0) {
        const number = (word << 5) + 31 - Math.clz32(bits & -bits);
        bits &= bits - 1;
        rows += 1;
        const from = number << rowShift;
        const length = lengths[number] as number;
        // Most rows are so long or shorter; what is copied beyond is written over by the next row.
        into[next] = words[from] as number;
        into[next + 1] = words[from + 1] as number;
        into[next + 2] = words[from + 2] as number;
        into[next + 3] = words[from + 3] as number;
        into[next + 4] = words[from + 4] as number;
        into[next + 5] = words[from + 5] as number;
        into[next + 6] = words[from + 6] as number;
        for (let more = 7; more < length; more += 1) into[next + more] = words[from + more] as number;
        next += length;
      }
    }
    this.#gathered = rows;
    return next;
  }

  #add(symbol: string): number | undefined {
    const number = this.#symbols.length;
    if (number > maxRowNumber || this.#market.latestOf(symbol) === undefined) return undefined;
    if (number === this.#capacity) this.#grow();
    this.#symbols.push(symbol);
    this.#numbers.set(symbol, number);
    this.#stale[number] = 1;
    return number;
  }

  #grow(): void {
    this.#capacity *= 2;
    this.#words = grown(this.#words, new Uint32Array(this.#capacity << rowShift));
    this.#lengths = grown(this.#lengths, new Uint8Array(this.#capacity));
    this.#watchers = grown(this.#watchers, new Uint32Array(this.#capacity));
    this.#stale = grown(this.#stale, new Uint8Array(this.#capacity));
    this.#dayOpens = grown(this.#dayOpens, new Float64Array(this.#capacity));
    this.#askedMs = grown(this.#askedMs, new Float64Array(this.#capacity).fill(Number.NEGATIVE_INFINITY));
  }

  #encode(number: number): void {
    const symbol = this.symbolOf(number);
    const nowMs = performance.now();
    if (nowMs - (this.#askedMs[number] as number) >= dayOpenLifeMs) this.#askDayOpen(number, nowMs);
    else this.#unasked.add(number);
    const row = boardRow(this.#market.latestOf(symbol), this.#dayOpens[number] as number);
    // A market that begins again may not know the symbol for a moment: what was shown stays.
    if (row === undefined) return;
    this.#lengths[number] = encodeRow(this.#words, number << rowShift, number, row, this.#baseMs);
    this.#stale[number] = 0;
  }

  #askDayOpen(number: number, nowMs: number): void {
    this.#dayOpens[number] = this.#market.forming(this.symbolOf(number), '1d')?.open ?? Number.NaN;
    this.#askedMs[number] = nowMs;
    this.#unasked.delete(number);
  }
}

type WritableRow = { -readonly [Name in keyof BoardRow]: BoardRow[Name] };

function boardRow(latest: LatestRow | undefined, dayOpen: number): BoardRow | undefined {
  if (latest === undefined) return undefined;
  const row: WritableRow = { symbol: latest.symbol, price: latest.price, timeMs: latest.timeMs };
  if (latest.bid !== undefined) row.bid = latest.bid;
  if (latest.ask !== undefined) row.ask = latest.ask;
  if (latest.dayVolume !== undefined) row.dayVolume = latest.dayVolume;
  if (!Number.isNaN(dayOpen)) row.dayOpen = dayOpen;
  return row;
}

function grown<Numbers extends Uint32Array | Uint8Array | Float64Array>(from: Numbers, to: Numbers): Numbers {
  to.set(from);
  return to;
}
