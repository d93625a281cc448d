import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { partitionOf } from '@tapeline/core/partitioner';
import { openEmbeddedLog } from '@tapeline/log/embedded-log';
import { pino } from 'pino';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { aHeartbeat, aSession, aTick, at } from './support/builders.ts';
import { metricOf, type PoisonedLog, partitions, poisonedLog } from './support/poisoned-partition.ts';
import { poisons } from './support/poisons.ts';

const symbol = 'BTC/USD';
const partition = partitionOf(symbol, partitions);
/** At home in the other partition. */
const other = ['AAPL', 'MSFT', 'ETH/USD', 'EUR/USD'].find(name => partitionOf(name, partitions) !== partition) as string;

describe('poison in the log', () => {
  let poisoned: PoisonedLog;
  beforeEach(async () => {
    const directory = temporaryFolder('poison-log');
    poisoned = await poisonedLog(await openEmbeddedLog({ directory, logger: pino({ level: 'silent' }) }));
  });
  afterEach(() => poisoned.close());

  it('becomes dead letters with reason, detail and origin, each value cut, and the partition goes on', async () => {
    await poisoned.append(aSession({ timeMs: at(-600), symbols: [symbol, other] }));
    for (const { value } of poisons) await poisoned.poison(symbol, value);
    await poisoned.append(aTick({ timeMs: at(1) }), aHeartbeat({ timeMs: at(62) }));
    const metrics = await poisoned.process(async () => (await poisoned.minutes(symbol)).length === 1);
    const letters = await poisoned.deadLetters();
    expect(letters).toHaveLength(poisons.length);
    for (const [index, { name, detail, value }] of poisons.entries()) {
      const letter = letters[index];
      expect([name, letter]).toMatchObject([name, { reason: 'malformed', origin: `market-data.feed/${partition}@${index + 1}` }]);
      expect([name, letter?.detail]).toEqual([name, expect.stringMatching(detail)]);
      expect(letter?.detail.length).toBeLessThanOrEqual(2_000);
      expect(letter?.value).toBe(Buffer.from(value).toString('utf8').slice(0, 65_536));
    }
    expect(metrics).toContain(`tapeline_stream_processor_dead_letters_total{reason="malformed"} ${poisons.length}`);
    expect(await poisoned.minutes(symbol)).toEqual([[at(0), 1]]);
  });

  it('is refused once: a second run begins behind it', async () => {
    await poisoned.append(aSession({ timeMs: at(-600) }));
    await poisoned.poison(symbol, 'hello');
    await poisoned.process(async () => (await poisoned.deadLetters()).length === 1);
    await poisoned.append(aTick({ timeMs: at(1) }), aHeartbeat({ timeMs: at(62) }));
    await poisoned.process(async () => (await poisoned.minutes(symbol)).length === 1);
    expect(await poisoned.deadLetters()).toHaveLength(1);
  });

  it('as the largest and smallest numbers there may be gives bars of numbers', async () => {
    const edges = [
      { price: 1e15, bid: 1e-22, ask: 1e15, size: 1e18 },
      { price: 1e-22, bid: 1e15, ask: 1e-22, size: 1e-300 },
    ];
    await poisoned.append(
      aSession({ timeMs: at(-600) }),
      ...Array.from({ length: 60 }, (_, index) => aTick({ timeMs: at(index), ...edges[index % 2] })),
      aHeartbeat({ timeMs: at(62) }),
    );
    await poisoned.process(async () => (await poisoned.minutes(symbol)).length === 1);
    const bars = await poisoned.store.bars({ symbol, interval: '1s', fromMs: at(0), toMs: at(60) });
    const numbers = bars
      .flatMap(bar => [...Object.values(bar), ...Object.values(bar.indicators ?? {})])
      .filter(value => typeof value === 'number');
    expect(bars).toHaveLength(60);
    expect(bars.at(-1)?.indicators).toHaveProperty('macdHistogram');
    expect(numbers.filter(value => !Number.isFinite(value))).toEqual([]);
  });

  it('as a flood does not keep good records of this partition or another from their bars', async () => {
    const flood = Array.from({ length: 50_000 }, (_, index) => `{"v":1,"kind":"tick","price":${index}}`);
    await poisoned.append(aSession({ timeMs: at(-600), symbols: [symbol, other] }), aTick({ timeMs: at(1) }));
    await poisoned.poison(symbol, ...flood.slice(0, 25_000));
    await poisoned.append(aTick({ timeMs: at(2) }), aTick({ timeMs: at(3), symbol: other }), aHeartbeat({ timeMs: at(62) }));
    await poisoned.poison(symbol, ...flood.slice(25_000));
    await poisoned.append(aTick({ timeMs: at(63) }), aHeartbeat({ timeMs: at(130) }));
    const metrics = await poisoned.process(async () => (await poisoned.minutes(symbol)).length === 2, 120_000);
    expect(await poisoned.minutes(symbol)).toEqual([
      [at(0), 2],
      [at(60), 1],
    ]);
    expect(await poisoned.minutes(other)).toEqual([[at(0), 1]]);
    expect(metrics).toContain('tapeline_stream_processor_dead_letters_total{reason="malformed"} 50000');
    const origins = (await poisoned.deadLetters()).map(letter => letter.origin);
    expect(new Set(origins).size).toBe(50_000);
  }, 150_000);

  it('of a newer format pauses its partition with all before it durable, says so, and lets the others go on', async () => {
    await poisoned.append(
      aSession({ timeMs: at(-600), symbols: [symbol, other] }),
      aTick({ timeMs: at(1) }),
      aHeartbeat({ timeMs: at(62) }),
    );
    await poisoned.poison(symbol, '{"v":2,"kind":"tick","symbol":"BTC/USD"}');
    await poisoned.append(aTick({ timeMs: at(63) }), aTick({ timeMs: at(63), symbol: other }), aHeartbeat({ timeMs: at(130) }));
    const metrics: string[] = [];
    await poisoned.process(async registry => {
      metrics.push(await registry.metrics());
      return (
        metricOf(metrics.at(-1) ?? '', 'tapeline_stream_processor_paused_partitions') === 1 && (await poisoned.minutes(other)).length === 1
      );
    });
    expect(await poisoned.minutes(symbol)).toEqual([[at(0), 1]]);
    expect(await poisoned.minutes(other)).toEqual([[at(60), 1]]);
    expect(await poisoned.deadLetters()).toEqual([]);
    const key = { consumerGroup: 'stream-processor', topic: 'market-data.feed', partition };
    expect((await poisoned.store.loadSnapshot(key))?.nextOffset).toBe(3);
  });
});
