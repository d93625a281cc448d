import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { readSessions, type SessionStep, surveyRecording } from '../src/recorded-sessions.ts';
import { formatRecordingLine, longestRecordingLineBytes, type RecordingLine, readRecording } from '../src/recordings.ts';

const november = join(import.meta.dirname, 'fixtures', 'twelvedata-2024-11-part1.jsonl');
let folder = '';
beforeAll(async () => {
  folder = temporaryFolder('recordings');
});

describe('a recording', () => {
  it('gives messages, texts that were no JSON, and session marks, each with its line number', async () => {
    const path = await recordingOf(
      '{"receivedTimeMs":1000,"session":"begin"}\n' +
        '{"receivedTimeMs":1001,"message":{"event":"heartbeat","status":"ok"}}\r\n' +
        '\n' +
        '{"receivedTimeMs":1002,"message":"<html>é"}\n' +
        '{"receivedTimeMs":1003,"session":"end","reason":"no pong"}',
    );
    expect(await all(path)).toEqual([
      { line: 1, receivedTimeMs: 1000, session: 'begin' },
      { line: 2, receivedTimeMs: 1001, message: { event: 'heartbeat', status: 'ok' } },
      { line: 4, receivedTimeMs: 1002, message: '<html>é' },
      { line: 5, receivedTimeMs: 1003, session: 'end', reason: 'no pong' },
    ]);
  });

  it('is read across the edges of the chunks that the file comes in', async () => {
    const long = 'é'.repeat(50_000);
    const path = await recordingOf(
      Array.from({ length: 5 }, (_, i) => formatRecordingLine({ receivedTimeMs: i, message: { long } })).join(''),
    );
    const lines = await all(path);
    expect(lines).toHaveLength(5);
    expect(lines.every(line => 'message' in line && typeof line.message === 'object' && line.message.long === long)).toBe(true);
  });

  it('reads back what was formatted', async () => {
    const path = await recordingOf(
      formatRecordingLine({ receivedTimeMs: 5, session: 'begin' }) +
        formatRecordingLine({ receivedTimeMs: 6, message: 'not\njson' }) +
        formatRecordingLine({ receivedTimeMs: 7, session: 'end', reason: 'dropped' }),
    );
    expect(await all(path)).toEqual([
      { line: 1, receivedTimeMs: 5, session: 'begin' },
      { line: 2, receivedTimeMs: 6, message: 'not\njson' },
      { line: 3, receivedTimeMs: 7, session: 'end', reason: 'dropped' },
    ]);
  });

  it.each([
    ['{"receivedTimeMs":2,"message":{"event":"pri', /line 2 is not JSON/],
    ['[1]\n', /line 2 is \[1\], expected an object/],
    ['{"message":{}}\n', /line 2 has receivedTimeMs absent, expected whole milliseconds/],
    ['{"receivedTimeMs":-1,"message":{}}\n', /line 2 has receivedTimeMs -1/],
    ['{"receivedTimeMs":1.5,"message":{}}\n', /line 2 has receivedTimeMs 1.5/],
    ['{"receivedTimeMs":9007199254740993,"message":{}}\n', /line 2 has receivedTimeMs 9007199254740992/],
    ['{"receivedTimeMs":"1","message":{}}\n', /line 2 has receivedTimeMs "1"/],
    ['{"receivedTimeMs":2}\n', /line 2 has neither message nor session/],
    ['{"receivedTimeMs":2,"message":{},"session":"begin"}\n', /line 2 has both message and session/],
    ['{"receivedTimeMs":2,"message":[]}\n', /line 2 has message \[\], expected an object/],
    ['{"receivedTimeMs":2,"message":null}\n', /line 2 has message null/],
    ['{"receivedTimeMs":2,"session":"pause"}\n', /line 2 has session "pause", expected "begin" or "end"/],
    ['{"receivedTimeMs":2,"session":"end","reason":3}\n', /line 2 has reason 3, expected a string/],
  ])('names the line of %j and what is wrong with it', async (second, message) => {
    const path = await recordingOf(`{"receivedTimeMs":1,"message":{}}\n${second}`);
    await expect(all(path)).rejects.toMatchObject({
      code: 'recording.malformed',
      retriable: false,
      message: expect.stringMatching(message),
      fields: { line: 2 },
    });
  });

  it('refuses bytes that are no UTF-8, and a line without end', async () => {
    const bytes = join(folder, 'bytes.jsonl');
    await writeFile(bytes, Buffer.concat([Buffer.from('{"receivedTimeMs":1,"message":"'), Buffer.from([0xff]), Buffer.from('"}\n')]));
    await expect(all(bytes)).rejects.toMatchObject({
      code: 'recording.malformed',
      message: expect.stringMatching(/line 1 is not text in UTF-8/),
    });
    const endless = await recordingOf('x'.repeat(longestRecordingLineBytes + 70_000));
    await expect(all(endless)).rejects.toMatchObject({
      code: 'recording.malformed',
      message: expect.stringMatching(/line 1 is longer than 16777216 bytes/),
    });
  });

  it('says when there is no such file', async () => {
    await expect(all(join(folder, 'absent.jsonl'))).rejects.toMatchObject({ code: 'recording.unreadable' });
    await expect(all(folder)).rejects.toMatchObject({ code: 'recording.unreadable' });
  });
});

describe('the sessions of a recording', () => {
  it('begin with each subscribe-status when there are no session lines', async () => {
    const survey = await surveyRecording(november);
    expect(survey).toEqual({ hasSessionLines: false, messages: 227, lastMessageLine: 227, lastMessageMs: 1730860024046 });
    const steps = await collect(readSessions(november, survey));
    expect(steps.filter(step => step.kind === 'begin')).toHaveLength(20);
    expect(steps.filter(step => step.kind === 'end')).toHaveLength(20);
    const symbols = steps.flatMap(step => (step.kind === 'message' && typeof step.message === 'object' ? [step.message.symbol] : []));
    expect(symbols.filter(symbol => symbol === 'BTC/USD')).toHaveLength(179);
    expect(symbols.filter(symbol => symbol === 'ETH/BTC')).toHaveLength(28);
    expect(steps.slice(0, 4).map(step => [step.kind, step.receivedTimeMs])).toEqual([
      ['begin', 1730598486777],
      ['message', 1730598486777],
      ['message', 1730598486778],
      ['end', 1730598486778],
    ]);
  });

  it('begin and end where session lines say so, whatever was subscribed in between', async () => {
    const path = await recordingOf(
      '{"receivedTimeMs":1,"session":"begin"}\n' +
        '{"receivedTimeMs":2,"message":{"event":"subscribe-status"}}\n' +
        '{"receivedTimeMs":3,"message":{"event":"subscribe-status"}}\n' +
        '{"receivedTimeMs":9,"session":"end","reason":"no pong"}\n' +
        '{"receivedTimeMs":10,"session":"begin"}\n' +
        '{"receivedTimeMs":11,"message":{"event":"price"}}\n' +
        '{"receivedTimeMs":20,"session":"begin"}\n',
    );
    const steps = await collect(readSessions(path, await surveyRecording(path)));
    expect(steps.map(step => [step.kind, step.receivedTimeMs, 'stated' in step ? step.stated : undefined])).toEqual([
      ['begin', 1, true],
      ['message', 2, undefined],
      ['message', 3, undefined],
      ['end', 9, true],
      ['begin', 10, true],
      ['message', 11, undefined],
      ['end', 11, false],
      ['begin', 20, true],
      ['end', 20, false],
    ]);
  });

  it('begin without a mark where a recording starts in the middle of one', async () => {
    const path = await recordingOf('{"receivedTimeMs":1,"message":{"event":"price"}}\n{"receivedTimeMs":2,"session":"end"}\n');
    const steps = await collect(readSessions(path, await surveyRecording(path)));
    expect(steps.map(step => step.kind)).toEqual(['begin', 'message', 'end']);
  });
});

async function recordingOf(text: string): Promise<string> {
  const path = join(folder, `${Math.random()}.jsonl`);
  await writeFile(path, text);
  return path;
}

function all(path: string): Promise<RecordingLine[]> {
  return collect(readRecording(path));
}

async function collect<T extends RecordingLine | SessionStep>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}
