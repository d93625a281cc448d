import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Bar } from '@tapeline/core/bars';
import type { GapRecord } from '@tapeline/core/records';
import { barsTopic } from '@tapeline/core/topics';
import { openEmbeddedLog } from '@tapeline/log/embedded-log';
import { pino } from 'pino';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { aHeartbeat, aHistory, aSession, aTick, at } from './support/builders.ts';
import { type PoisonedLog, poisonedLog } from './support/poisoned-partition.ts';

const symbol = 'BTC/USD';
/** In it no tick came: the minute from 48 on has no bar. */
const gap = { fromMs: at(60 * 48), toMs: at(60 * 49), reason: 'mute' };

/** A tick at the begin of each of the minutes `from` to `to − 1`. */
function minutesOf(from: number, to: number) {
  return Array.from({ length: to - from }, (_, index) =>
    aTick({ timeMs: at(60 * (from + index) + 1), sequence: from + index + 1, price: 100 + from + index }),
  );
}

describe('history through the processor', () => {
  let market: PoisonedLog;
  beforeEach(async () => {
    const directory = temporaryFolder('history-log');
    market = await poisonedLog(await openEmbeddedLog({ directory, logger: pino({ level: 'silent' }) }));
  });
  afterEach(() => market.close());

  const bars = () => market.store.bars({ symbol, interval: '1m', fromMs: at(0), toMs: at(7_200) });
  const gaps = () => market.store.gaps({ fromMs: at(0), toMs: at(7_200) });

  /** The bars of the log, those of one minute in the order of the log. */
  async function loggedBars(startMs: number): Promise<readonly Bar[]> {
    const found: Bar[] = [];
    for (const [partition, { highWatermark }] of (await market.log.offsets(barsTopic.name)).entries()) {
      if (highWatermark === 0) continue;
      for await (const batch of market.log.read({ topic: barsTopic.name, partition, fromOffset: 0, toOffset: highWatermark })) {
        for (const { value } of batch.records) found.push(JSON.parse(Buffer.from(value ?? []).toString()));
      }
    }
    return found.filter(bar => bar.interval === '1m' && bar.startMs === startMs);
  }

  it('replaces a stored bar but for its indicators, makes one that was missing, and marks the gap as filled', async () => {
    const session = aSession({ timeMs: at(-600) });
    const lost: GapRecord = {
      v: 1,
      kind: 'gap',
      feed: session.feed,
      session: 1,
      symbols: [symbol],
      lost: 4,
      ...gap,
      receivedTimeMs: at(3_010),
    };
    await market.append(session, ...minutesOf(0, 48), aHeartbeat({ timeMs: at(3_010) }), lost);
    await market.process(async () => (await gaps()).length === 1);
    const [before] = await bars();
    const [stored] = (await bars()).filter(bar => bar.startMs === at(60 * 40));
    expect(stored?.indicators).toHaveProperty('sma20');
    expect(await gaps()).toMatchObject([{ ...gap, filled: false }]);

    await market.append(
      aHistory({ action: 'replace', startMs: at(60 * 40), endMs: at(60 * 41), flags: ['gap', 'filled'], revision: 1 }),
      aHistory({ startMs: at(60 * 48), endMs: at(60 * 49), volume: 5, gap }),
      aHistory({ startMs: at(60 * 49), endMs: at(60 * 50) }),
    );
    const metrics = await market.process(async () => (await market.deadLetters()).length === 1);
    const after = new Map((await bars()).map(bar => [bar.startMs, bar]));
    expect(after.get(at(60 * 40))).toEqual({
      ...{ symbol, interval: '1m', startMs: at(60 * 40), endMs: at(60 * 41), open: 10, high: 12, low: 9, close: 11, tickCount: 0 },
      ...{ state: 'final', flags: ['gap', 'filled'], revision: 1, versionUs: at(3_600) * 1_000, indicators: stored?.indicators },
    });
    expect(after.get(at(60 * 48))).toMatchObject({ close: 11, volume: 5, flags: ['filled'], revision: 0 });
    expect(after.get(at(60 * 49))).toBeUndefined();
    expect(after.get(at(0))).toEqual(before);
    expect(await gaps()).toMatchObject([{ ...gap, filled: true }]);
    expect(await market.deadLetters()).toMatchObject([
      { reason: 'early', detail: expect.stringMatching(/^endMs: ticks may still change/) },
    ]);
    expect(metrics).toContain('tapeline_stream_processor_history_records_total{action="replace"} 1');
    expect(metrics).toContain('tapeline_stream_processor_history_records_total{action="fill"} 1');
    expect(metrics).toContain('tapeline_stream_processor_dead_letters_total{reason="early"} 1');
    expect((await loggedBars(at(60 * 40))).map(({ close, flags, indicators }) => [close, flags, indicators === undefined])).toEqual([
      [140, [], false],
      [11, ['gap', 'filled'], true],
    ]);
  }, 60_000);

  it('leaves the same rows when the whole log is read at once', async () => {
    const filled = aHistory({ action: 'replace', startMs: at(60 * 40), endMs: at(60 * 41), revision: 1 });
    await market.append(aSession({ timeMs: at(-600) }), ...minutesOf(0, 45), aHeartbeat({ timeMs: at(3_000) }), filled);
    await market.process(async () => (await bars()).some(bar => bar.flags.includes('filled')));
    const [bar] = (await bars()).filter(({ startMs }) => startMs === filled.startMs);
    expect(bar).toMatchObject({ close: 11, indicators: { sma20: 130.5 } });
  }, 60_000);
});
