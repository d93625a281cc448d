import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PipelineError } from '@tapeline/core/errors';
import { partitionOf } from '@tapeline/core/partitioner';
import type { MarketStore } from '@tapeline/database/market-store';
import type { MarketLog } from '@tapeline/log/market-log';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { eventually } from '../../test/support/eventually.ts';
import { foldOptions, type RunningMarket, startMarket } from './support/running-market.ts';
import { tenOClockMs } from './support/stocked-board.ts';

let running: RunningMarket;
let nowMs: number;

beforeEach(async () => {
  nowMs = tenOClockMs + 60_000;
  running = await startMarket({ now: () => nowMs });
});

afterEach(() => running.close());

async function aQuarterOfAMinute(): Promise<void> {
  const { feed } = running;
  await feed.append(
    feed.session({ timeMs: tenOClockMs, symbols: ['BTC/USD', 'EUR/USD'] }),
    feed.tick({ symbol: 'BTC/USD', price: 100, timeMs: tenOClockMs + 1_000 }),
    feed.tick({ symbol: 'EUR/USD', price: 1.1, timeMs: tenOClockMs + 2_000 }),
    feed.tick({ symbol: 'BTC/USD', price: 104, timeMs: tenOClockMs + 3_000 }),
    feed.heartbeat(tenOClockMs + 15_000),
  );
}

/** A processor stores both symbols, with its snapshots, and ends. */
async function stored(): Promise<void> {
  const processor = running.startProcessor();
  await eventually('stored', async () => (await running.store.latest()).length === 2);
  await processor.stop();
}
const caughtUp = () => eventually('the market shows the present', () => running.market.caughtUp());

describe('the live market', () => {
  it('shows latest prices, forming bars and symbols of every partition', async () => {
    await aQuarterOfAMinute();
    await eventually('both symbols', () => running.market.latest().length === 2);
    expect([partitionOf('BTC/USD', 2), partitionOf('EUR/USD', 2)]).toEqual([1, 0]);
    expect(running.market.symbols()).toEqual(['BTC/USD', 'EUR/USD']);
    expect(running.market.latestOf('BTC/USD')).toEqual({
      symbol: 'BTC/USD',
      price: 104,
      timeMs: tenOClockMs + 3_000,
      receivedTimeMs: tenOClockMs + 3_000,
    });
    expect(running.market.forming('BTC/USD', '1m')).toMatchObject({
      open: 100,
      high: 104,
      low: 100,
      close: 104,
      tickCount: 2,
      state: 'forming',
    });
    expect(running.market.forming('NOBODY', '1m')).toBeUndefined();
  });

  it('collects what changed until somebody looks, bars at their newest', async () => {
    const watch = running.market.watch();
    await aQuarterOfAMinute();
    await eventually(
      'the heartbeat',
      () => running.market.recent('EUR/USD', '1s').bars.length > 0 && running.market.recent('BTC/USD', '1s').bars.length > 1,
    );
    const changes = watch.drain();
    expect([...changes.symbols].sort()).toEqual(['BTC/USD', 'EUR/USD']);
    expect(changes.bars.filter(bar => bar.symbol === 'BTC/USD').map(bar => `${bar.interval} ${bar.close}`)).toEqual([
      '1s 100',
      '1s 104',
      '5s 104',
    ]);
    expect(watch.drain()).toEqual({ symbols: new Set(), bars: [], missedBars: expect.any(Boolean), alerts: [] });
  });

  it('begins where the snapshot of a processor ends and shows the same', async () => {
    await aQuarterOfAMinute();
    await caughtUp();
    await eventually('both symbols', () => running.market.latest().length === 2);
    const before = [running.market.latest(), running.market.forming('BTC/USD', '1m'), running.market.forming('BTC/USD', '1d')];
    await stored();
    const reads: number[] = [];
    const log = watched(running.log, fromOffset => reads.push(fromOffset));
    await running.restartMarket({ log });
    await caughtUp();
    expect([running.market.latest(), running.market.forming('BTC/USD', '1m'), running.market.forming('BTC/USD', '1d')]).toEqual(before);
    // The last record before, by which the log is known again: looked at, and read on from.
    expect(reads.sort()).toEqual([2, 2, 3, 3]);
  });

  it('goes on with the log after the snapshot', async () => {
    await aQuarterOfAMinute();
    await stored();
    await running.restartMarket();
    await caughtUp();
    await running.feed.append(running.feed.tick({ symbol: 'BTC/USD', price: 90, timeMs: tenOClockMs + 20_000 }));
    await eventually('the new price', () => running.market.latestOf('BTC/USD')?.price === 90);
    expect(running.market.forming('BTC/USD', '1m')).toMatchObject({ open: 100, high: 104, low: 90, close: 90, tickCount: 3 });
  });

  it('skips malformed and newer records with a log line each ten seconds at most, and counts them all', async () => {
    const lines: string[] = [];
    const registry = new Registry();
    await running.restartMarket({ logger: pino({}, { write: line => void lines.push(line) }), registry });
    await aQuarterOfAMinute();
    const { feed } = running;
    await feed.appendRaw(1, Buffer.from('{"v":1,"kind":"tick"}'));
    await feed.appendRaw(1, Buffer.from('not JSON'));
    await feed.appendRaw(1, Buffer.from('{"v":2,"kind":"tick"}'));
    await feed.append(feed.tick({ symbol: 'BTC/USD', price: 99, timeMs: tenOClockMs + 16_000 }));
    await eventually('the price behind them', () => running.market.latestOf('BTC/USD')?.price === 99);
    const skips = lines
      .map(line => JSON.parse(line) as { msg: string; partition: number; offset: number })
      .filter(line => line.msg.includes('skips'));
    expect(skips).toMatchObject([{ partition: 1, offset: 4 }]);
    const values = (await registry.getSingleMetric('tapeline_live_board_records_skipped_total')?.get())?.values.map(({ labels, value }) => [
      labels.code,
      value,
    ]);
    expect(values).toEqual([
      ['record.invalid', 2],
      ['record.newer', 1],
    ]);
  });

  it('waits until the store answers, and says so meanwhile', async () => {
    let failures = 8;
    const lines: string[] = [];
    const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line).msg) });
    const store: MarketStore = Object.create(running.store, {
      loadSnapshot: {
        value: (key: Parameters<MarketStore['loadSnapshot']>[0]) => {
          failures -= 1;
          if (failures >= 0) return Promise.reject(new PipelineError('store.unavailable', 'nobody answers', { retriable: true }));
          return running.store.loadSnapshot(key);
        },
      },
    });
    await running.restartMarket({ store, logger });
    await eventually('the problem', () => running.market.problem() === 'nobody answers');
    await aQuarterOfAMinute();
    await eventually('the end of the problem', () => running.market.problem() === undefined);
    await eventually('both symbols', () => running.market.latest().length === 2);
    await eventually('the last line', () => lines.length > 1);
    expect(lines).toEqual(['live market: nobody answers; trying again', 'live market: every partition is followed again']);
  });

  it('goes on where it stopped when the log breaks, without applying a record twice', async () => {
    await aQuarterOfAMinute();
    let breaks = 2;
    const log: MarketLog = Object.create(running.log, {
      partitionCount: { value: (topic: string) => running.log.partitionCount(topic) },
      offsets: { value: (topic: string) => running.log.offsets(topic) },
      read: {
        value: async function* (request: Parameters<MarketLog['read']>[0]) {
          for await (const batch of running.log.read(request)) {
            yield batch;
            breaks -= 1;
            if (breaks >= 0) throw new PipelineError('log.unavailable', 'the broker went away', { retriable: true });
          }
        },
      },
    });
    await running.restartMarket({ log });
    await eventually('both symbols', () => running.market.latest().length === 2);
    await running.feed.append(running.feed.tick({ symbol: 'BTC/USD', price: 101, timeMs: tenOClockMs + 21_000 }));
    await eventually('the new price', () => running.market.latestOf('BTC/USD')?.price === 101);
    expect(running.market.forming('BTC/USD', '1m')).toMatchObject({ tickCount: 3 });
  });

  it('says what to do when the log does not reach back to the snapshot', async () => {
    await running.store.saveSnapshot(
      { consumerGroup: 'stream-processor', topic: 'market-data.feed', partition: 1 },
      { nextOffset: 3, versionUs: 1, formatVersion: 1, state: new Uint8Array() },
    );
    const log: MarketLog = Object.create(running.log, {
      partitionCount: { value: (topic: string) => running.log.partitionCount(topic) },
      offsets: { value: async () => [0, 1].map(partition => ({ partition, lowOffset: 5, highWatermark: 9 })) },
      read: { value: async function* () {} },
    });
    await running.restartMarket({ log });
    await eventually(
      'the problem',
      () => running.market.problem()?.startsWith('the snapshot ends at offset 3, the log begins at 5') === true,
    );
  });

  it('does not go on from a snapshot that was made from another log, as long as it may be, and says so', async () => {
    await aQuarterOfAMinute();
    await stored();
    const other = await startMarket();
    const { feed } = other;
    await feed.append(feed.session({ timeMs: tenOClockMs, symbols: [] }));
    await feed.append(...[20, 21, 22, 23, 24].map(seconds => feed.heartbeat(tenOClockMs + seconds * 1_000)));
    await running.restartMarket({ log: other.log });
    await eventually(
      'the problem',
      () => running.market.problem()?.startsWith('the snapshot was made from another log: at offset') === true,
    );
    expect(running.market.latest()).toEqual([]);
    await running.restartMarket();
    await caughtUp();
    await other.close();
  });

  it('takes nothing of another log in that comes into its place right after the look, or while the log is away', async () => {
    await aQuarterOfAMinute();
    await stored();
    const other = await startMarket();
    const { feed } = other;
    await feed.append(feed.session({ timeMs: tenOClockMs, symbols: ['BTC/USD'] }));
    await feed.append(...[20, 21, 22, 23].map(second => feed.tick({ symbol: 'BTC/USD', price: 7, timeMs: tenOClockMs + second * 1_000 })));
    await feed.append(...[24, 25, 26].map(second => feed.heartbeat(tenOClockMs + second * 1_000)));
    const isOther = 'the log is another one now: at offset';
    for (const away of [[0, 1], []]) {
      const isAway = new Set<number>(away);
      const read: MarketLog['read'] = async function* (request) {
        const isLook = request.toOffset !== undefined;
        const now = isAway.has(request.partition) && !isLook ? other.log : running.log;
        for await (const batch of now.read(request)) {
          yield batch;
          if (isLook || isAway.has(request.partition)) continue;
          isAway.add(request.partition);
          throw new PipelineError('log.unavailable', 'the broker went away', { retriable: true });
        }
      };
      await running.restartMarket({ log: { ...watched(running.log, () => {}), read } });
      await eventually('the problem', () => running.market.problem()?.startsWith(isOther) === true);
      expect(running.market.latestOf('BTC/USD')?.price).not.toBe(7);
    }
    await other.close();
  });

  it('asks for the settings of the processors when it has others, and goes on when it has them', async () => {
    await aQuarterOfAMinute();
    await stored();
    await running.restartMarket({ foldOptions: { ...foldOptions, allowedLatenessMs: 5_000 } });
    await eventually('the problem', () => /stream processors save, and needs .* settings: /.test(running.market.problem() ?? ''));
    expect(running.market.problem()).toContain('ALLOWED_LATENESS_MS=2000, now it is 5000');
    await running.restartMarket();
    await caughtUp();
    expect(running.market.problem()).toBeUndefined();
  });

  it('keeps following after its screens are gone, and stops with its signal', async () => {
    const watch = running.market.watch();
    watch.close();
    await aQuarterOfAMinute();
    await eventually('both symbols', () => running.market.latest().length === 2);
    expect(watch.drain().symbols.size).toBe(0);
  });
});

describe('the state of a feed', () => {
  const state = () => running.market.feeds().map(feed => [feed.condition, feed.sinceMs - tenOClockMs]);

  it('is live while its heartbeats go on and silent five seconds after the last', async () => {
    nowMs = tenOClockMs + 15_000;
    await aQuarterOfAMinute();
    await eventually('the heartbeat', () => running.market.feeds()[0]?.watermarkMs === tenOClockMs + 15_000);
    expect(state()).toEqual([['live', 0]]);
    nowMs += 5_001;
    expect(state()).toEqual([['silent', 15_000]]);
    await running.feed.append(running.feed.heartbeat(tenOClockMs + 20_000));
    await eventually('life', () => state()[0]?.[0] === 'live');
  });

  it('is silent when somebody looks again after nobody did, however it ended meanwhile', async () => {
    nowMs = tenOClockMs + 15_000;
    await aQuarterOfAMinute();
    await eventually('life', () => state()[0]?.[0] === 'live');
    const { feed } = running;
    await feed.append(feed.heartbeat(tenOClockMs + 16_000), feed.tick({ symbol: 'BTC/USD', price: 90, timeMs: tenOClockMs + 16_000 }));
    await eventually('the price after the last heartbeat', () => running.market.latestOf('BTC/USD')?.price === 90);
    await sleep(1_200);
    nowMs += 60_000;
    expect(state()).toEqual([['silent', 16_000]]);
  });

  it('is silent from the start when its last heartbeat is old', async () => {
    nowMs = tenOClockMs + 3_600_000;
    await aQuarterOfAMinute();
    await eventually('the feed', () => running.market.feeds()[0]?.watermarkMs === tenOClockMs + 15_000);
    await running.restartMarket();
    await eventually('the feed', () => running.market.feeds().length === 1 && running.market.caughtUp());
    nowMs += 5_001;
    expect(state()).toEqual([['silent', 15_000]]);
  });

  it('has ended with the last price of a recording, once a heartbeat stands behind all that it has: no gap; while it pauses it is silent', async () => {
    nowMs = tenOClockMs + 86_400_000;
    const { feed } = running;
    const name = 'recording/0';
    await feed.append(
      feed.session({ feed: name, timeMs: tenOClockMs, symbols: ['BTC/USD'] }),
      feed.tick({ feed: name, symbol: 'BTC/USD', price: 100, timeMs: tenOClockMs + 1_000 }),
      feed.heartbeat(tenOClockMs + 750, { feed: name }),
    );
    await eventually('the heartbeat', () => running.market.feeds()[0]?.watermarkMs === tenOClockMs + 750 && running.market.caughtUp());
    nowMs += 5_001;
    expect(state()).toEqual([['silent', 750]]);
    await feed.append(feed.heartbeat(tenOClockMs + 61_000, { feed: name, lastDataMs: tenOClockMs + 1_000 }));
    await eventually('the last heartbeat', () => running.market.feeds()[0]?.watermarkMs === tenOClockMs + 61_000);
    nowMs += 5_001;
    expect(state()).toEqual([['ended', 1_000]]);
    expect(running.market.openGap('BTC/USD', running.market.feeds())).toBeUndefined();
  });

  it('is a gap since its last price when it lost its connection', async () => {
    nowMs = tenOClockMs + 15_000;
    await aQuarterOfAMinute();
    await running.feed.append(running.feed.heartbeat(tenOClockMs + 16_000, { connected: false, lastDataMs: tenOClockMs + 3_000 }));
    await eventually('the loss', () => state()[0]?.[0] === 'gap');
    expect(state()).toEqual([['gap', 3_000]]);
    await running.feed.append(running.feed.session({ timeMs: tenOClockMs + 30_000, symbols: ['BTC/USD'] }));
    await eventually('the next session', () => running.market.feeds()[0]?.session === 2);
    expect(state()).toEqual([['live', 30_000]]);
  });

  it('leaves its symbols in a gap since the last price, and those that it gives up too', async () => {
    nowMs = tenOClockMs + 15_000;
    await aQuarterOfAMinute();
    const gap = (symbol = 'BTC/USD') => running.market.openGap(symbol, running.market.feeds());
    expect([gap(), gap('never seen')]).toEqual([undefined, undefined]);
    await running.feed.append(running.feed.heartbeat(tenOClockMs + 16_000, { connected: false, lastDataMs: tenOClockMs + 3_000 }));
    await eventually('the loss', () => gap() !== undefined);
    expect(gap()).toEqual({ fromMs: tenOClockMs + 3_000, reason: 'twelve-data/0 is disconnected' });
    await running.feed.append(running.feed.session({ timeMs: tenOClockMs + 30_000, symbols: ['BTC/USD'] }));
    await eventually('the next session', () => gap() === undefined);
    nowMs = tenOClockMs + 60_000;
    expect(gap()?.reason).toBe('nothing is heard from twelve-data/0');
    await running.feed.append(running.feed.session({ timeMs: tenOClockMs + 61_000, symbols: ['ETH/USD'] }));
    await eventually('the third session', () => gap()?.reason === 'no feed has it any more');
    expect(gap('ETH/USD')).toBeUndefined();
  });
});

/** The same log, telling where each reading begins. */
function watched(log: MarketLog, told: (fromOffset: number) => void): MarketLog {
  return {
    ensureTopics: topics => log.ensureTopics(topics),
    partitionCount: topic => log.partitionCount(topic),
    offsets: topic => log.offsets(topic),
    append: entries => log.append(entries),
    appendBlocks: blocks => log.appendBlocks(blocks),
    read: request => {
      told(request.fromOffset);
      return log.read(request);
    },
    join: request => log.join(request),
    close: () => log.close(),
  };
}
