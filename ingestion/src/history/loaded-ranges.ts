/** Which days of a symbol were given to the queue, so that a daily run asks for the new day only. Durable. */
import { createHash } from 'node:crypto';
import { PipelineError, reasonOf } from '@tapeline/core/errors';
import type { WorkItems } from '@tapeline/database/work-store';
import { z } from 'zod';
import type { VendorInterval } from '../twelve-data/rest-client.ts';

/** Half-open, of whole days (UTC); `1d` bars by their labels. */
export interface DayRange {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface RangeKey {
  readonly symbol: string;
  readonly interval: VendorInterval;
}

const rangeSchema = z.object({ symbol: z.string(), interval: z.string(), fromMs: z.int(), toMs: z.int() });

export class LoadedRanges {
  readonly #items: WorkItems;
  readonly #ranges: Map<string, DayRange>;

  private constructor(items: WorkItems, ranges: Map<string, DayRange>) {
    this.#items = items;
    this.#ranges = ranges;
  }

  /** @throws PipelineError `data-dir.unusable` with the place of what is no range. */
  static async open(items: WorkItems): Promise<LoadedRanges> {
    const ranges = (await items.all()).map(({ id, place, text }) => [id, rangeIn(place, text)] as const);
    return new LoadedRanges(items, new Map(ranges));
  }

  /** What of `wanted` is not in it yet, the older first. */
  missing(key: RangeKey, wanted: DayRange): readonly DayRange[] {
    const known = this.#ranges.get(idOf(key));
    if (known === undefined || known.toMs < wanted.fromMs || known.fromMs > wanted.toMs) return [wanted].filter(isRange);
    const before = { fromMs: wanted.fromMs, toMs: known.fromMs };
    const after = { fromMs: known.toMs, toMs: wanted.toMs };
    return [before, after].filter(isRange);
  }

  /** The queue has them, durably; they join what it had before, or take its place when there is a hole between the two. */
  async add(key: RangeKey, range: DayRange): Promise<void> {
    const id = idOf(key);
    const known = this.#ranges.get(id);
    const touches = known !== undefined && known.toMs >= range.fromMs && known.fromMs <= range.toMs;
    const joined = touches ? { fromMs: Math.min(known.fromMs, range.fromMs), toMs: Math.max(known.toMs, range.toMs) } : range;
    await this.#items.put(id, JSON.stringify({ ...key, ...joined }));
    this.#ranges.set(id, joined);
  }
}

function isRange({ fromMs, toMs }: DayRange): boolean {
  return fromMs < toMs;
}

function idOf({ symbol, interval }: RangeKey): string {
  return createHash('sha256').update([symbol, interval].join('\n')).digest('hex').slice(0, 32);
}

function rangeIn(place: string, text: string): DayRange {
  try {
    const { fromMs, toMs } = rangeSchema.parse(JSON.parse(text));
    return { fromMs, toMs };
  } catch (error) {
    const message = `note ${place} cannot be read: ${reasonOf(error)}; remove it, and the days of its symbol are asked for again`;
    throw new PipelineError('data-dir.unusable', message, { retriable: false, cause: error });
  }
}
