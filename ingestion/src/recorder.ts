/**
 * Writes what a socket received to a file, as a recording (`@tapeline/core/recordings`). A feed never waits for it and never
 * fails with it: what cannot be written is counted and said.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { reasonOf } from '@tapeline/core/errors';
import { parseJson } from '@tapeline/core/json-text';
import { metricOf } from '@tapeline/core/metrics/registered-metrics';
import { formatRecordingLine, type RecordingEntry } from '@tapeline/core/recordings';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';

export interface RecorderOptions {
  /** Appended to; made when missing. A last line that a crash cut off is removed first. */
  readonly path: string;
  readonly logger: Logger;
  readonly registry: Registry;
  /** Lines wait in so much memory at most; beyond it they are lost, counted and said. @default 8 MiB */
  readonly maxBufferedBytes?: number;
  /** An unwritable file is tried again after this. @default 5,000 */
  readonly retryMs?: number;
}

export interface Recorder {
  /** A message as the socket gave it, but for a key that the vendor repeats. */
  message(text: string, receivedTimeMs: number): void;
  begin(timeMs: number): void;
  end(timeMs: number, reason: string): void;
  /** Writes out what waits and closes the file. */
  close(): Promise<void>;
}

export function createRecorder(options: RecorderOptions): Recorder {
  const recorder = new FileRecorder(options);
  return {
    message: (text, receivedTimeMs) => recorder.add({ receivedTimeMs, message: messageOf(text) }),
    begin: receivedTimeMs => recorder.add({ receivedTimeMs, session: 'begin' }),
    end: (receivedTimeMs, reason) => recorder.add({ receivedTimeMs, session: 'end', reason }),
    close: () => recorder.close(),
  };
}

class FileRecorder {
  readonly #options: RecorderOptions;
  readonly #lost;
  #lines: string[] = [];
  #bytes = 0;
  #writing: Promise<void> | undefined;
  #file: FileHandle | undefined;
  /** Length of the file up to its last whole line. */
  #goodBytes = 0;
  #triedAtMs = Number.NEGATIVE_INFINITY;
  #saidAtMs = Number.NEGATIVE_INFINITY;
  #lostSinceSaid = 0;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#lost = metricOf(options.registry, 'tapeline_ingester_recording_lines_lost_total');
  }

  add(entry: RecordingEntry): void {
    const line = formatRecordingLine(entry);
    if (this.#bytes + line.length > (this.#options.maxBufferedBytes ?? 8 * 1024 * 1024)) {
      return this.#lose(1, 'the disk is slower than the feed');
    }
    this.#lines.push(line);
    this.#bytes += line.length;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#file?.close();
    this.#file = undefined;
  }

  async #writeAll(): Promise<void> {
    while (this.#lines.length > 0) {
      const lines = this.#lines;
      this.#lines = [];
      this.#bytes = 0;
      await this.#write(lines);
    }
  }

  async #write(lines: readonly string[]): Promise<void> {
    try {
      const file = await this.#opened();
      if (file === undefined) return this.#lose(lines.length, 'the file could not be opened');
      const text = Buffer.from(lines.join(''));
      await file.appendFile(text);
      this.#goodBytes += text.length;
    } catch (error) {
      this.#lose(lines.length, reasonOf(error));
      await this.#cutTornLine();
    }
  }

  async #opened(): Promise<FileHandle | undefined> {
    if (this.#file !== undefined) return this.#file;
    const nowMs = performance.now();
    if (nowMs - this.#triedAtMs < (this.#options.retryMs ?? 5_000)) return undefined;
    this.#triedAtMs = nowMs;
    this.#file = await open(this.#options.path, 'a+');
    this.#goodBytes = await wholeLinesOf(this.#file);
    await this.#file.truncate(this.#goodBytes);
    return this.#file;
  }

  /** A write that failed half-way must not leave a line that no reader can read. */
  async #cutTornLine(): Promise<void> {
    try {
      await this.#file?.truncate(this.#goodBytes);
    } catch (error) {
      this.#options.logger.error({ path: this.#options.path }, `recording may end in a torn line: ${reasonOf(error)}`);
    }
  }

  /** Says at once that lines are lost, then at most every 10 s how many. */
  #lose(count: number, why: string): void {
    this.#lost.inc(count);
    this.#lostSinceSaid += count;
    const nowMs = performance.now();
    if (nowMs - this.#saidAtMs < 10_000) return;
    this.#saidAtMs = nowMs;
    const { logger, path } = this.#options;
    logger.error({ path, lost: this.#lostSinceSaid }, `recording is incomplete: ${why}; the feed goes on without it`);
    this.#lostSinceSaid = 0;
  }
}

/** An object stands as itself; everything else as the text that it was, also what is nested too deeply to be written again. */
function messageOf(text: string): Readonly<Record<string, unknown>> | string {
  try {
    const value = parseJson(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : text;
  } catch {
    return text;
  }
}

/** Length of a file up to and including its last line end. */
async function wholeLinesOf(file: FileHandle): Promise<number> {
  const { size } = await file.stat();
  const block = Buffer.alloc(64 * 1024);
  for (let end = size; end > 0; end -= block.length) {
    const start = Math.max(0, end - block.length);
    const { bytesRead } = await file.read(block, 0, end - start, start);
    const at = block.subarray(0, bytesRead).lastIndexOf(0x0a);
    if (at >= 0) return start + at + 1;
  }
  return 0;
}
