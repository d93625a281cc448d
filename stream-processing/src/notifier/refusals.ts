/** Messages that were refused for good, kept for people for as long as the topic keeps their alerts. */
import { PipelineError, reasonOf } from '@tapeline/core/errors';
import type { WorkItems } from '@tapeline/database/work-store';
import { z } from 'zod';
import type { Notice } from './notice.ts';
import { rememberedMs } from './sent-memory.ts';

const refusalSchema = z.object({
  v: z.literal(1),
  timeMs: z.int().min(0),
  reason: z.string(),
  alerts: z.int().min(0),
  /** Of the alerts that were told one by one: what to look for in the store. */
  ids: z.array(z.string()),
});

export type Refusal = Readonly<z.infer<typeof refusalSchema>>;

const mostKept = 100;

export class Refusals {
  readonly #items: WorkItems;
  /** By their items, the oldest first. */
  readonly #kept: Map<string, Refusal>;

  private constructor(items: WorkItems, kept: readonly (readonly [string, Refusal])[]) {
    this.#items = items;
    this.#kept = new Map(kept.toSorted(([, a], [, b]) => a.timeMs - b.timeMs));
  }

  /** @throws PipelineError `data-dir.unusable` with the place of what cannot be read; what the store throws. */
  static async open(items: WorkItems): Promise<Refusals> {
    return new Refusals(
      items,
      (await items.all()).map(({ id, place, text }) => [id, refusalIn(place, text)] as const),
    );
  }

  get size(): number {
    return this.#kept.size;
  }

  get last(): Refusal | undefined {
    return [...this.#kept.values()].at(-1);
  }

  /** Durable when it resolves. */
  async keep(notice: Notice, reason: string, nowMs: number): Promise<void> {
    const { id, alerts, older } = notice;
    const refusal: Refusal = {
      v: 1,
      timeMs: nowMs,
      reason,
      alerts: alerts.length + (older?.count ?? 0),
      ids: alerts.map(alert => alert.id),
    };
    await this.#items.put(id, JSON.stringify(refusal));
    this.#kept.delete(id);
    this.#kept.set(id, refusal);
    for (const [item, { timeMs }] of this.#kept) {
      if (this.#kept.size <= mostKept && timeMs >= nowMs - rememberedMs) return;
      await this.#items.remove(item);
      this.#kept.delete(item);
    }
  }
}

function refusalIn(place: string, text: string): Refusal {
  try {
    return refusalSchema.parse(JSON.parse(text));
  } catch (error) {
    const message = `${place}, which says what was refused, cannot be read: ${reasonOf(error)}; remove it`;
    throw new PipelineError('data-dir.unusable', message, { retriable: false, cause: error });
  }
}
