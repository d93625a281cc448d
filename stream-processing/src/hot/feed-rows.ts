/** The plain fold's feeds by number, and what the engine has to know of them: whose session goes on, and when it last sent a price. */
import type { Heartbeat, SessionRecord } from '@tapeline/core/records';
import { FeedTable, type SessionChange } from '../fold/feed-table.ts';
import type { FoldOptions } from '../fold/levels.ts';
import type { FeedState } from '../fold/outputs.ts';
import type { FoldEngine } from './fold-engine.ts';

export class FeedRows {
  readonly #engine: FoldEngine;
  readonly #table: FeedTable;
  readonly #names: string[] = [];
  readonly #indexes = new Map<string, number>();

  /** @param names feeds in the order of their indexes */
  constructor(options: FoldOptions, engine: FoldEngine, states: readonly FeedState[] = [], names: readonly string[] = []) {
    this.#engine = engine;
    this.#table = new FeedTable(options, states);
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
    this.#engine.functions.setSession(index, 0);
    return index;
  }

  has(feed: string): boolean {
    return this.#indexes.has(feed);
  }

  /** All feeds in the order of their indexes. */
  names(): readonly string[] {
    return this.#names;
  }

  name(index: number): string {
    return this.#names[index] as string;
  }

  /** Notes the receipt of a price; false when it is of a session that is over. */
  receive(index: number, session: number, receivedTimeMs: number): boolean {
    this.#hear();
    const goesOn = this.#table.receive(this.name(index), session, receivedTimeMs);
    this.#note(index);
    return goesOn;
  }

  begin(record: SessionRecord): SessionChange | undefined {
    this.#hear();
    const change = this.#table.begin(record);
    this.#note(this.indexOf(record.feed));
    return change;
  }

  beat(record: Heartbeat): number | undefined {
    this.#hear();
    const watermarkMs = this.#table.beat(record);
    this.#note(this.indexOf(record.feed));
    return watermarkMs;
  }

  get(index: number): FeedState | undefined {
    this.#hear();
    return this.#table.get(this.name(index));
  }

  states(): FeedState[] {
    this.#hear();
    return this.#table.states();
  }

  #note(index: number): void {
    this.#engine.functions.setSession(index, this.#session(index));
  }

  #session(index: number): number {
    return this.#table.get(this.name(index))?.session ?? 0;
  }

  /** Prices that the engine took in were received, too. */
  #hear(): void {
    for (let index = 0; index < this.#names.length; index += 1) {
      const receivedTimeMs = this.#engine.functions.takeReceipt(index);
      if (receivedTimeMs > 0) this.#table.receive(this.name(index), this.#session(index), receivedTimeMs);
    }
  }
}
