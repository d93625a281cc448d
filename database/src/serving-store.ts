/** The store of whichever generation serves, for readers: a switch changes what is behind it and nothing in front. */
import { reasonOf } from '@tapeline/core/errors';
import type { Logger } from 'pino';
import type { Generations, ServingGeneration } from './generations.ts';
import type { MarketStore, Snapshot, SnapshotKey, StoreBatch } from './market-store.ts';
import { nextGeneration } from './serving-generation.ts';

export interface ServingStoreOptions {
  /** Closed with the store. */
  readonly generations: Generations;
  readonly open: (generation: number) => MarketStore;
  readonly logger: Logger;
  /** Called after a switch: what was taken from the former one is to be read again. */
  readonly switched?: () => void;
  /** @default 2,000 */
  readonly lookIntervalMs?: number;
}

interface Open {
  readonly serving: ServingGeneration;
  readonly store: MarketStore;
}

/** Reading that began before a switch may go on for so long. */
const graceMs = 15_000;

/** Opens at the first call. */
export class ServingStore implements MarketStore {
  readonly #options: ServingStoreOptions;
  readonly #closing = new AbortController();
  readonly #leaving = new Map<MarketStore, NodeJS.Timeout>();
  #switched: () => void;
  #current: Open | undefined;
  #opening: Promise<Open> | undefined;
  #following: Promise<void> = Promise.resolve();

  constructor(options: ServingStoreOptions) {
    this.#options = options;
    this.#switched = options.switched ?? (() => undefined);
  }

  /** The generation that is read now; `undefined` before the first call. */
  get generation(): number | undefined {
    return this.#current?.serving.generation;
  }

  /** Replaces `switched` of the options. */
  onSwitch(switched: () => void): void {
    this.#switched = switched;
  }

  async migrate(): Promise<void> {
    await (await this.#open()).store.migrate();
  }

  async ready(): Promise<void> {
    await (await this.#open()).store.ready();
  }

  async write(batch: StoreBatch): Promise<void> {
    await (await this.#open()).store.write(batch);
  }

  async saveSnapshot(key: SnapshotKey, snapshot: Snapshot): Promise<void> {
    await (await this.#open()).store.saveSnapshot(key, snapshot);
  }

  async loadSnapshot(key: SnapshotKey): Promise<Snapshot | undefined> {
    return (await this.#open()).store.loadSnapshot(key);
  }

  async bars(query: Parameters<MarketStore['bars']>[0]): ReturnType<MarketStore['bars']> {
    return (await this.#open()).store.bars(query);
  }

  async barTotals(query: Parameters<MarketStore['barTotals']>[0]): ReturnType<MarketStore['barTotals']> {
    return (await this.#open()).store.barTotals(query);
  }

  async ticks(query: Parameters<MarketStore['ticks']>[0]): ReturnType<MarketStore['ticks']> {
    return (await this.#open()).store.ticks(query);
  }

  async latest(): ReturnType<MarketStore['latest']> {
    return (await this.#open()).store.latest();
  }

  async gaps(query: Parameters<MarketStore['gaps']>[0]): ReturnType<MarketStore['gaps']> {
    return (await this.#open()).store.gaps(query);
  }

  async alerts(query: Parameters<MarketStore['alerts']>[0]): ReturnType<MarketStore['alerts']> {
    return (await this.#open()).store.alerts(query);
  }

  async instruments(): ReturnType<MarketStore['instruments']> {
    return (await this.#open()).store.instruments();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#following;
    for (const timer of this.#leaving.values()) clearTimeout(timer);
    const stores = [...this.#leaving.keys(), ...(this.#current === undefined ? [] : [this.#current.store])];
    await Promise.all(stores.map(store => store.close()));
    await this.#options.generations.close();
  }

  async #open(): Promise<Open> {
    if (this.#current !== undefined) return this.#current;
    this.#opening ??= this.#first().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #first(): Promise<Open> {
    const serving = await this.#options.generations.serving();
    const first = { serving, store: this.#options.open(serving.generation) };
    this.#current = first;
    this.#following = this.#follow(first);
    return first;
  }

  async #follow(first: Open): Promise<void> {
    const { logger, generations, lookIntervalMs } = this.#options;
    const looking = { generations, logger, signal: this.#closing.signal, ...(lookIntervalMs === undefined ? {} : { lookIntervalMs }) };
    for (let former = first; ; ) {
      const serving = await nextGeneration(former.serving, looking);
      if (serving === undefined) return;
      const next = { serving, store: this.#options.open(serving.generation) };
      try {
        await next.store.ready();
      } catch (error) {
        logger.warn({ generation: serving.generation }, `the generation that serves cannot be read: ${reasonOf(error)}; trying again`);
        await next.store.close();
        continue;
      }
      logger.info({ from: former.serving.generation, to: serving.generation }, 'reading another generation from now on');
      this.#current = next;
      this.#leave(former.store);
      former = next;
      this.#switched();
    }
  }

  #leave(store: MarketStore): void {
    const timer = setTimeout(() => {
      this.#leaving.delete(store);
      void store.close();
    }, graceMs).unref();
    this.#leaving.set(store, timer);
  }
}
