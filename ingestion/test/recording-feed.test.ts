import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { startSimulator } from '@tapeline/simulator/simulator';
import { Registry } from 'prom-client';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import type { FeedEvent } from '../src/feed.ts';
import { createRecorder } from '../src/recorder.ts';
import { recordingFeed } from '../src/recording-feed.ts';
import { aLogger } from './support/logger.ts';
import { startFeed } from './support/running-feed.ts';

const november = fileURLToPath(new URL('../../core/test/fixtures/twelvedata-2024-11-part1.jsonl', import.meta.url));
const symbols = ['BTC/USD', 'AAPL', 'ETH/BTC'];

let folder = '';
beforeEach(async () => {
  folder = temporaryFolder('recording');
});

async function eventsOf(path: string): Promise<FeedEvent[]> {
  const events: FeedEvent[] = [];
  for await (const event of recordingFeed({ path, feed: 'twelve-data/0' })) events.push(event);
  return events;
}

async function fileOf(...lines: readonly unknown[]): Promise<string> {
  const path = join(folder, 'recording.jsonl');
  await writeFile(path, lines.map(line => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'));
  return path;
}

/** What a socket's feed makes of a recording that the simulator plays. */
async function playedOverASocket(path: string, recordTo?: string): Promise<FeedEvent[]> {
  const { logger } = aLogger();
  const simulator = await startSimulator({ seed: 1, recording: { path, speed: 'max' }, sayTime: true, logger });
  const recorder = recordTo === undefined ? undefined : createRecorder({ path: recordTo, logger, registry: new Registry() });
  const feed = startFeed({ url: simulator.url, symbols, feedClock: true, recorder });
  try {
    await feed.until('the end', () => feed.logLines.some(line => line.msg === 'the recording has been played to its end'));
    return feed.events;
  } finally {
    await feed.stop();
    await recorder?.close();
    await simulator.close();
  }
}

/** Simulated or not is the one thing that may differ; undefined fields do not reach the log. */
function comparable(events: readonly FeedEvent[]): unknown {
  return JSON.parse(JSON.stringify(events.map(event => (event.kind === 'session' ? { ...event, simulated: undefined } : event))));
}

const price = (timestamp: number, fields: object = {}) => ({
  event: 'price',
  symbol: 'BTC/USD',
  type: 'Digital Currency',
  timestamp,
  price: 100,
  ...fields,
});
const status = { event: 'subscribe-status', success: [{ symbol: 'BTC/USD', type: 'DIGITAL_CURRENCY' }], fails: null };
const t0 = Date.UTC(2026, 10, 20, 12);

describe('a recording', () => {
  it('of November 2024 has 20 sessions and 207 ticks, of which 179 of BTC/USD and 28 of ETH/BTC', async () => {
    const events = await eventsOf(november);
    const ticks = events.filter(event => event.kind === 'tick');
    expect(events.filter(event => event.kind === 'session')).toHaveLength(20);
    expect(events.filter(event => event.kind === 'dead-letter')).toEqual([]);
    expect(ticks).toHaveLength(207);
    expect(ticks.filter(tick => tick.symbol === 'BTC/USD')).toHaveLength(179);
    expect(ticks.filter(tick => tick.symbol === 'ETH/BTC')).toHaveLength(28);
  });

  it('of November 2024 stamps BTC/USD in minutes and ETH/BTC in seconds', async () => {
    const events = await eventsOf(november);
    const ticks = events.filter(event => event.kind === 'tick');
    expect(ticks[0]).toMatchObject({
      symbol: 'BTC/USD',
      receivedTimeMs: 1_730_598_486_778,
      timeMs: 1_730_598_479_999,
      tradingDay: '2024-11-03',
    });
    expect(ticks.find(tick => tick.symbol === 'ETH/BTC')).toMatchObject({ receivedTimeMs: 1_730_602_137_833, timeMs: 1_730_602_128_999 });
  });

  it('ends a minute after its last message', async () => {
    expect((await eventsOf(november)).at(-1)).toMatchObject({
      kind: 'heartbeat',
      session: 20,
      timeMs: 1_730_860_024_046 + 60_000,
      connected: true,
    });
  });

  it('gives the same records when it is played over a socket', async () => {
    const expected = await eventsOf(november);
    expect(comparable(await playedOverASocket(november))).toEqual(comparable(expected));
  }, 30_000);

  it('with session lines gives the same records when it is played over a socket', async () => {
    const path = await fileOf(
      { receivedTimeMs: t0 + 100, session: 'begin' },
      { receivedTimeMs: t0 + 180, message: status },
      { receivedTimeMs: t0 + 1_700, message: price(t0 / 1_000) },
      { receivedTimeMs: t0 + 9_000, message: { event: 'heartbeat', status: 'ok' } },
      { receivedTimeMs: t0 + 9_500, session: 'end', reason: 'connection ended without a close code' },
      { receivedTimeMs: t0 + 20_000, session: 'begin' },
      { receivedTimeMs: t0 + 20_080, message: status },
      { receivedTimeMs: t0 + 20_300, message: 'no JSON' },
      { receivedTimeMs: t0 + 20_700, message: price(t0 / 1_000 + 20) },
    );
    const expected = await eventsOf(path);
    expect(comparable(expected)).toMatchObject([
      { kind: 'session', session: 1, timeMs: t0 + 180 },
      { kind: 'heartbeat', timeMs: t0 + 1_500 },
      { kind: 'tick', timeMs: t0 + 1_700 },
      { kind: 'heartbeat', timeMs: t0 + 8_750 },
      {
        kind: 'session',
        session: 2,
        timeMs: t0 + 20_080,
        previous: { session: 1, reason: 'connection ended without a close code', lastDataMs: t0 + 1_700 },
      },
      { kind: 'heartbeat', timeMs: t0 + 20_250 },
      { kind: 'dead-letter', reason: 'malformed', value: 'no JSON' },
      { kind: 'heartbeat', timeMs: t0 + 20_500 },
      { kind: 'tick', session: 2, sequence: 1, timeMs: t0 + 20_700 },
      { kind: 'heartbeat', timeMs: t0 + 80_700 },
    ]);
    expect(comparable(await playedOverASocket(path))).toEqual(comparable(expected));
  });

  it('made of what a socket received gives the same records again', async () => {
    const path = join(folder, 'made.jsonl');
    const received = await playedOverASocket(november, path);
    expect(comparable(await eventsOf(path))).toEqual(comparable(received));
  }, 30_000);

  it('takes the reason of an end from its session line', async () => {
    const path = await fileOf(
      { receivedTimeMs: t0, session: 'begin' },
      { receivedTimeMs: t0 + 80, message: status },
      { receivedTimeMs: t0 + 60_000, session: 'end', reason: 'mute' },
      { receivedTimeMs: t0 + 61_000, session: 'begin' },
      { receivedTimeMs: t0 + 61_080, message: status },
    );
    expect((await eventsOf(path)).filter(event => event.kind === 'session')[1]?.previous).toEqual({
      session: 1,
      reason: 'mute',
      lastDataMs: t0 + 80,
    });
  });

  it('goes on after the session that the log knows', async () => {
    const path = await fileOf({ receivedTimeMs: t0, message: status });
    const feed = recordingFeed({ path, feed: 'twelve-data/0', startAfter: { session: 8, reason: 'ended without a word' } });
    const { value } = await feed.next();
    expect(value).toMatchObject({ kind: 'session', session: 9, previous: { session: 8 } });
    await feed.return();
  });

  it('that is malformed names the line, before anything is given out', async () => {
    const path = await fileOf({ receivedTimeMs: t0, message: status }, '', '{"receivedTimeMs":1,');
    await expect(eventsOf(path)).rejects.toMatchObject({ code: 'recording.malformed', message: expect.stringContaining('line 3') });
  });

  it('that is empty gives nothing', async () => {
    expect(await eventsOf(await fileOf())).toEqual([]);
  });

  it('plays at a speed when one is asked for', async () => {
    const path = await fileOf(
      { receivedTimeMs: 1_000, message: { event: 'subscribe-status', status: 'ok', success: [{ symbol: 'BTC/USD' }], fails: null } },
      { receivedTimeMs: 4_000, message: price(3) },
      { receivedTimeMs: 7_000, message: price(6) },
    );
    const startMs = performance.now();
    const times: number[] = [];
    for await (const event of recordingFeed({ path, feed: 'recording/0', speed: 20 }))
      if (event.kind === 'tick') times.push(performance.now() - startMs);
    expect(times).toHaveLength(2);
    expect(times[0]).toBeGreaterThanOrEqual(148);
    expect(times[1]).toBeGreaterThanOrEqual(298);
  });
});
