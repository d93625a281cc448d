import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { pause } from '@tapeline/core/pause';
import { decodeRecord, encodeRecord } from '@tapeline/core/record-codec';
import type { FeedRecord } from '@tapeline/core/records';
import { topics } from '@tapeline/core/topics';
import { openEmbeddedLog } from '@tapeline/log/embedded-log';
import type { MarketLog } from '@tapeline/log/market-log';
import { startSimulator } from '@tapeline/simulator/simulator';
import { Registry } from 'prom-client';
import { eventually } from '../../test/support/eventually.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import type { FeedEvent, LastSession } from '../src/feed.ts';
import { TickRuns } from '../src/hot/tick-run.ts';
import { type Ingester, type IngesterOptions, runIngester } from '../src/ingester.ts';
import { findLastSession } from '../src/last-session.ts';
import { recordingFeed } from '../src/recording-feed.ts';
import { twelveDataFeed } from '../src/twelve-data/twelve-data-feed.ts';
import { aHeartbeat, aSession, aTick, noonMs } from './support/events.ts';
import { aLogger } from './support/logger.ts';
import { logAway, MemoryLog } from './support/memory-log.ts';

const november = fileURLToPath(new URL('../../core/test/fixtures/twelvedata-2024-11-part1.jsonl', import.meta.url));

let folder = '';
let log: MarketLog;
beforeEach(async () => {
  folder = temporaryFolder('ingester');
  log = await openEmbeddedLog({ directory: folder, logger: aLogger().logger });
  await log.ensureTopics(topics.map(topic => ({ ...topic, partitions: topic.partitions ?? 4 })));
});
afterEach(async () => {
  await log.close();
});

function start(options: Partial<IngesterOptions> & Pick<IngesterOptions, 'openFeed'>): Ingester {
  const { logger } = aLogger();
  return runIngester({ feed: 'twelve-data/0', log, logger, registry: new Registry(), signal: new AbortController().signal, ...options });
}

async function recordsOf(partition: number): Promise<FeedRecord[]> {
  const offsets = await log.offsets('market-data.feed');
  const toOffset = offsets.find(each => each.partition === partition)?.highWatermark ?? 0;
  const records: FeedRecord[] = [];
  for await (const batch of log.read({ topic: 'market-data.feed', partition, fromOffset: 0, toOffset })) {
    records.push(...batch.records.map(record => decodeRecord(record.value)));
  }
  return records;
}

async function* feedOf(...events: readonly FeedEvent[]): AsyncGenerator<FeedEvent, void, undefined> {
  yield* events;
}

/** Heartbeats as from a vendor, faster. */
async function* speakingFeed(
  last: LastSession | undefined,
  signal: AbortSignal,
  timeMs = noonMs,
): AsyncGenerator<FeedEvent, void, undefined> {
  const session = (last?.session ?? 0) + 1;
  yield aSession({ session, timeMs, ...(last === undefined ? {} : { previous: last }) });
  for (; !signal.aborted; await pause(5, signal)) yield aHeartbeat({ session, timeMs });
}

describe('the ingester', () => {
  it('writes a whole recording into the log, waiting where the log is slow', async () => {
    const ingester = start({
      openFeed: startAfter => recordingFeed({ path: november, feed: 'twelve-data/0', startAfter }),
      maxBufferedEvents: 20,
    });
    expect(await ingester.finished).toEqual({
      feed: 'twelve-data/0',
      phase: 'ended',
      session: 20,
      symbols: 3,
      refused: 0,
      lastDataMs: 1_730_860_024_046,
      ticks: { received: 207, accepted: 207, refused: 0, lost: 0, buffered: 0 },
    });
    const partitions = await Promise.all([0, 1, 2, 3].map(recordsOf));
    expect(partitions.map(records => records.filter(record => record.kind === 'tick').length)).toEqual([0, 179, 0, 28]);
    expect(partitions.map(records => records.filter(record => record.kind === 'session').length)).toEqual([20, 20, 20, 20]);
  });

  it('goes on numbering where the log ends, with the gap from the last price', async () => {
    await start({ openFeed: () => feedOf(aSession({ session: 4, simulated: true }), aTick({ session: 4, receivedTimeMs: noonMs + 5 })) })
      .finished;
    expect(await findLastSession(log, 'twelve-data/0')).toEqual({ session: 4, reason: 'ended without a word', lastDataMs: noonMs + 5 });
    const { logger } = aLogger();
    const simulator = await startSimulator({ seed: 1, logger });
    const stop = new AbortController();
    const ingester = start({
      signal: stop.signal,
      openFeed: (lastSession, signal) =>
        twelveDataFeed({
          url: simulator.url,
          symbols: ['BTC/USD'],
          clock: Date.now,
          feedClock: false,
          logger,
          registry: new Registry(),
          signal,
          lastSession,
        }),
    });
    await ingester.subscribed;
    stop.abort();
    await ingester.finished;
    await simulator.close();
    expect((await recordsOf(0)).filter(record => record.kind === 'session')[1]).toMatchObject({
      session: 5,
      simulated: true,
      previous: { session: 4, reason: 'ended without a word', lastDataMs: noonMs + 5 },
    });
  });

  it('refuses a real market where the log has a simulated one, and the other way round, and writes nothing of it', async () => {
    const market = (session: number, simulated: boolean) => [aSession({ session, simulated }), aTick({ session }), aHeartbeat({ session })];
    await start({ openFeed: () => feedOf(...market(1, true)) }).finished;
    const real = start({ openFeed: () => feedOf(...market(2, false)) });
    await expect(real.finished).rejects.toMatchObject({
      code: 'configuration.invalid',
      message: expect.stringMatching(
        /^the log has twelve-data\/0 of a simulated market, and a real one answers now.*set DATA_DIR to another/,
      ),
    });
    expect((await recordsOf(1)).filter(record => 'session' in record && record.session === 2)).toEqual([]);
    await start({ openFeed: () => feedOf(...market(2, true)) }).finished;
    await start({ feed: 'finnhub/0', openFeed: () => feedOf(aSession({ feed: 'finnhub/0' })) }).finished;
    const simulated = start({ feed: 'finnhub/0', openFeed: () => feedOf(aSession({ feed: 'finnhub/0', session: 2, simulated: true })) });
    await expect(simulated.finished).rejects.toThrow('of a real market, and a simulated one answers now');
  });

  it('refuses a server that becomes another market while it runs', async () => {
    const ingester = start({ openFeed: () => feedOf(aSession(), aSession({ session: 2, simulated: true })) });
    await expect(ingester.finished).rejects.toThrow('of a real market, and a simulated one answers now');
  });

  it('is ready while it is subscribed and once a feed was played to its end, and says what is missing otherwise', async () => {
    const step = Promise.withResolvers<void>();
    const phases: (string | undefined)[] = [];
    const ingester = start({
      openFeed: async function* () {
        phases.push(ingester.check());
        yield aHeartbeat({ connected: false });
        phases.push(ingester.check());
        yield aSession();
        phases.push(ingester.check());
        yield aHeartbeat({ connected: false });
        phases.push(ingester.check());
        step.resolve();
      },
    });
    await step.promise;
    await ingester.finished;
    expect([...phases, ingester.check()]).toEqual([
      'the feed has not subscribed yet',
      'the feed has not subscribed yet',
      undefined,
      'the feed is disconnected',
      undefined,
    ]);
  });

  it('is not ready while another ingester has the feed, says so, and is again once its own session is the newest', async () => {
    const { logger, lines } = aLogger();
    const registry = new Registry();
    const superseded = async () => (await registry.getSingleMetric('tapeline_ingester_superseded')?.get())?.values[0]?.value;
    const reconnect = Promise.withResolvers<void>();
    const end = Promise.withResolvers<void>();
    const ingester = start({
      ...{ logger, registry, lookEveryMs: 20 },
      openFeed: async function* () {
        yield aSession();
        await reconnect.promise;
        yield aSession({ session: 2 });
        yield aSession({ session: 3 });
        await end.promise;
      },
    });
    await ingester.subscribed;
    await new Promise(resolve => setTimeout(resolve, 100));
    expect([ingester.check(), await superseded()]).toEqual([undefined, 0]);
    await start({ openFeed: () => feedOf(aSession({ session: 2 }), aHeartbeat({ session: 2 })) }).finished;
    await eventually('it knows', () => ingester.check() !== undefined);
    const told = 'another ingester has taken twelve-data/0 over (the log has its session 2, ours is 1), so our prices are refused';
    expect([ingester.check(), await superseded()]).toEqual([told, 1]);
    expect(lines.map(line => line.msg)).toContain(
      `${told}: end one of the two; this one takes the feed back when it has not heard the other for a minute`,
    );
    reconnect.resolve();
    await eventually('it is heard again', () => ingester.check() === undefined);
    end.resolve();
    await ingester.finished;
    expect(await superseded()).toBe(0);
  });

  it('takes the feed back when the other ingester is heard no more, by a session above it, with the gap from its last price', async () => {
    const { logger, lines } = aLogger();
    const stop = new AbortController();
    const ingester = start({ logger, lookEveryMs: 100, signal: stop.signal, openFeed: speakingFeed });
    await eventually('the log has it', async () => (await recordsOf(0)).length > 0);
    const other = new AbortController();
    const rival = start({
      signal: other.signal,
      openFeed: async function* (last, signal) {
        yield aSession({ session: (last?.session ?? 0) + 1 });
        yield aTick({ session: (last?.session ?? 0) + 1, receivedTimeMs: noonMs + 77 });
        for (; !signal.aborted; await pause(5, signal)) yield aHeartbeat({ session: (last?.session ?? 0) + 1, lastDataMs: noonMs + 77 });
      },
    });
    await eventually('it knows', () => ingester.check() !== undefined);
    await pause(1_000);
    expect([ingester.state().session, rival.state().session]).toEqual([1, 2]);
    other.abort();
    await eventually('it is heard again', () => ingester.check() === undefined && ingester.state().session === 3);
    stop.abort();
    await ingester.finished;
    expect(lines.map(({ msg }) => msg)).toContain(
      'taking twelve-data/0 back, by a session above all others: the other ingester is heard no more',
    );
    const sessions = (await recordsOf(0)).flatMap(record => (record.kind === 'session' ? [record] : []));
    expect(sessions.map(({ session }) => session)).toEqual([1, 2, 3]);
    expect(sessions[2]?.previous).toMatchObject({ session: 2, lastDataMs: noonMs + 77 });
  });

  it('begins anew above another ingester that began at the same moment with the same session number', async () => {
    const stop = new AbortController();
    const both = Promise.withResolvers<void>();
    const ready = both.promise;
    const known = Promise.withResolvers<void>();
    const openings: number[] = [];
    const twins = [noonMs, noonMs + 3].map(timeMs =>
      start({
        ...{ lookEveryMs: 100, signal: stop.signal, ready },
        openFeed: async function* (last, signal) {
          openings.push(timeMs);
          if (openings.length === 2) known.resolve();
          // Both have looked into the log before either has said anything.
          await known.promise;
          yield* speakingFeed(last, signal, timeMs + (openings.length > 2 ? 10 : 0));
        },
      }),
    );
    both.resolve();
    await eventually('one has it', () => twins.some(twin => twin.state().session === 2) && twins.some(twin => twin.check() !== undefined));
    const [first, second] = twins;
    expect([first?.state().session, second?.state().session]).toEqual([1, 2]);
    await pause(300);
    expect(openings).toEqual([noonMs, noonMs + 3, noonMs + 3]);
    expect([first?.check(), second?.check()]).toEqual([expect.stringContaining('the log has its session 2, ours is 1'), undefined]);
    stop.abort();
    await Promise.all(twins.map(({ finished }) => finished));
  });

  it('looks for such another one soon after its session has begun, for the prices of both count until then', async () => {
    const log = new MemoryLog(1);
    const stop = new AbortController();
    const value = encodeRecord(aSession({ timeMs: noonMs - 3 }));
    const sessions = () => log.records(0).flatMap(record => (record.kind === 'session' ? [record.session] : []));
    const ingester = start({ log, lookEveryMs: 3_600_000, signal: stop.signal, openFeed: speakingFeed });
    await eventually('it has begun', () => sessions().length === 1);
    await log.append([{ topic: 'market-data.feed', partition: 0, value }]);
    await eventually('it begins anew', () => sessions().includes(2), 10_000);
    stop.abort();
    await ingester.finished;
  });

  it('ends with what ended the feed, after writing what came before it', async () => {
    const ingester = start({
      openFeed: async function* () {
        yield aSession();
        yield aTick();
        throw new Error('the feed broke');
      },
    });
    await expect(ingester.finished).rejects.toThrow('the feed broke');
    expect(ingester.check()).toBe('the feed has ended');
    expect(ingester.state().ticks).toMatchObject({ received: 1, accepted: 1 });
  });

  it('drops nothing behind a run that filled the writer while it grew', async () => {
    const slow = new MemoryLog(1);
    const run = new TickRuns(1).take(1);
    const grow = (sequence: number) => {
      const tick = aTick({ sequence });
      const value = encodeRecord(tick);
      run.blocks[0]?.add(Buffer.from(tick.symbol), value, 0, value.length);
      run.added(tick.timeMs, tick.receivedTimeMs);
    };
    slow.hold();
    const ingester = start({
      log: slow,
      maxBufferedEvents: 10,
      openFeed: async function* () {
        yield aSession();
        await eventually('a write is under way', () => slow.inFlight === 1);
        grow(1);
        yield run;
        for (let sequence = 2; sequence <= 10; sequence += 1) grow(sequence);
        setTimeout(() => slow.resume(), 50);
        yield aTick({ sequence: 11 });
      },
    });
    await ingester.finished;
    expect(ingester.state().ticks).toMatchObject({ received: 11, accepted: 11, lost: 0 });
    expect(slow.records(0).flatMap(record => (record.kind === 'tick' ? record.sequence : []))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  it('numbers above all former sessions where the log may have forgotten them, for processors remember them', async () => {
    const kept = new MemoryLog(4);
    class ForgetfulLog extends MemoryLog {
      override async offsets(topic: string) {
        return (await super.offsets(topic)).map(range => ({ ...range, lowOffset: range.highWatermark }));
      }
    }
    const forgetful = new ForgetfulLog(4);
    const firsts: (number | undefined)[] = [];
    for (const memory of [kept, forgetful]) {
      const value = encodeRecord(aSession({ session: 57, feed: 'finnhub/0' }));
      await memory.append([0, 1, 2, 3].map(partition => ({ topic: 'market-data.feed', partition, value })));
      for (const feed of ['twelve-data/0', 'finnhub/0']) {
        const openFeed: IngesterOptions['openFeed'] = (last, _signal, firstSession) => {
          firsts.push(Math.max((last?.session ?? 0) + 1, firstSession ?? 1));
          return feedOf();
        };
        await start({ log: memory, feed, openFeed, clock: () => noonMs }).finished;
      }
    }
    const nowSession = noonMs / 1_000;
    expect(firsts).toEqual([1, 58, nowSession, nowSession]);
    expect(nowSession).toBeGreaterThan(1_700_000_000);
  });

  it('says that partitions were added to the log since its last session, and goes on', async () => {
    const memory = new MemoryLog(4);
    const { logger, lines } = aLogger();
    const openFeed = () => feedOf(aSession({ session: 2 }));
    const added = () => lines.filter(({ msg }) => msg.startsWith('partitions were added to market-data.feed'));
    await start({ log: memory, logger, openFeed: () => feedOf() }).finished;
    const value = encodeRecord(aSession({ session: 1 }));
    await memory.append([0, 1].map(partition => ({ topic: 'market-data.feed', partition, value })));
    await start({ log: memory, logger, openFeed }).finished;
    expect(added()).toMatchObject([{ level: 50, partitions: 4, added: [2, 3] }]);
    expect(memory.records(3)).toMatchObject([{ kind: 'session', session: 2 }]);
    await start({ log: memory, logger, openFeed }).finished;
    expect(added()).toHaveLength(1);
  });

  it('waits for a log that is away at the start', async () => {
    const away = new MemoryLog(2);
    const failing = away.offsets.bind(away);
    let asked = 0;
    away.offsets = async topic => {
      asked += 1;
      if (asked < 3) throw logAway;
      return failing(topic);
    };
    const { logger, lines } = aLogger();
    await start({ log: away, logger, openFeed: () => feedOf(aSession(), aTick()) }).finished;
    expect(lines.filter(({ msg }) => msg.startsWith('asking the log')).map(({ msg }) => msg)).toEqual([
      'asking the log for the last session failed: no broker answers; trying again',
      expect.stringMatching(/^asking the log for the last session: done at last after [01] s$/),
    ]);
    expect(away.records(0).map(record => record.kind)).toContain('session');
  });

  it('loses nothing that it was given when it is stopped', async () => {
    const { logger } = aLogger();
    const simulator = await startSimulator({ seed: 3, logger, market: { ticksPerSecond: 2_000 } });
    const stop = new AbortController();
    const ingester = start({
      signal: stop.signal,
      openFeed: (lastSession, signal) =>
        twelveDataFeed({
          url: simulator.url,
          symbols: ['BTC/USD', 'ETH/USD'],
          clock: Date.now,
          feedClock: false,
          logger,
          registry: new Registry(),
          signal,
          lastSession,
        }),
    });
    await ingester.subscribed;
    await pause(600);
    stop.abort();
    const { ticks } = await ingester.finished;
    await simulator.close();
    expect(ticks.received).toBeGreaterThan(50);
    expect(ticks).toEqual({ received: ticks.received, accepted: ticks.received, refused: 0, lost: 0, buffered: 0 });
    const stored = (await Promise.all([0, 1, 2, 3].map(recordsOf))).flat().filter(record => record.kind === 'tick');
    expect(stored.map(tick => tick.sequence).sort((a, b) => a - b)).toEqual(
      Array.from({ length: ticks.received }, (_, index) => index + 1),
    );
  });
});
