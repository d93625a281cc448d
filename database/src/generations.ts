/**
 * Generations of the tables: equal versions must never meet different values, so a fold that gives other bars, or another number of
 * partitions, gets tables of its own beside the old ones, and readers are switched when these are ready.
 *
 * Generation 1 is the keyspace (or file) as it was named; the notes about all of them stand there, made by the first rebuild.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { PipelineError, usageError } from '@tapeline/core/errors';

/** The one that a store has before anything was rebuilt. */
export const firstGeneration = 1;

/** `building` → `ready` → serving → `retired`, which may serve again → `dropped`, whose number is never used again. */
export type GenerationState = 'building' | 'ready' | 'retired' | 'dropped';

export interface GenerationNote {
  readonly generation: number;
  readonly state: GenerationState;
  /** Of the fold that made it: processors with another one leave its tables alone. */
  readonly foldVersion: number;
  /** When the state was noted, and by whom. */
  readonly sinceMs: number;
  readonly by: string;
}

export interface Generation extends Omit<GenerationNote, 'state'> {
  readonly state: GenerationState | 'serving';
}

export interface ServingGeneration {
  readonly generation: number;
  readonly foldVersion: number;
}

/** Where the notes are kept, and the tables of each generation. */
export interface GenerationTable {
  /** Makes what the notes need. @throws PipelineError `store.schema-missing`. */
  prepare(): Promise<void>;
  /** `serving` is undefined while nothing was ever prepared. */
  read(): Promise<{ readonly serving: number | undefined; readonly notes: readonly GenerationNote[] }>;
  put(note: GenerationNote): Promise<void>;
  /** Conditional: false when another one than `from` serves. */
  serve(generation: number, from: number): Promise<boolean>;
  /** Deletes the tables of a generation and all that is in them. */
  remove(generation: number): Promise<void>;
  close(): Promise<void>;
}

export interface GenerationsOptions {
  readonly table: GenerationTable;
  /** Milliseconds since the Unix epoch. @default Date.now */
  readonly now?: () => number;
  /** So long after a switch processors and readers may still be at work in the former one: it is not dropped before. @default 20,000 */
  readonly leaveMs?: number;
}

export class Generations {
  readonly #table: GenerationTable;
  readonly #now: () => number;
  readonly #leaveMs: number;

  constructor({ table, now = Date.now, leaveMs = 20_000 }: GenerationsOptions) {
    this.#table = table;
    this.#now = now;
    this.#leaveMs = leaveMs;
  }

  /** Makes what the notes need, where it is not there. @throws PipelineError `store.schema-missing`. */
  prepare(): Promise<void> {
    return this.#table.prepare();
  }

  async serving(): Promise<ServingGeneration> {
    const { serving = firstGeneration, notes } = await this.#table.read();
    return { generation: serving, foldVersion: notes.find(note => note.generation === serving)?.foldVersion ?? 1 };
  }

  /** Every generation that there ever was, by number. */
  async list(): Promise<readonly Generation[]> {
    const { serving = firstGeneration, notes } = await this.#table.read();
    const first: GenerationNote = { generation: firstGeneration, state: 'retired', foldVersion: 1, sinceMs: 0, by: 'the first start' };
    const all = notes.some(note => note.generation === firstGeneration) ? notes : [first, ...notes];
    return all
      .map(note => (note.generation === serving ? { ...note, state: 'serving' as const } : note))
      .sort((a, b) => a.generation - b.generation);
  }

  /**
   * Notes that a generation is being built: the one given, or the unfinished one of this fold, or the next number.
   * @throws PipelineError `usage` when the one given cannot be built.
   */
  async begin(given: number | undefined, foldVersion: number, by: string): Promise<number> {
    await this.#table.prepare();
    const known = await this.list();
    const unfinished = known.find(({ state, ...note }) => (state === 'building' || state === 'ready') && note.foldVersion === foldVersion);
    const generation = given ?? unfinished?.generation ?? Math.max(...known.map(note => note.generation)) + 1;
    const former = known.find(note => note.generation === generation);
    if (former === undefined && generation > firstGeneration) await this.#note(generation, 'building', foldVersion, by);
    else if (former?.state !== 'building' && former?.state !== 'ready') throw cannot('build', generation, former);
    else if (former.foldVersion !== foldVersion) {
      throw usageError(
        `generation ${generation} was begun by fold version ${former.foldVersion}, this program has ${foldVersion}: drop it (tapeline generations --drop ${generation}), and build another`,
      );
    }
    return generation;
  }

  /** It holds all that it needs to serve. */
  async ready(generation: number, by: string): Promise<void> {
    await this.#note(generation, 'ready', await this.#foldVersionOf(generation), by);
  }

  /**
   * Makes another one serve, a retired one too: what it saved is not ahead of what was given out since, so nothing is left out on
   * market-data.bars either way.
   * @throws PipelineError `usage` when it is not ready, `store.unavailable` when somebody else switched meanwhile.
   */
  async switchTo(generation: number, by: string): Promise<void> {
    const known = await this.list();
    const next = known.find(note => note.generation === generation);
    const serving = known.find(note => note.state === 'serving');
    if (serving === undefined || (next?.state !== 'ready' && next?.state !== 'retired')) throw cannot('switch to', generation, next);
    await this.#table.prepare();
    // Before it, too: a rebuild would go on with one that is noted as ready, and the answer to the switch may be lost.
    await this.#note(serving.generation, 'retired', serving.foldVersion, by);
    if (!(await this.#table.serve(generation, serving.generation))) {
      throw new PipelineError('store.unavailable', 'somebody else switched meanwhile: look at tapeline generations and try again', {
        retriable: true,
      });
    }
    await this.#note(serving.generation, 'retired', serving.foldVersion, by);
    await this.#note(generation, 'ready', next.foldVersion, by);
  }

  /** Deletes what does not serve, once everybody has left it. @throws PipelineError `usage` when it serves. */
  async drop(generation: number, by: string): Promise<void> {
    const former = (await this.list()).find(note => note.generation === generation);
    if (former === undefined || former.state === 'serving') throw cannot('drop', generation, former);
    // Whoever switched may have another clock.
    const sinceMs = Math.max(0, this.#now() - former.sinceMs);
    if (former.state === 'retired' && sinceMs < this.#leaveMs) await sleep(this.#leaveMs - sinceMs);
    await this.#note(generation, 'dropped', former.foldVersion, by);
    // Whoever switched to it a moment ago saw no note: its tables stay.
    if ((await this.serving()).generation === generation) throw cannot('drop', generation, { ...former, state: 'serving' });
    await this.#table.remove(generation);
  }

  close(): Promise<void> {
    return this.#table.close();
  }

  async #foldVersionOf(generation: number): Promise<number> {
    return (await this.list()).find(note => note.generation === generation)?.foldVersion ?? 1;
  }

  #note(generation: number, state: GenerationState, foldVersion: number, by: string): Promise<void> {
    return this.#table.put({ generation, state, foldVersion, by, sinceMs: this.#now() });
  }
}

function cannot(what: string, generation: number, former: Generation | undefined): PipelineError {
  const expected = {
    build: 'a new one or one that is being built',
    'switch to': 'one that is ready or retired',
    drop: 'one that does not serve',
  }[what];
  return usageError(
    `cannot ${what} generation ${generation}: it is ${former?.state ?? 'not known'}, expected ${expected}; see tapeline generations`,
  );
}
