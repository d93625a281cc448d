/**
 * The sessions of a recording, the same for whoever plays it. With session lines in the recording, they say where a
 * session begins and ends; without, each `subscribe-status` begins one. Every session gets both marks here, so that a
 * reader need not know which kind it reads.
 */
import { type RecordingLine, readRecording } from './recordings.ts';

/** One step of a session, in order: `begin`, messages, `end`. */
export type SessionStep =
  | { readonly kind: 'begin'; readonly receivedTimeMs: number; readonly stated: boolean }
  | {
      readonly kind: 'message';
      readonly receivedTimeMs: number;
      readonly message: Readonly<Record<string, unknown>> | string;
      readonly line: number;
    }
  | { readonly kind: 'end'; readonly receivedTimeMs: number; readonly stated: boolean; readonly reason: string };

/** Name in the log of the feed that plays a recording. */
export const recordingFeedName = 'recording/0';
/** Event time goes on for so long after the last message of a recording, so that what is over closes. */
export const afterEndMs = 60_000;

/** What must be known of a recording before it is played. */
export interface RecordingSurvey {
  readonly hasSessionLines: boolean;
  readonly messages: number;
  /** Number of the last line that holds a message; 0 without one. */
  readonly lastMessageLine: number;
  readonly lastMessageMs: number;
}

/**
 * Reads a recording once through, which also proves that each line is well formed.
 * @throws PipelineError `recording.malformed`, `recording.unreadable`.
 */
export async function surveyRecording(path: string): Promise<RecordingSurvey> {
  let hasSessionLines = false;
  let messages = 0;
  let lastMessageLine = 0;
  let lastMessageMs = 0;
  for await (const line of readRecording(path)) {
    if ('session' in line) {
      hasSessionLines = true;
      continue;
    }
    messages += 1;
    lastMessageLine = line.line;
    lastMessageMs = line.receivedTimeMs;
  }
  return { hasSessionLines, messages, lastMessageLine, lastMessageMs };
}

/**
 * The recording as sessions. A mark that the recording states has `stated: true`; one that had to be inferred carries the time of
 * the session's first or last line.
 * @throws PipelineError `recording.malformed`, `recording.unreadable`.
 */
export async function* readSessions(
  path: string,
  survey: Pick<RecordingSurvey, 'hasSessionLines'>,
): AsyncGenerator<SessionStep, void, undefined> {
  /** Time of the open session's last line; absent between sessions. */
  let lastMs: number | undefined;
  for await (const line of readRecording(path)) {
    const { receivedTimeMs } = line;
    const begins = beginsSession(line, survey.hasSessionLines);
    if (lastMs !== undefined && begins) yield inferredEnd(lastMs);
    if (begins || (lastMs === undefined && 'message' in line)) yield { kind: 'begin', receivedTimeMs, stated: 'session' in line };
    if ('message' in line) yield { kind: 'message', receivedTimeMs, message: line.message, line: line.line };
    const ends = 'session' in line && line.session === 'end';
    if (ends && lastMs !== undefined)
      yield { kind: 'end', receivedTimeMs, stated: true, reason: line.reason ?? 'the recording gives no reason' };
    lastMs = ends ? undefined : receivedTimeMs;
  }
  if (lastMs !== undefined) yield inferredEnd(lastMs);
}

function beginsSession(line: RecordingLine, hasSessionLines: boolean): boolean {
  if ('session' in line) return line.session === 'begin';
  return !hasSessionLines && typeof line.message === 'object' && line.message.event === 'subscribe-status';
}

function inferredEnd(receivedTimeMs: number): SessionStep {
  return { kind: 'end', receivedTimeMs, stated: false, reason: 'the recording does not say how the session ended' };
}
