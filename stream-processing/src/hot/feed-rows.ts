/** The plain fold's feeds, with what each tick asks of them in numbers beside: whose session goes on, and when it last sent a price. */
import type { Heartbeat, SessionRecord } from '@tapeline/core/records';
import { FeedTable, type SessionChange } from '../fold/feed-table.ts';
import type { FeedState } from '../fold/outputs.ts';
import { enlarged } from './growing.ts';

export class FeedRows {
  readonly #table: FeedTable;
  readonly #names: string[] = [];
  readonly #indexes = new Map<string, number>();
  /** The session that goes on; 0 while none is known. */
  #sessions = new Float64Array(4);
  /** The latest receipt of a price that the table was not told yet; −1 when there is none. */
  #receipts = new Float64Array(4).fill(-1);

  /** @param names feeds in the order of their indexes */
  constructor(states: readonly FeedState[] = [], names: readonly string[] = []) {
    this.#table = new FeedTable(states);
    for (const name of names) this.indexOf(name);
    for (const state of states) this.#note(this.indexOf(state.feed));
  }

  /** The index of a feed, a new one when it has none yet. */
  indexOf(feed: string): number {
    const known = this.#indexes.get(feed);
    if (known !== undefined) return known;
    const index = this.#names.length;
    this.#names.push(feed);
    this.#indexes.set(feed, index);
    if (index === this.#sessions.length) {
      this.#sessions = enlarged(this.#sessions, new Float64Array(2 * index));
      this.#receipts = enlarged(this.#receipts, new Float64Array(2 * index).fill(-1));
    }
    return index;
  }

  /** All feeds in the order of their indexes. */
  names(): readonly string[] {
    return this.#names;
  }

  name(index: number): string {
    return this.#names[index] as string;
  }

  session(index: number): number {
    return this.#sessions[index] as number;
  }

  /** Notes the receipt of a price of the session that goes on. */
  receiveNow(index: number, receivedTimeMs: number): void {
    if (receivedTimeMs > (this.#receipts[index] as number)) this.#receipts[index] = receivedTimeMs;
  }

  /** Notes the receipt of a price; false when it is of a session that is over. */
  receive(index: number, session: number, receivedTimeMs: number): boolean {
    this.#tell();
    const goesOn = this.#table.receive(this.name(index), session, receivedTimeMs);
    this.#note(index);
    return goesOn;
  }

  begin(record: SessionRecord): SessionChange | undefined {
    this.#tell();
    const change = this.#table.begin(record);
    this.#note(this.indexOf(record.feed));
    return change;
  }

  beat(record: Heartbeat): number | undefined {
    this.#tell();
    const watermarkMs = this.#table.beat(record);
    this.#note(this.indexOf(record.feed));
    return watermarkMs;
  }

  get(index: number): FeedState | undefined {
    this.#tell();
    return this.#table.get(this.name(index));
  }

  states(): FeedState[] {
    this.#tell();
    return this.#table.states();
  }

  #note(index: number): void {
    this.#sessions[index] = this.#table.get(this.name(index))?.session ?? 0;
  }

  #tell(): void {
    for (let index = 0; index < this.#names.length; index += 1) {
      const receivedTimeMs = this.#receipts[index] as number;
      if (receivedTimeMs < 0) continue;
      this.#table.receive(this.name(index), this.session(index), receivedTimeMs);
      this.#receipts[index] = -1;
    }
  }
}
