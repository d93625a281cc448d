/**
 * What a destination was sent, across restarts: where it goes on in the topic, and the ids of the alerts, because a replay puts an alert
 * into the topic again. Ids stand in chunks, an item of the work store each, and a chunk says how far the topic was read when it was
 * written: so both change at one stroke. Each run writes chunks of its own. So two that remember at the same time (one of them stood still
 * and was given up) take nothing away from each other: what either was sent stays sent.
 */
import { randomBytes } from 'node:crypto';
import { PipelineError, reasonOf } from '@tapeline/core/errors';
import { alertsTopic } from '@tapeline/core/topics';
import type { WorkItems } from '@tapeline/database/work-store';
import { z } from 'zod';
import type { LastRecord } from '../hot/hot-snapshot.ts';

export interface SentMemoryOptions {
  readonly items: WorkItems;
  /** Whole name of the topic that offsets are of. */
  readonly topic: string;
  /** Where the first run of all begins. */
  readonly firstOffset: () => Promise<number>;
  /** Where another topic than the one that is remembered begins: all of it may be unsent. */
  readonly lowOffset: () => Promise<number>;
  /** Milliseconds since the Unix epoch. @default Date.now */
  readonly clock?: (() => number) | undefined;
  /** Ids kept; the oldest go first. @default 200,000 */
  readonly mostIds?: number | undefined;
}

const chunkSchema = z.object({
  v: z.literal(1),
  /** Absent in what programs up to 2026-11-23 wrote: that is taken as of the present topic. */
  topic: z.string().optional(),
  /** Everything before it was dealt with. */
  nextOffset: z.int().min(0),
  /** The record before it, by which the topic is known again; absent where none was read yet, and in what former programs wrote. */
  last: z.object({ offset: z.int().min(0), crc32: z.int().min(0) }).optional(),
  /** When it was written last. */
  lastMs: z.int().min(0),
  ids: z.array(z.string()),
});

type Chunk = Readonly<z.infer<typeof chunkSchema>>;

/** Longer than the topic keeps an alert, so that nothing in it can be new again. */
export const rememberedMs = alertsTopic.retentionMs * 1.5;
const defaultMostIds = 200_000;
/** An item is written again for each message, so it is kept small. */
const idsOfChunk = 500;

export class SentMemory {
  readonly #items: WorkItems;
  readonly #topic: string;
  readonly #clock: () => number;
  readonly #mostIds: number;
  /** By the ids of their items, in the order in which they were written last. */
  readonly #chunks: Map<string, Chunk>;
  readonly #known: Set<string>;
  /** True when there was none before it was opened. */
  readonly isNew: boolean;
  /** True when what was written last was of another topic. */
  readonly isOfOtherTopic: boolean;
  /** False when what was written last names no topic. */
  readonly #namesTopic: boolean;
  #current: string | undefined;
  #nextOffset: number;
  #last: LastRecord | undefined;

  private constructor(options: SentMemoryOptions, chunks: readonly (readonly [string, Chunk])[]) {
    this.#items = options.items;
    this.#topic = options.topic;
    this.#clock = options.clock ?? Date.now;
    this.#mostIds = options.mostIds ?? defaultMostIds;
    this.#chunks = new Map(chunks.toSorted(([, a], [, b]) => a.lastMs - b.lastMs || a.nextOffset - b.nextOffset));
    this.isNew = chunks.length === 0;
    this.#known = new Set(chunks.flatMap(([, { ids }]) => ids));
    // What was written last, not what is furthest: the topic may have been made anew. To go back loses nothing, for the ids are known.
    const { nextOffset = 0, topic, last } = [...this.#chunks.values()].at(-1) ?? {};
    this.#nextOffset = nextOffset;
    this.#last = last;
    this.#namesTopic = topic !== undefined;
    this.isOfOtherTopic = this.#namesTopic && topic !== this.#topic;
  }

  /**
   * Reads it; the first time of all it begins at `firstOffset`, with another topic at `lowOffset`, and says so durably; a place without a
   * topic is of this one from now on.
   * @throws PipelineError `data-dir.unusable` with the place of what cannot be read; what the store throws.
   */
  static async open(options: SentMemoryOptions): Promise<SentMemory> {
    const chunks = (await options.items.all()).map(({ id, place, text }) => [id, chunkIn(place, text)] as const);
    const memory = new SentMemory(options, chunks);
    if (memory.isNew) await memory.advance(await options.firstOffset());
    else if (memory.isOfOtherTopic) await memory.advance(await options.lowOffset());
    // Not with the next alert, which may be of yet another topic.
    else if (!memory.#namesTopic) await memory.advance(memory.nextOffset, memory.last);
    return memory;
  }

  /** Everything before it was dealt with. */
  get nextOffset(): number {
    return this.#nextOffset;
  }

  /** The record before it, where that is known. */
  get last(): LastRecord | undefined {
    return this.#last;
  }

  get size(): number {
    return this.#known.size;
  }

  knows(hash: string): boolean {
    return this.#known.has(hash);
  }

  /**
   * Durable when it resolves: these were sent, and everything before `nextOffset` was dealt with. It may be called again after a failure.
   * @param last the record before it
   */
  async remember(hashes: Iterable<string>, nextOffset: number, last?: LastRecord): Promise<void> {
    let left = [...hashes].filter(hash => !this.#known.has(hash));
    for (;;) {
      const { id, chunk } = this.#open();
      const added = left.slice(0, idsOfChunk - chunk.ids.length);
      left = left.slice(added.length);
      const place = left.length === 0 ? { nextOffset, last } : { nextOffset: this.#nextOffset, last: this.#last };
      await this.#put(id, { ...chunk, ids: [...chunk.ids, ...added], ...place });
      for (const hash of added) this.#known.add(hash);
      if (left.length === 0) break;
    }
    this.#nextOffset = nextOffset;
    this.#last = last;
    await this.#forget();
  }

  /** Durable when it resolves: everything before `nextOffset` was dealt with. Also to go back, where the topic was made anew. */
  async advance(nextOffset: number, last?: LastRecord): Promise<void> {
    await this.remember([], nextOffset, last);
  }

  /** The chunk that has room, or a new one. */
  #open(): { readonly id: string; readonly chunk: Chunk } {
    const current = this.#current === undefined ? undefined : this.#chunks.get(this.#current);
    if (this.#current !== undefined && current !== undefined && current.ids.length < idsOfChunk)
      return { id: this.#current, chunk: current };
    const id = `${this.#clock().toString(36).padStart(9, '0')}-${randomBytes(6).toString('hex')}`;
    return { id, chunk: { v: 1, nextOffset: this.#nextOffset, lastMs: 0, ids: [] } };
  }

  async #put(id: string, chunk: Chunk): Promise<void> {
    const written = { ...chunk, topic: this.#topic, lastMs: this.#clock() };
    await this.#items.put(id, JSON.stringify(written));
    this.#current = id;
    this.#chunks.delete(id);
    this.#chunks.set(id, written);
  }

  /** Chunks that are too old, too many or empty; never the one that was written last, which says where to go on. */
  async #forget(): Promise<void> {
    const beforeMs = this.#clock() - rememberedMs;
    for (const [id, { ids, lastMs }] of this.#chunks) {
      if (id === this.#current) return;
      if (ids.length > 0 && lastMs >= beforeMs && this.#known.size <= this.#mostIds) continue;
      await this.#items.remove(id);
      this.#chunks.delete(id);
      for (const hash of ids) this.#known.delete(hash);
    }
  }
}

function chunkIn(place: string, text: string): Chunk {
  try {
    return chunkSchema.parse(JSON.parse(text));
  } catch (error) {
    const message = `${place}, which says what was sent, cannot be read: ${reasonOf(error)}; remove it, and its alerts are sent again where they come again`;
    throw new PipelineError('data-dir.unusable', message, { retriable: false, cause: error });
  }
}
