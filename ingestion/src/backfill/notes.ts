/** What the backfiller has looked at already, so that neither a restart nor an unfilled gap makes it ask again and again. Durable. */
import { createHash } from 'node:crypto';
import { PipelineError, reasonOf } from '@tapeline/core/errors';
import { dateText } from '@tapeline/core/time-text';
import type { Gap } from '@tapeline/database/market-store';
import type { WorkItems } from '@tapeline/database/work-store';
import { z } from 'zod';

const noteSchema = z.object({
  /** End of the gap, or begin of the day: a note is forgotten with its week. */
  aboutMs: z.number(),
  looks: z.int(),
  nextLookMs: z.number(),
});

type Note = Readonly<z.infer<typeof noteSchema>>;

/** How far the dead letters were looked at. */
const positionSchema = z.object({ nextOffset: z.int().min(0) });
const positionId = 'dead-letters';

const firstPauseMs = 1_800_000;
const longestPauseMs = 21_600_000;

export class Notes {
  readonly #items: WorkItems;
  readonly #notes: Map<string, Note>;

  #nextLetter: number;

  private constructor(items: WorkItems, notes: Map<string, Note>, nextLetter: number) {
    this.#items = items;
    this.#notes = notes;
    this.#nextLetter = nextLetter;
  }

  /** @throws PipelineError `data-dir.unusable` with the place of what is no note. */
  static async open(items: WorkItems): Promise<Notes> {
    const all = await items.all();
    const position = all.find(({ id }) => id === positionId);
    const nextLetter = position === undefined ? 0 : read(positionSchema, position.place, position.text).nextOffset;
    const notes = all.filter(item => item !== position).map(({ id, place, text }) => [id, read(noteSchema, place, text)] as const);
    return new Notes(items, new Map(notes), nextLetter);
  }

  /** Offset of the first dead letter that was not looked at. */
  get nextLetter(): number {
    return this.#nextLetter;
  }

  /** What the dead letters before it ask for is queued. */
  async lettersRead(nextOffset: number): Promise<void> {
    if (nextOffset === this.#nextLetter) return;
    await this.#items.put(positionId, JSON.stringify({ nextOffset }));
    this.#nextLetter = nextOffset;
  }

  /** True when the gap was not looked at yet, or has stayed unfilled for long since. */
  isDue(gap: Gap, nowMs: number): boolean {
    return (this.#notes.get(idOf(gap))?.nextLookMs ?? 0) <= nowMs;
  }

  /** Its backfills are queued; if it stays unfilled all the same, the next look is half an hour later, then an hour, up to six. */
  async looked(gap: Gap, nowMs: number): Promise<void> {
    const looks = (this.#notes.get(idOf(gap))?.looks ?? 0) + 1;
    const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** (looks - 1));
    await this.#put(idOf(gap), { aboutMs: gap.toMs, looks, nextLookMs: nowMs + pauseMs });
  }

  isCompared(dayStartMs: number): boolean {
    return this.#notes.has(idOfDay(dayStartMs));
  }

  /** The comparisons of that day (UTC) are queued. */
  async willBeCompared(dayStartMs: number): Promise<void> {
    await this.#put(idOfDay(dayStartMs), { aboutMs: dayStartMs, looks: 1, nextLookMs: 0 });
  }

  /** Drops notes about what is older. */
  async forget(beforeMs: number): Promise<void> {
    for (const [id, { aboutMs }] of this.#notes) {
      if (aboutMs >= beforeMs) continue;
      await this.#items.remove(id);
      this.#notes.delete(id);
    }
  }

  async #put(id: string, note: Note): Promise<void> {
    await this.#items.put(id, JSON.stringify(note));
    this.#notes.set(id, note);
  }
}

function idOf({ symbol, fromMs, toMs, reason }: Gap): string {
  return createHash('sha256').update([symbol, fromMs, toMs, reason].join('\n')).digest('hex').slice(0, 32);
}

function idOfDay(dayStartMs: number): string {
  return `day-${dateText(dayStartMs)}`;
}

function read<T>(schema: z.ZodType<T>, place: string, text: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    const message = `note ${place} cannot be read: ${reasonOf(error)}; remove it, and what it is about is looked at again`;
    throw new PipelineError('data-dir.unusable', message, { retriable: false, cause: error });
  }
}
