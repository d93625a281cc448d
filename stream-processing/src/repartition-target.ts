/** The new partitions that `repartition.ts` writes to, and what a former run wrote to them. */
import { crc32 } from 'node:zlib';
import { type PipelineError, usageError } from '@tapeline/core/errors';
import { partitionOf } from '@tapeline/core/partitioner';
import { feedTopic } from '@tapeline/core/topics';
import type { Append, LogRecord, MarketLog } from '@tapeline/log/market-log';
import type { Barrier } from './feed-barrier.ts';

const flushBytes = 1_048_576;
/** A barrier that an append left in some partitions later than in others is known by its bytes. */
const rememberedBarriers = 64;

interface Written {
  barriers: number;
  /** Of each key, after the last barrier. */
  readonly records: Map<string, number>;
  /** CRC-32 of all records that this run has not met in the source yet, summed up: 0 once it has met them all, in whichever order. */
  unmet: number;
}

export class RepartitionTarget {
  written = 0;
  readonly #log: MarketLog;
  readonly #there: Written[] = [];
  /** Of each key, and of barriers under `undefined`: what a former run wrote first, until this one has met it. */
  readonly #firsts = new Map<string | undefined, string>();
  readonly #recent: string[] = [];
  #barriers = 0;
  /** Records that were there when it was opened. */
  #held = 0;
  #pending: Append[] = [];
  #pendingBytes = 0;

  private constructor(log: MarketLog) {
    this.#log = log;
  }

  static async opened(log: MarketLog): Promise<RepartitionTarget> {
    const target = new RepartitionTarget(log);
    for (const { partition, lowOffset, highWatermark: toOffset } of await log.offsets(feedTopic.name)) {
      if (lowOffset > 0) throw usageError('the copy has lost its first records already: begin another one, in topics of another prefix');
      const state: Written = { barriers: 0, records: new Map(), unmet: 0 };
      target.#there[partition] = state;
      target.#held += toOffset;
      if (toOffset === 0) continue;
      for await (const { records } of log.read({ topic: feedTopic.name, partition, fromOffset: 0, toOffset })) {
        for (const record of records) target.#find(state, record);
      }
    }
    return target;
  }

  async keyed({ key, value }: LogRecord): Promise<void> {
    if (key === undefined || value === undefined) return;
    const name = text(key);
    this.#meet(name, value);
    const partition = partitionOf(name, this.#there.length);
    const there = this.#there[partition];
    if (there === undefined) return;
    if (this.#barriers < there.barriers) return pass(there, value);
    const before = this.#barriers === there.barriers ? (there.records.get(name) ?? 0) : 0;
    if (before === 0) return this.#write({ topic: feedTopic.name, partition, key: name, value });
    there.records.set(name, before - 1);
    pass(there, value);
  }

  /** Writes it to every partition, unless it is one that came late and was written before. */
  async barrier(barrier: Barrier, heads: readonly Barrier[]): Promise<void> {
    const isEverywhere = heads.every(head => head.text === barrier.text);
    const isLate = !isEverywhere && this.#recent.includes(barrier.text);
    this.#recent.push(barrier.text);
    if (this.#recent.length > rememberedBarriers) this.#recent.shift();
    if (isLate) return;
    this.#meet(undefined, barrier.value);
    this.#barriers += 1;
    for (const [partition, there] of this.#there.entries()) {
      if (this.#barriers > there.barriers) await this.#write({ topic: feedTopic.name, partition, value: barrier.value });
      else pass(there, barrier.value);
    }
  }

  hasJustWritten(barrier: Barrier): boolean {
    return this.#recent.at(-1) === barrier.text;
  }

  /** @throws PipelineError `usage` when the source no longer has what the copy begins with, or the copy has what is not of this source once. */
  async refuseOther(): Promise<void> {
    if (this.#firsts.size > 0) throw forgotten();
    const ranges = await this.#log.offsets(feedTopic.name);
    const holds = ranges.reduce((sum, { highWatermark }) => sum + highWatermark, 0);
    if (holds !== this.#held + this.written || this.#there.some(({ unmet }) => unmet !== 0)) throw ofOthers();
  }

  async flush(): Promise<void> {
    const entries = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    if (entries.length > 0) await this.#log.append(entries);
    this.written += entries.length;
  }

  #find(state: Written, { key, value }: LogRecord): void {
    const name = key && text(key);
    if (value !== undefined) state.unmet = (state.unmet + crc32(value)) | 0;
    if (value !== undefined && !this.#firsts.has(name)) this.#firsts.set(name, text(value));
    if (name === undefined) {
      state.barriers += 1;
      state.records.clear();
    } else state.records.set(name, (state.records.get(name) ?? 0) + 1);
  }

  #meet(name: string | undefined, value: Uint8Array): void {
    const first = this.#firsts.get(name);
    if (first === undefined) return;
    if (first !== text(value)) throw forgotten();
    this.#firsts.delete(name);
  }

  async #write(entry: Append): Promise<void> {
    this.#pending.push(entry);
    this.#pendingBytes += entry.value.length;
    if (this.#pendingBytes >= flushBytes) await this.flush();
  }
}

/** It was written by a former run. */
function pass(there: Written, value: Uint8Array): void {
  there.unmet = (there.unmet - crc32(value)) | 0;
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
}

function ofOthers(): PipelineError {
  return usageError(
    'others wrote to the copy, too (two runs at once), so that records stand in it twice or are missing: begin another one, in topics of another prefix, with one run at a time',
  );
}

function forgotten(): PipelineError {
  return usageError('the source has forgotten records since this copy was begun: begin another one, in topics of another prefix');
}
