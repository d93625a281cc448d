/** The feed that reads a recording, as fast as it is read. Its records are those that the socket's feed gave, or would have given. */
import { readSessions, surveyRecording } from '@tapeline/core/recorded-sessions';
import type { FeedEvent, LastSession } from './feed.ts';
import { afterEndMs, endedWithoutCode, SessionMapper } from './session-mapper.ts';
import { parseMessage, readMessage } from './twelve-data/messages.ts';

export interface RecordingFeedOptions {
  readonly path: string;
  /** Source and shard of the records, as in `twelve-data/0`. */
  readonly feed: string;
  /** The last session of this feed that the log knows: the recording's sessions are numbered after it. */
  readonly startAfter?: LastSession;
  readonly signal?: AbortSignal;
}

/**
 * Reads a recording twice: once through to prove every line, then for its records.
 * @throws PipelineError `recording.malformed` with the line, `recording.unreadable`.
 */
export async function* recordingFeed(options: RecordingFeedOptions): AsyncGenerator<FeedEvent, void, undefined> {
  const survey = await surveyRecording(options.path);
  const mapper = new SessionMapper({ feed: options.feed, lastSession: options.startAfter, feedClock: true });
  for await (const step of readSessions(options.path, survey)) {
    if (options.signal?.aborted) return;
    if (step.kind === 'begin') mapper.beginSession(step.receivedTimeMs);
    else if (step.kind === 'end') mapper.endSession(step.stated ? step.reason : endedWithoutCode);
    else yield* mapper.receive(receivedOf(step.message, step.receivedTimeMs));
  }
  if (survey.messages > 0) yield* mapper.finalHeartbeat(survey.lastMessageMs + afterEndMs);
}

function receivedOf(message: Readonly<Record<string, unknown>> | string, receivedTimeMs: number) {
  const isText = typeof message === 'string';
  return {
    message: isText ? parseMessage(message) : readMessage(message),
    receivedTimeMs,
    text: () => (isText ? message : JSON.stringify(message)),
  };
}
