/**
 * The engine of one partition (stream-processing/engine, compiled to WebAssembly) as JavaScript sees it: its functions, its memory,
 * and what it asks back. One instance is one fold; the code is compiled once.
 */
import { barFlags } from '@tapeline/core/bars';
import { roundDerived } from '@tapeline/core/derived-values';
import { PipelineError } from '@tapeline/core/errors';
import { intervalMs, intervals } from '@tapeline/core/intervals';
import type { FoldOptions, Level } from '../fold/levels.ts';
import { engineCode } from './engine-code.ts';

/** What became of a tick; engine/ticks.ts has the same numbers. */
export const notTaken = -1;
export const taken = 0;
export const takenAsLatest = 1;
export const duplicate = 2;
export const resent = 3;
export const late = 4;

/** What the engine asks of its fold: about the few symbols whose gaps are told one by one, and to make room for bars. */
export interface EngineHost {
  touchesGap(slot: number, startMs: number, endMs: number): boolean;
  advanceCoverage(slot: number, horizonMs: number): void;
  takeBars(): void;
}

interface Counter {
  readonly value: number;
}

/** The functions of engine/engine.ts, where they are described. Places are bytes in {@link FoldEngine.bytes}. */
export interface EngineFunctions {
  readonly memory: { readonly buffer: ArrayBuffer };
  addLevel(lengthMs: number, isDay: boolean, interval: number, parentBits: number, isSource: boolean): void;
  configure(latenessMs: number, horizonMs: number, smallestMs: number, partial: number, gap: number, corrected: number): void;
  exchangeAt(bytes: number): number;
  tickAt(): number;
  addSymbol(keyLength: number, jsonLength: number, isPlain: boolean): number;
  slotOfKey(length: number): number;
  own(slot: number, feed: number): void;
  disown(slot: number): void;
  forgetVolume(slot: number): void;
  ownerOf(slot: number): number;
  symbolRowAt(slot: number): number;
  watermarkOf(slot: number): number;
  setWatermark(slot: number, watermarkMs: number): void;
  setCoverage(slot: number, sinceMs: number, letGoToMs: number, hasGaps: boolean): void;
  sinceOf(slot: number): number;
  letGoToOf(slot: number): number;
  coverageFlags(slot: number, startMs: number, endMs: number): number;
  setSession(feed: number, session: number): void;
  takeReceipt(feed: number): number;
  learnHead(length: number, feed: number, session: number): void;
  learnTail(tradingDay: number, tradingDayEndMs: number): void;
  knowsEnds(start: number, end: number): boolean;
  scan(start: number, end: number): boolean;
  takeEveryday(start: number, end: number): number;
  takeRecords(at: number, end: number, baseOffset: number, fromOffset: number, toOffset: number, limit: number): number;
  takeOwned(slot: number, feed: number): number;
  beat(feed: number, watermarkMs: number): void;
  advance(slot: number, watermarkMs: number): void;
  touchWindows(slot: number, fromMs: number, toMs: number, watermarkMs: number): void;
  advanceClock(receivedTimeMs: number): void;
  nextVersion(): number;
  setVersionUs(versionUs: number): void;
  barsAt(): number;
  barSlotsAt(): number;
  clearBars(): void;
  changedAt(): number;
  clearChanged(): void;
  exchangeForTexts(count: number): number;
  writeTexts(count: number): number;
  openList(slot: number, level: number): number;
  oldestOpen(list: number): number;
  newerOpen(row: number): number;
  openWindowAt(level: number, row: number): number;
  roomOfSymbol(slot: number): number;
  writeRow(slot: number, at: number): number;
  readRow(slot: number, at: number): number;
  writeWindows(slot: number, at: number): number;
  readWindows(slot: number, at: number): number;
  epochMs(): number;
  setEpochMs(epochMs: number): void;
  dropOrigins(): void;
  originCount(): number;
  originAt(index: number): number;
  addOrigin(day: number, dayEndMs: number, openSession: number, closeSession: number, sequence: number): void;
  readonly barCount: Counter;
  readonly changedCount: Counter;
  readonly versionUs: Counter;
  readonly takenVersionUs: Counter;
  readonly nextOffset: Counter;
  readonly stoppedAt: Counter;
  readonly isStopped: Counter;
  readonly scannedFeed: Counter;
  readonly symbolAt: Counter;
  readonly symbolLength: Counter;
}

const code = new WebAssembly.Module(Buffer.from(engineCode, 'base64'));

export class FoldEngine {
  readonly functions: EngineFunctions;
  #bytes: Uint8Array = new Uint8Array(0);
  #numbers: Float64Array = new Float64Array(0);
  #wholes: Int32Array = new Int32Array(0);

  constructor(options: FoldOptions, levels: readonly Level[], host: EngineHost) {
    const instance = new WebAssembly.Instance(code, {
      host: {
        textOf: (value: number, into: number) => this.#writeText(String(value), into),
        roundByText: roundDerived,
        log: Math.log,
        touchesGap: host.touchesGap,
        advanceCoverage: host.advanceCoverage,
        takeBars: host.takeBars,
        outOfMemory,
      },
    });
    this.functions = instance.exports as unknown as EngineFunctions;
    this.#configure(options, levels);
  }

  /** The engine's memory; another array after a call that needed more of it. */
  get bytes(): Uint8Array {
    this.#look();
    return this.#bytes;
  }

  /** The same as doubles, and as whole numbers of four bytes. */
  get numbers(): Float64Array {
    this.#look();
    return this.#numbers;
  }

  get wholes(): Int32Array {
    this.#look();
    return this.#wholes;
  }

  /** Puts `bytes[start, end)` where the engine can read them; gives where. */
  put(bytes: Uint8Array, start: number, end: number): number {
    const at = this.functions.exchangeAt(end - start);
    const into = this.bytes;
    if (start === 0 && end === bytes.length) into.set(bytes, at);
    else into.set(bytes.subarray(start, end), at);
    return at;
  }

  #configure(options: FoldOptions, levels: readonly Level[]): void {
    const { functions } = this;
    for (const { interval, source, parents } of levels) {
      const parentBits = parents.reduce((bits, parent) => bits | (1 << parent), 0);
      functions.addLevel(intervalMs(interval), interval === '1d', intervals.indexOf(interval), parentBits, source === undefined);
    }
    const [partial, gap, corrected] = (['partial', 'gap', 'corrected'] as const).map(flag => 1 << barFlags.indexOf(flag));
    const smallestMs = intervalMs((levels[0] as Level).interval);
    const { allowedLatenessMs, correctionHorizonMs } = options;
    functions.configure(allowedLatenessMs, correctionHorizonMs, smallestMs, partial as number, gap as number, corrected as number);
  }

  #look(): void {
    const { buffer } = this.functions.memory;
    if (this.#bytes.buffer === buffer) return;
    this.#bytes = new Uint8Array(buffer);
    this.#numbers = new Float64Array(buffer);
    this.#wholes = new Int32Array(buffer);
  }

  /** ASCII. */
  #writeText(text: string, into: number): number {
    const { bytes } = this;
    for (let index = 0; index < text.length; index += 1) bytes[into + index] = text.charCodeAt(index);
    return text.length;
  }
}

/** @throws PipelineError `fold.memory`. Half a record may be taken in: the fold is not to be used any more. */
function outOfMemory(bytes: number): never {
  throw new PipelineError(
    'fold.memory',
    `the state of a partition needs ${bytes} bytes more than the 2 GiB that it may have: use more partitions (tapeline repartition) or a shorter CORRECTION_HORIZON_MS`,
    { retriable: false, fields: { bytes } },
  );
}
