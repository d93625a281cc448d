/** The feed that reads a recording, as fast as it is read. Its records are those that the socket's feed gave, or would have given. */
import { jsonText } from '@tapeline/core/json-text';
import { pause } from '@tapeline/core/pause';
import { afterEndMs, readSessions, surveyRecording } from '@tapeline/core/recorded-sessions';
import type { LastSession, PlainEvent } from './feed.ts';
import { endedWithoutCode, SessionMapper } from './session-mapper.ts';
import { parseMessage, readMessage } from './twelve-data/messages.ts';

export interface RecordingFeedOptions {
  readonly path: string;
  /** Source and shard of the records, as in `twelve-data/0`. */
  readonly feed: string;
  /** The last session of this feed that the log knows: the recording's sessions are numbered after it. */
  readonly startAfter?: LastSession;
  readonly signal?: AbortSignal;
  /** 1 is the recording's own speed. @default as fast as it is read */
  readonly speed?: number;
}

/**
 * Reads a recording twice: once through to prove every line, then for its records.
 * @throws PipelineError `recording.malformed` with the line, `recording.unreadable`.
 */
export async function* recordingFeed(options: RecordingFeedOptions): AsyncGenerator<PlainEvent, void, undefined> {
  const survey = await surveyRecording(options.path);
  const mapper = new SessionMapper({ feed: options.feed, lastSession: options.startAfter, feedClock: true });
  const pace = paceOf(options);
  for await (const step of readSessions(options.path, survey)) {
    await pace(step.receivedTimeMs);
    if (options.signal?.aborted) return;
    if (step.kind === 'begin') mapper.beginSession(step.receivedTimeMs);
    else if (step.kind === 'end') mapper.endSession(step.stated ? step.reason : endedWithoutCode);
    else yield* mapper.receive(receivedOf(step.message, step.receivedTimeMs));
  }
  if (survey.messages > 0) yield* mapper.finalHeartbeat(survey.lastMessageMs + afterEndMs);
}

/** Waits until a step is due, counted from the first one. */
function paceOf({ speed, signal = new AbortController().signal }: RecordingFeedOptions): (receivedTimeMs: number) => Promise<void> {
  if (speed === undefined) return async () => undefined;
  let first: { readonly stepMs: number; readonly startMs: number } | undefined;
  return async stepMs => {
    first ??= { stepMs, startMs: performance.now() };
    const dueMs = first.startMs + (stepMs - first.stepMs) / speed;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await pause(waitMs, signal);
  };
}

function receivedOf(message: Readonly<Record<string, unknown>> | string, receivedTimeMs: number) {
  const isText = typeof message === 'string';
  return {
    message: isText ? parseMessage(message) : readMessage(message),
    receivedTimeMs,
    text: () => (isText ? message : jsonText(message)),
  };
}
