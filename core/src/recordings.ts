/**
 * Recordings of a feed: JSON lines, each with what the socket received or with the begin or end of a session.
 *
 * ```
 * {"receivedTimeMs":1730598486000,"session":"begin"}
 * {"receivedTimeMs":1730598486777,"message":{"event":"heartbeat","status":"ok"}}
 * {"receivedTimeMs":1730598487000,"session":"end","reason":"connection closed without a code"}
 * ```
 * The reader holds one line at a time and names the line in every error.
 */
import { createReadStream } from 'node:fs';
import { PipelineError, reasonOf } from './errors.ts';
import { shownValue } from './json-text.ts';
import { latestTimeMs } from './records.ts';

/** A message as received; a text that was no JSON object stands as the string it was. */
export interface RecordedMessage {
  /** The socket's clock, in milliseconds since the Unix epoch. Not always rising: order is the order of the lines. */
  readonly receivedTimeMs: number;
  readonly message: Readonly<Record<string, unknown>> | string;
}

/** A connection began or ended. */
export interface RecordedSessionMark {
  readonly receivedTimeMs: number;
  readonly session: 'begin' | 'end';
  readonly reason?: string;
}

/** What a line says. */
export type RecordingEntry = RecordedMessage | RecordedSessionMark;

/** What a line says, with its number, counted from 1. */
export type RecordingLine = RecordingEntry & { readonly line: number };

/** The longest line that is read, without its end: 16 MiB. */
export const longestRecordingLineBytes = 16 * 1024 * 1024;

/** The entry as a line with its line end, to be appended in one write. */
export function formatRecordingLine(entry: RecordingEntry): string {
  const { receivedTimeMs } = entry;
  const line =
    'session' in entry ? { receivedTimeMs, session: entry.session, reason: entry.reason } : { receivedTimeMs, message: entry.message };
  return `${JSON.stringify(line)}\n`;
}

/**
 * Reads a recording, line by line, as slowly as it is consumed. Blank lines are passed over; the last line may lack its end.
 * @throws PipelineError `recording.malformed` with the number of the line; `recording.unreadable` when there is no such file.
 */
export async function* readRecording(path: string): AsyncGenerator<RecordingLine, void, undefined> {
  let line = 0;
  for await (const text of textLines(path)) {
    line += 1;
    if (text.trim() !== '') yield { line, ...entryOf(text, path, line) };
  }
}

async function* textLines(path: string): AsyncGenerator<string, void, undefined> {
  let line = 1;
  let rest: Buffer[] = [];
  let restBytes = 0;
  for await (const chunk of chunks(path)) {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      yield textOf([...rest, chunk.subarray(start, end)], path, line);
      rest = [];
      restBytes = 0;
      line += 1;
      start = end + 1;
    }
    rest.push(chunk.subarray(start));
    restBytes += chunk.length - start;
    if (restBytes > longestRecordingLineBytes) throw malformed(path, line, `is longer than ${longestRecordingLineBytes} bytes`);
  }
  if (restBytes > 0) yield textOf(rest, path, line);
}

async function* chunks(path: string): AsyncGenerator<Buffer, void, undefined> {
  const stream = createReadStream(path, { highWaterMark: 64 * 1024 });
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (error) {
    throw new PipelineError('recording.unreadable', `recording ${path} cannot be read: ${reasonOf(error)}`, {
      retriable: false,
      cause: error,
      fields: { path },
    });
  } finally {
    stream.destroy();
  }
}

function textOf(parts: readonly Buffer[], path: string, line: number): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts));
  } catch (error) {
    throw malformed(path, line, 'is not text in UTF-8', error);
  }
}

function entryOf(text: string, path: string, line: number): RecordingEntry {
  const value = objectOf(text, path, line);
  const { receivedTimeMs, message, session, reason } = value;
  if (typeof receivedTimeMs !== 'number' || !Number.isSafeInteger(receivedTimeMs) || receivedTimeMs < 0 || receivedTimeMs > latestTimeMs) {
    const expected = `whole milliseconds since the Unix epoch, up to ${latestTimeMs}`;
    throw malformed(path, line, `has receivedTimeMs ${shownValue(receivedTimeMs)}, expected ${expected}`);
  }
  if ((message === undefined) === (session === undefined)) {
    throw malformed(
      path,
      line,
      `has ${message === undefined ? 'neither message nor session' : 'both message and session'}, expected one of them`,
    );
  }
  if (session === undefined) {
    if (typeof message === 'string' || isObject(message)) return { receivedTimeMs, message };
    throw malformed(path, line, `has message ${shownValue(message)}, expected an object, or a string for what was no JSON`);
  }
  if (session !== 'begin' && session !== 'end')
    throw malformed(path, line, `has session ${shownValue(session)}, expected "begin" or "end"`);
  if (reason === undefined || reason === null) return { receivedTimeMs, session };
  if (typeof reason !== 'string') throw malformed(path, line, `has reason ${shownValue(reason)}, expected a string`);
  return { receivedTimeMs, session, reason };
}

function objectOf(text: string, path: string, line: number): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw malformed(path, line, `is not JSON: ${reasonOf(error)}`, error);
  }
  if (!isObject(value)) throw malformed(path, line, `is ${shownValue(value)}, expected an object`);
  return value;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function malformed(path: string, line: number, what: string, cause?: unknown): PipelineError {
  const options = { retriable: false, fields: { path, line } };
  return new PipelineError(
    'recording.malformed',
    `recording ${path} line ${line} ${what}`,
    cause === undefined ? options : { ...options, cause },
  );
}
