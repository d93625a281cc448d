/** Recordings of a feed, and the words of alerts that people are sent. */
import { isShallow } from '@tapeline/core/json-text';
import { decodeAlert } from '@tapeline/core/record-codec';
import { readSessions } from '@tapeline/core/recorded-sessions';
import { formatRecordingLine, type RecordingEntry, readRecording } from '@tapeline/core/recordings';
import { recordingFeed } from '@tapeline/ingestion/recording-feed';
import { hashOfId, NoticeDraft } from '@tapeline/stream-processing/notifier/notice';
import { chatTextOf, htmlOf, subjectOf, textOf } from '@tapeline/stream-processing/notifier/wording';
import { anAlert, linesOf, tenOClockMs } from '../examples.ts';
import { expectSame, expectThat, orRefused, orRefusedLater, refused, withCode } from '../expectations.ts';
import type { FuzzedParser } from '../fuzzed-parser.ts';
import { fileWith } from '../scratch-file.ts';
import { aPriceMessage } from './vendor-messages.ts';

const recordings: FuzzedParser = {
  name: 'recordings',
  reads: 'recordings of a feed: files with a line of JSON for each message',
  heldTo:
    'refused as recording.malformed with the line; lines are read the same when they are written again; sessions begin and end in turns; the feed gives records',
  format: 'lines',
  words: ['receivedTimeMs', 'message', 'session', 'begin', 'end', 'reason', 'event', 'price'],
  slowness: 16,
  example: dice => {
    let timeMs = tenOClockMs;
    const lines = dice.list(1, 6, () => {
      timeMs += dice.below(2_000);
      return { receivedTimeMs: timeMs, message: dice.isOneIn(8) ? 'no JSON' : aPriceMessage(dice) };
    });
    const status = {
      receivedTimeMs: tenOClockMs,
      message: { event: 'subscribe-status', status: 'ok', success: [{ symbol: 'AAPL' }, { symbol: 'BTC/USD' }] },
    };
    const begin = dice.isOneIn(2) ? [{ receivedTimeMs: tenOClockMs, session: 'begin' }] : [];
    return linesOf([
      ...begin,
      status,
      ...lines,
      ...(dice.isOneIn(3) ? [{ receivedTimeMs: timeMs, session: 'end', reason: 'closed' }] : []),
    ]);
  },
  check: async input => {
    const path = fileWith('recording.jsonl', input);
    const isMalformed = withCode('recording.malformed');
    const lines = await orRefusedLater(() => allOf(readRecording(path)), isMalformed);
    const events = await orRefusedLater(() => allOf(recordingFeed({ path, feed: 'recording/0' })), isMalformed);
    expectSame(events === refused, lines === refused, 'that the feed refuses it');
    if (lines === refused) return;
    const hasSessionLines = lines.some(line => 'session' in line);
    let isOpen = false;
    for await (const { kind } of readSessions(path, { hasSessionLines })) {
      expectThat(isOpen === (kind !== 'begin'), 'a session begins or ends twice', kind);
      isOpen = kind !== 'end';
    }
    expectThat(!isOpen, 'a session does not end');
    const entries = lines.map(({ line: _line, ...entry }) => entry as RecordingEntry);
    if (!isShallow(entries, 1_000)) return;
    const again = fileWith('again.jsonl', Buffer.from(entries.map(formatRecordingLine).join('')));
    const read = (await allOf(readRecording(again))).map(({ line: _line, ...entry }) => entry);
    expectSame(JSON.stringify(read), JSON.stringify(entries), 'the recording written again');
  },
};

async function allOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const addresses = { board: 'https://board.example.com/', grafana: 'https://grafana.example.com/g' };

const alertWords: FuzzedParser = {
  name: 'alert-words',
  reads: 'alerts as the notifier words them: subject, text, HTML, chat',
  heldTo:
    'refused as record.invalid or record.newer, or worded: one line of a subject; nothing of an alert is HTML, a link or a line of its own',
  format: 'json',
  words: [
    '<script>',
    '&lt;',
    '\r\nBcc: a@example.com',
    '<https://example.com|x>',
    '"',
    "'",
    '\u2028',
    'rule',
    'message',
    'symbol',
    'feed',
    'timeMs',
  ],
  example: dice => JSON.stringify(anAlert(dice)),
  check: input => {
    const alert = orRefused(() => decodeAlert(input), withCode('record.invalid', 'record.newer'));
    if (alert === refused) return;
    for (const summaryAfterMs of [undefined, 0]) {
      const draft = new NoticeDraft({ mostListed: 10, summaryAfterMs });
      draft.take({ alert, hash: hashOfId(alert.id) }, Date.UTC(2030, 0, 1));
      const notice = draft.notice();
      const subject = subjectOf(notice);
      expectThat(subject.length <= 120 && !/[\p{Cc}\u2028\u2029]/u.test(subject), 'the subject is no line', subject);
      const html = htmlOf(notice, addresses).replaceAll(/<\/?(!doctype|html|body|table|tr|td|strong|br|a|p|ul|li)\b[^<>]*>/g, '');
      expectThat(!/[<>]/.test(html), 'the HTML has an element of the alert', html);
      const chat = chatTextOf(notice, addresses).replaceAll(/<https:\/\/(board|grafana)\.example\.com\/[^<>|]*\|(Board|Grafana)>/g, '');
      expectThat(!/[<>]/.test(chat), 'the chat has a link of the alert', chat);
      expectThat(textOf(notice, addresses).split('\n').length < 20, 'the text has lines of the alert');
    }
  },
};

export const recordingParsers: readonly FuzzedParser[] = [recordings, alertWords];
