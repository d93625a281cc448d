import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { readRecording } from '@tapeline/core/recordings';
import { Registry } from 'prom-client';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { createRecorder } from '../src/recorder.ts';
import { aLogger } from './support/logger.ts';

let folder = '';
beforeEach(async () => {
  folder = temporaryFolder('recorder');
});

describe('the recorder', () => {
  it('writes what was received, and what was no JSON object as its text', async () => {
    const { logger } = aLogger();
    const path = join(folder, 'day.jsonl');
    const recorder = createRecorder({ path, logger, registry: new Registry() });
    recorder.begin(1_000);
    recorder.message('{"event":"heartbeat", "status":"ok"}', 1_001);
    recorder.message('upstream connect error', 1_002);
    recorder.message('["BTC/USD",1]', 1_003);
    recorder.end(1_004, 'mute');
    await recorder.close();
    expect(await readFile(path, 'utf8')).toBe(
      [
        '{"receivedTimeMs":1000,"session":"begin"}',
        '{"receivedTimeMs":1001,"message":{"event":"heartbeat","status":"ok"}}',
        '{"receivedTimeMs":1002,"message":"upstream connect error"}',
        '{"receivedTimeMs":1003,"message":"[\\"BTC/USD\\",1]"}',
        '{"receivedTimeMs":1004,"session":"end","reason":"mute"}',
        '',
      ].join('\n'),
    );
  });

  it('goes on in a file that is there, without the line that a crash cut off', async () => {
    const { logger } = aLogger();
    const path = join(folder, 'day.jsonl');
    await writeFile(path, '{"receivedTimeMs":1,"session":"begin"}\n{"receivedTimeMs":2,"mess');
    const recorder = createRecorder({ path, logger, registry: new Registry() });
    recorder.end(3, 'closed');
    await recorder.close();
    const lines = [];
    for await (const line of readRecording(path)) lines.push(line);
    expect(lines).toEqual([
      { line: 1, receivedTimeMs: 1, session: 'begin' },
      { line: 2, receivedTimeMs: 3, session: 'end', reason: 'closed' },
    ]);
  });

  it('says that a folder is unwritable, counts the lines, and does not throw', async () => {
    const { logger, lines } = aLogger();
    const registry = new Registry();
    const recorder = createRecorder({ path: join(folder, 'missing', 'day.jsonl'), logger, registry });
    recorder.begin(1);
    recorder.message('{}', 2);
    await recorder.close();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      level: 50,
      msg: expect.stringMatching(/^recording is incomplete: .*ENOENT.*the feed goes on without it$/),
    });
    expect(await registry.getSingleMetricAsString('tapeline_ingester_recording_lines_lost_total')).toMatch(/_total 2$/m);
  });

  it('says that the disk is full', async () => {
    const { logger, lines } = aLogger();
    const registry = new Registry();
    const recorder = createRecorder({ path: '/dev/full', logger, registry });
    recorder.begin(1);
    await recorder.close();
    expect(lines[0]).toMatchObject({ level: 50, msg: expect.stringMatching(/ENOSPC|EINVAL/) });
    expect(await registry.getSingleMetricAsString('tapeline_ingester_recording_lines_lost_total')).toMatch(/_total 1$/m);
  });

  it('holds no more than its bound while the disk is slow', async () => {
    const { logger, lines } = aLogger();
    const registry = new Registry();
    const path = join(folder, 'day.jsonl');
    const recorder = createRecorder({ path, logger, registry, maxBufferedBytes: 200 });
    for (let i = 0; i < 100; i += 1) recorder.message('{"event":"heartbeat"}', i);
    await recorder.close();
    const written = (await readFile(path, 'utf8')).split('\n').length - 1;
    expect(written).toBeLessThan(10);
    expect(await registry.getSingleMetricAsString('tapeline_ingester_recording_lines_lost_total')).toMatch(
      new RegExp(`_total ${100 - written}$`, 'm'),
    );
    expect(lines[0]?.msg).toBe('recording is incomplete: the disk is slower than the feed; the feed goes on without it');
  });
});
