/** What every part behind `MarketStore` does; each of them runs these tests on a store of its own. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Bar } from '@tapeline/core/bars';
import type { MarketStore, SnapshotKey } from '@tapeline/database/market-store';
import { storeBatch } from '@tapeline/database/store-batch';
import { aBar, aFullBar, aGap, aLatest, anAlert, anInstrument, aState, aTick, noonMs, noonUs } from './support/rows.ts';

export interface StoreUnderTest {
  /** Opens the same data again, as another process would; not migrated. */
  open(options?: { readonly ticks?: boolean }): MarketStore;
  /** Removes the data. */
  remove(): Promise<void>;
}

const dayMs = 86_400_000;
const hourMs = 3_600_000;
const wholeDay = { fromMs: noonMs - dayMs / 2, toMs: noonMs + dayMs / 2 };

/**
 * Describes the contract for the store that `start` gives. The tests share one store: each writes symbols, days or partitions of
 * its own.
 */
export function describeMarketStoreContract(name: string, start: () => Promise<StoreUnderTest>): void {
  describe(name, () => {
    let underTest: StoreUnderTest;
    let store: MarketStore;

    beforeAll(async () => {
      underTest = await start();
      store = underTest.open();
    }, 180_000);

    afterAll(async () => {
      await store.close();
      await underTest.remove();
    }, 60_000);

    it('is not ready before its migrations ran, and says what to do', async () => {
      await expect(store.ready()).rejects.toMatchObject({ code: 'store.schema-missing', message: expect.stringMatching(/migrat/) });
      await expect(store.latest()).rejects.toMatchObject({ code: 'store.schema-missing' });
      await expect(store.write(storeBatch({ bars: [aBar()] }))).rejects.toMatchObject({ code: 'store.schema-missing' });
    }, 60_000);

    it('is ready after migrations that two ran at once, and a third finds nothing to do', async () => {
      const other = underTest.open();
      await Promise.all([store.migrate(), other.migrate()]);
      await other.migrate();
      await Promise.all([store.ready(), other.ready()]);
      await other.close();
    }, 180_000);

    describe('bars', () => {
      it('come back as they were written, all fields included', async () => {
        const bar = aFullBar({ symbol: 'full/1', interval: '15s', endMs: noonMs + 15_000, revision: 3 });
        await store.write(storeBatch({ bars: [bar] }));
        expect(await store.bars({ symbol: 'full/1', interval: '15s', ...wholeDay })).toStrictEqual([bar]);
      });

      it('keep what is absent absent, and prices exact', async () => {
        const bar = aBar({ symbol: 'absent/1', open: 80054.02, high: 80054.02, low: 0.00001234, close: 80054.02 });
        await store.write(storeBatch({ bars: [bar] }));
        const [read] = await store.bars({ symbol: 'absent/1', interval: '1m', ...wholeDay });
        expect(read).toStrictEqual(bar);
        expect(read).not.toHaveProperty('volume');
        expect(read?.open).toBe(80054.02);
        expect(read?.low).toBe(0.00001234);
      });

      it('keep a volume of 0 apart from no volume', async () => {
        await store.write(storeBatch({ bars: [aBar({ symbol: 'zero/1', volume: 0 })] }));
        const [read] = await store.bars({ symbol: 'zero/1', interval: '1m', ...wholeDay });
        expect(read?.volume).toBe(0);
        expect(read).not.toHaveProperty('vwap');
      });

      it('are never overwritten by an older version, in whatever order they arrive', async () => {
        const older = aFullBar({ symbol: 'order/1', close: 100, versionUs: noonUs + 1 });
        const newer = aBar({ symbol: 'order/1', close: 101, revision: 1, flags: ['corrected'], versionUs: noonUs + 2 });
        const mirrored = (bar: Bar) => ({ ...bar, symbol: 'order/2' });
        await store.write(storeBatch({ bars: [older] }));
        await store.write(storeBatch({ bars: [newer] }));
        await store.write(storeBatch({ bars: [mirrored(newer)] }));
        await store.write(storeBatch({ bars: [mirrored(older)] }));
        expect(await store.bars({ symbol: 'order/1', interval: '1m', ...wholeDay })).toStrictEqual([newer]);
        expect(await store.bars({ symbol: 'order/2', interval: '1m', ...wholeDay })).toStrictEqual([mirrored(newer)]);
      });

      it('count at their highest version when one batch holds several', async () => {
        const versions = [2, 4, 1, 3].map(step =>
          aBar({ symbol: 'batch/1', close: 69_140.5 + step, revision: step, versionUs: noonUs + step }),
        );
        await store.write(storeBatch({ bars: versions }));
        const read = await store.bars({ symbol: 'batch/1', interval: '1m', ...wholeDay });
        expect(read.map(bar => [bar.close, bar.revision, bar.versionUs])).toEqual([[69_144.5, 4, noonUs + 4]]);
      });

      it('are found by a half-open range across buckets and days, oldest or newest first, up to the limit', async () => {
        // 2024-11-03T23:58:00Z … 2024-11-04T00:01:59Z: the second of these days, and the half of it, changes in between.
        const midnightMs = Date.parse('2024-11-04T00:00:00.000Z');
        const starts = Array.from({ length: 240 }, (_, i) => midnightMs - 120_000 + i * 1_000);
        await store.write(
          storeBatch({ bars: starts.map(startMs => aBar({ symbol: 'range/1', interval: '1s', startMs, endMs: startMs + 1_000 })) }),
        );
        const read = async (query: Partial<Parameters<MarketStore['bars']>[0]>) =>
          (await store.bars({ symbol: 'range/1', interval: '1s', fromMs: midnightMs - 2_000, toMs: midnightMs + 2_000, ...query })).map(
            bar => (bar.startMs - midnightMs) / 1_000,
          );
        expect(await read({})).toEqual([-2, -1, 0, 1]);
        expect(await read({ order: 'descending' })).toEqual([1, 0, -1, -2]);
        expect(await read({ limit: 3 })).toEqual([-2, -1, 0]);
        expect(await read({ limit: 3, order: 'descending' })).toEqual([1, 0, -1]);
        expect(await read({ fromMs: midnightMs, toMs: midnightMs })).toEqual([]);
        expect((await read({ fromMs: midnightMs - dayMs, toMs: midnightMs + dayMs })).length).toBe(240);
      });

      it('are found in a range from the beginning of time to its end', async () => {
        const starts = ['2023-06-30T23:59:59.000Z', '2024-01-01T00:00:00.000Z', '2025-12-31T12:00:00.000Z'].map(text => Date.parse(text));
        await store.write(
          storeBatch({ bars: starts.map(startMs => aBar({ symbol: 'ever/1', interval: '1s', startMs, endMs: startMs + 1_000 })) }),
        );
        const ever = { symbol: 'ever/1', interval: '1s', fromMs: 0, toMs: Number.MAX_SAFE_INTEGER } as const;
        expect((await store.bars(ever)).map(bar => bar.startMs)).toEqual(starts);
        expect((await store.bars({ ...ever, order: 'descending', limit: 2 })).map(bar => bar.startMs)).toEqual(
          starts.toReversed().slice(0, 2),
        );
      }, 60_000);

      it.each([
        ['1m', '2024-10-31T23:59:00.000Z', '2024-11-01T00:00:00.000Z'],
        ['15m', '2023-12-31T23:45:00.000Z', '2024-01-01T00:00:00.000Z'],
        ['1d', '1999-12-31T00:00:00.000Z', '2024-11-03T00:00:00.000Z'],
      ] as const)('of %s are found on both sides of %s and %s', async (interval, before, after) => {
        const starts = [Date.parse(before), Date.parse(after)];
        await store.write(storeBatch({ bars: starts.map(startMs => aBar({ symbol: 'sides/1', interval, startMs })) }));
        const read = await store.bars({ symbol: 'sides/1', interval, fromMs: starts[0]!, toMs: starts[1]! + 1 });
        expect(read.map(bar => bar.startMs)).toEqual(starts);
      });

      it('of history leave the indicators as they are stored, and nothing else', async () => {
        const { indicators, ...ofTicks } = aFullBar({ symbol: 'history/1', versionUs: noonUs });
        const history = aBar({ symbol: 'history/1', close: 101, volume: 3, revision: 1, flags: ['gap', 'filled'], versionUs: noonUs + 1 });
        const again = { ...history, close: 102, flags: ['gap', 'filled', 'mismatch'], revision: 2, versionUs: noonUs + 2 } as const;
        const read = async () => store.bars({ symbol: 'history/1', interval: '1m', ...wholeDay });
        await store.write(storeBatch({ bars: [{ ...ofTicks, indicators }] }));
        await store.write(storeBatch({ bars: [history] }));
        expect(await read()).toStrictEqual([{ ...history, indicators }]);
        await store.write(storeBatch({ bars: [again] }));
        await store.write(storeBatch({ bars: [history, { ...ofTicks, indicators }] }));
        expect(await read()).toStrictEqual([{ ...again, indicators }]);
      });

      it('of history leave the indicators of a bar that comes in the same batch, before or behind them', async () => {
        const bars = (symbol: string) => {
          const ofTicks = aFullBar({ symbol, versionUs: noonUs });
          return [ofTicks, aBar({ symbol, close: 101, revision: 1, flags: ['filled'], versionUs: noonUs + 1 })] as const;
        };
        for (const [symbol, order] of [['history/2', bars('history/2')] as const, ['history/3', bars('history/3').toReversed()] as const]) {
          await store.write(storeBatch({ bars: order }));
          const [ofTicks, history] = bars(symbol);
          const expected = [{ ...history, indicators: ofTicks.indicators }];
          expect(await store.bars({ symbol, interval: '1m', ...wholeDay })).toStrictEqual(expected);
        }
      });

      it('of history make a bar where none was, and give way to a newer one that ticks made', async () => {
        const history = aBar({ symbol: 'history/4', tickCount: 0, flags: ['filled'], versionUs: noonUs });
        const newer = aBar({ symbol: 'history/4', revision: 1, flags: ['gap'], versionUs: noonUs + 1 });
        const read = async () => store.bars({ symbol: 'history/4', interval: '1m', ...wholeDay });
        await store.write(storeBatch({ bars: [history] }));
        expect(await read()).toStrictEqual([history]);
        await store.write(storeBatch({ bars: [newer] }));
        expect(await read()).toStrictEqual([newer]);
      });

      it('are counted with their revisions, across buckets and beyond the limit of a query', async () => {
        const midnightMs = Date.parse('2024-11-04T00:00:00.000Z');
        const bars = [-2, -1, 0, 1].map(at => {
          const startMs = midnightMs + at * 1_000;
          return aBar({ symbol: 'totals/1', interval: '1s', startMs, endMs: startMs + 1_000, revision: at + 2 });
        });
        await store.write(storeBatch({ bars: [...bars, aBar({ symbol: 'totals/1', startMs: midnightMs }), aBar({ symbol: 'totals/2' })] }));
        const totals = (fromMs: number, toMs: number, symbol = 'totals/1') => store.barTotals({ symbol, interval: '1s', fromMs, toMs });
        expect(await totals(midnightMs - dayMs, midnightMs + dayMs)).toEqual({ bars: 4, revisions: 6 });
        expect(await totals(midnightMs - 1_000, midnightMs + 1_000)).toEqual({ bars: 2, revisions: 3 });
        expect(await totals(midnightMs - dayMs, midnightMs + dayMs, 'totals/2')).toEqual({ bars: 0, revisions: 0 });
        expect(await totals(midnightMs, midnightMs)).toEqual({ bars: 0, revisions: 0 });
      });

      it('of another interval or symbol stay out', async () => {
        await store.write(
          storeBatch({ bars: [aBar({ symbol: 'apart/1' }), aBar({ symbol: 'apart/1', interval: '5m' }), aBar({ symbol: 'apart/2' })] }),
        );
        expect(await store.bars({ symbol: 'apart/1', interval: '1m', ...wholeDay })).toStrictEqual([aBar({ symbol: 'apart/1' })]);
      });
    });

    describe('ticks', () => {
      it('come back as they were written, all fields included', async () => {
        const full = aTick({ symbol: 'tick/1', bid: 69142.1, ask: 69142.2, dayVolume: 1234.5, size: 0.25, price: 80054.02 });
        const bare = aTick({ symbol: 'tick/1', sequence: 2, versionUs: noonUs + 1 });
        await store.write(storeBatch({ ticks: [full, bare] }));
        expect(await store.ticks({ symbol: 'tick/1', ...wholeDay })).toStrictEqual([full, bare]);
      });

      it('stay 372 when 372 arrive, many of them on one time, in two sessions', async () => {
        const ticks = Array.from({ length: 372 }, (_, i) =>
          aTick({
            symbol: 'many/1',
            session: i < 200 ? 4 : 5,
            sequence: i + 1,
            timeMs: noonMs + Math.floor(i / 53) * 60_000,
            versionUs: noonUs + i,
          }),
        );
        await store.write(storeBatch({ ticks }));
        await store.write(storeBatch({ ticks: ticks.toReversed() }));
        expect(await store.ticks({ symbol: 'many/1', ...wholeDay })).toStrictEqual(ticks);
        expect(await store.ticks({ symbol: 'many/1', ...wholeDay, order: 'descending' })).toStrictEqual(ticks.toReversed());
        expect(await store.ticks({ symbol: 'many/1', ...wholeDay, order: 'descending', limit: 3 })).toStrictEqual(
          ticks.slice(-3).reverse(),
        );
      });

      it('are found by a half-open range across hours, up to the limit', async () => {
        const ticks = [-1, 0, 1].flatMap(hour => [
          aTick({ symbol: 'hours/1', timeMs: noonMs + hour * hourMs, sequence: 1 }),
          aTick({ symbol: 'hours/1', timeMs: noonMs + (hour + 1) * hourMs - 1, sequence: 2 }),
        ]);
        await store.write(storeBatch({ ticks }));
        const read = async (fromMs: number, toMs: number, limit?: number) =>
          (await store.ticks({ symbol: 'hours/1', fromMs, toMs, limit })).map(({ tick }) => tick.timeMs - noonMs);
        expect(await read(noonMs - 1, noonMs + hourMs)).toEqual([-1, 0, hourMs - 1]);
        expect(await read(noonMs, noonMs + hourMs + 1)).toEqual([0, hourMs - 1, hourMs]);
        expect(await read(noonMs - hourMs, noonMs + 2 * hourMs, 4)).toEqual([-hourMs, -1, 0, hourMs - 1]);
      });

      it('are not stored when the switch is off, and bars are', async () => {
        const without = underTest.open({ ticks: false });
        await without.write(storeBatch({ ticks: [aTick({ symbol: 'off/1' })], bars: [aBar({ symbol: 'off/1' })] }));
        expect(await without.ticks({ symbol: 'off/1', ...wholeDay })).toEqual([]);
        expect(await without.bars({ symbol: 'off/1', interval: '1m', ...wholeDay })).toHaveLength(1);
        await without.close();
      });
    });

    describe('latest prices', () => {
      const latestOf = async (prefix: string) => (await store.latest()).filter(row => row.symbol.startsWith(prefix));

      it('are one row a symbol, by symbol', async () => {
        const rows = ['latest/c', 'latest/a', 'latest/b'].map(symbol => aLatest({ symbol }));
        await store.write(storeBatch({ latest: rows }));
        await store.write(storeBatch({ latest: [aLatest({ symbol: 'latest/b', price: 2, versionUs: noonUs + 1 })] }));
        expect((await latestOf('latest/')).map(row => [row.symbol, row.price])).toEqual([
          ['latest/a', 69142.14],
          ['latest/b', 2],
          ['latest/c', 69142.14],
        ]);
      });

      it('forget a bid that the newer price came without, and an older price changes nothing', async () => {
        const older = aLatest({ symbol: 'quote/1', bid: 69142.1, ask: 69142.2, dayVolume: 7, versionUs: noonUs });
        const newer = aLatest({ symbol: 'quote/1', price: 69143.5, ask: 69143.6, timeMs: noonMs + 1, versionUs: noonUs + 1 });
        await store.write(storeBatch({ latest: [older] }));
        expect(await latestOf('quote/')).toStrictEqual([older]);
        await store.write(storeBatch({ latest: [newer, older] }));
        await store.write(storeBatch({ latest: [older] }));
        expect(await latestOf('quote/')).toStrictEqual([newer]);
      });
    });

    describe('gaps', () => {
      it('are found by the time they begin, across midnight, in both orders', async () => {
        const midnightMs = Date.parse('2022-03-02T00:00:00.000Z');
        const before = aGap({ symbol: 'gap/1', fromMs: midnightMs - 1, toMs: midnightMs + 60_000 });
        const at = aGap({ symbol: 'gap/1', fromMs: midnightMs, toMs: midnightMs + 5 });
        const other = aGap({ symbol: 'gap/2', fromMs: midnightMs, toMs: midnightMs + 5, reason: 'connection lost' });
        await store.write(storeBatch({ gaps: [other, at, before] }));
        const around = { fromMs: midnightMs - hourMs, toMs: midnightMs + hourMs };
        expect(await store.gaps(around)).toStrictEqual([before, at, other]);
        expect(await store.gaps({ ...around, order: 'descending' })).toStrictEqual([other, at, before]);
        expect(await store.gaps({ ...around, limit: 2 })).toStrictEqual([before, at]);
        expect(await store.gaps({ fromMs: midnightMs, toMs: midnightMs + 1 })).toStrictEqual([at, other]);
        expect(await store.gaps({ fromMs: midnightMs - hourMs, toMs: midnightMs })).toStrictEqual([before]);
      });

      it('are marked as filled by a newer version, and two reasons at one time are two gaps', async () => {
        const fromMs = Date.parse('2022-05-01T10:00:00.000Z');
        const open = aGap({ symbol: 'gap/3', fromMs, toMs: fromMs + 9 });
        const filled = { ...open, toMs: fromMs + 10, filled: true, versionUs: noonUs + 1 };
        const lost = { ...open, reason: 'buffer full' };
        await store.write(storeBatch({ gaps: [filled, open] }));
        await store.write(storeBatch({ gaps: [open, lost] }));
        expect(await store.gaps({ fromMs, toMs: fromMs + 1 })).toStrictEqual([lost, filled]);
      });
    });

    describe('alerts', () => {
      it('are found by their time, each id once, with and without a symbol, absent fields absent', async () => {
        const timeMs = Date.parse('2022-07-02T00:00:00.000Z');
        const before = anAlert({ id: 'alert/1', timeMs: timeMs - 1 });
        const at = anAlert({ id: 'alert/2', timeMs });
        const { symbol: _symbol, interval: _interval, value: _value, threshold: _threshold, ...rest } = anAlert({ id: 'alert/3', timeMs });
        const ofFeed = { ...rest, condition: 'stale', feed: 'twelve-data/0' } as const;
        await store.write(storeBatch({ alerts: [at, ofFeed, before] }));
        await store.write(storeBatch({ alerts: [at, { ...at, message: 'older', versionUs: noonUs - 1 }] }));
        const around = { fromMs: timeMs - hourMs, toMs: timeMs + hourMs };
        expect(await store.alerts(around)).toStrictEqual([before, ofFeed, at]);
        expect(await store.alerts({ ...around, order: 'descending', limit: 2 })).toStrictEqual([at, ofFeed]);
        expect(await store.alerts({ fromMs: timeMs - hourMs, toMs: timeMs })).toStrictEqual([before]);
      });
    });

    describe('instruments', () => {
      it('are one row a symbol at the newest version, absent fields absent', async () => {
        const older = anInstrument({ symbol: 'instrument/1', name: 'Bitcoin', exchange: 'Coinbase Pro', sector: 'crypto' });
        const newer = anInstrument({
          ...{ fiftyTwoWeekLow: 49_000.5, fiftyTwoWeekHigh: 109_588 },
          ...{ symbol: 'instrument/1', name: 'Bitcoin US Dollar', type: 'Digital Currency', timeZone: 'UTC', currency: 'USD' },
          versionUs: noonUs + 1,
        });
        const bare = anInstrument({ symbol: 'instrument/0' });
        await store.write(storeBatch({ instruments: [newer, bare] }));
        await store.write(storeBatch({ instruments: [older] }));
        expect((await store.instruments()).filter(row => row.instrument.symbol.startsWith('instrument/'))).toStrictEqual([bare, newer]);
      });
    });

    describe('snapshots', () => {
      const keyOf = (partition: number): SnapshotKey => ({ consumerGroup: 'stream-processor', topic: 'market-data.feed', partition });
      const snapshot = (nextOffset: number, versionUs: number, state: Uint8Array) => ({ nextOffset, versionUs, formatVersion: 1, state });
      const loaded = async (partition: number) => {
        const found = await store.loadSnapshot(keyOf(partition));
        return found && { ...found, state: Buffer.from(found.state).toString('hex') };
      };
      const hex = (state: Uint8Array) => Buffer.from(state).toString('hex');

      it('are absent before the first one', async () => {
        expect(await store.loadSnapshot(keyOf(1_000))).toBeUndefined();
      });

      it('of 3 MB come back byte for byte', async () => {
        const state = aState(3_000_017);
        await store.saveSnapshot(keyOf(1), snapshot(42, noonUs, state));
        expect(await loaded(1)).toEqual({ nextOffset: 42, versionUs: noonUs, formatVersion: 1, state: hex(state) });
      }, 60_000);

      it("are nobody's any more once they are saved: what is written over their bytes changes nothing", async () => {
        const state = aState(600_000);
        const before = hex(state);
        await store.saveSnapshot(keyOf(8), snapshot(1, noonUs, state));
        state.fill(0xff);
        expect((await loaded(8))?.state).toBe(before);
      });

      it('of no bytes come back too', async () => {
        await store.saveSnapshot(keyOf(2), snapshot(0, 0, new Uint8Array()));
        expect(await loaded(2)).toEqual({ nextOffset: 0, versionUs: 0, formatVersion: 1, state: '' });
      });

      it('are replaced by newer ones, and an older owner cannot overwrite its successor', async () => {
        await store.saveSnapshot(keyOf(3), snapshot(10, noonUs, aState(300_000, 1)));
        await store.saveSnapshot(keyOf(3), snapshot(30, noonUs + 2, aState(300_000, 3)));
        await store.saveSnapshot(keyOf(3), snapshot(20, noonUs + 1, aState(300_000, 2)));
        expect(await loaded(3)).toEqual({ nextOffset: 30, versionUs: noonUs + 2, formatVersion: 1, state: hex(aState(300_000, 3)) });
      });

      it('of equal versions never mix: the one that is further stands, whole', async () => {
        const further = snapshot(12, noonUs, aState(1_000, 12));
        const behind = snapshot(11, noonUs, aState(600_000, 11));
        for (const [partition, order] of [[4, [further, behind]] as const, [5, [behind, further]] as const]) {
          for (const one of order) await store.saveSnapshot(keyOf(partition), one);
          expect(await loaded(partition)).toEqual({ nextOffset: 12, versionUs: noonUs, formatVersion: 1, state: hex(aState(1_000, 12)) });
        }
      });

      it('belong to their group, topic and partition', async () => {
        await store.saveSnapshot({ ...keyOf(6), consumerGroup: 'other' }, snapshot(1, noonUs, aState(10)));
        await store.saveSnapshot({ ...keyOf(6), topic: 'other' }, snapshot(2, noonUs, aState(10)));
        expect(await store.loadSnapshot(keyOf(6))).toBeUndefined();
        expect((await store.loadSnapshot({ ...keyOf(6), topic: 'other' }))?.nextOffset).toBe(2);
      });

      it('saved by many at once leave the newest one', async () => {
        const versions = [3, 7, 1, 8, 2, 6, 5, 4];
        await Promise.all(versions.map(n => store.saveSnapshot(keyOf(7), snapshot(n, noonUs + n, aState(300_000, n)))));
        expect(await loaded(7)).toEqual({ nextOffset: 8, versionUs: noonUs + 8, formatVersion: 1, state: hex(aState(300_000, 8)) });
      }, 60_000);
    });

    it('shows what one connection wrote to another at once', async () => {
      const other = underTest.open();
      await store.write(storeBatch({ bars: [aBar({ symbol: 'shared/1' })] }));
      expect(await other.bars({ symbol: 'shared/1', interval: '1m', ...wholeDay })).toStrictEqual([aBar({ symbol: 'shared/1' })]);
      await other.close();
    });

    it('takes an empty batch', async () => {
      await store.write(storeBatch({}));
    });

    it('takes 5,000 rows of every kind in one batch', async () => {
      const rows = Array.from({ length: 5_000 }, (_, i) => i);
      const symbolOf = (i: number) => `bulk/${i % 25}`;
      await store.write(
        storeBatch({
          ticks: rows.map(i => aTick({ symbol: symbolOf(i), sequence: i + 1, timeMs: noonMs + i * 1_000, versionUs: noonUs + i })),
          bars: rows.map(i => aFullBar({ symbol: symbolOf(i), startMs: noonMs + i * 60_000, versionUs: noonUs + i })),
          latest: rows.map(i => aLatest({ symbol: symbolOf(i), timeMs: noonMs + i, versionUs: noonUs + i })),
        }),
      );
      expect(await store.ticks({ symbol: 'bulk/3', fromMs: 0, toMs: noonMs + dayMs })).toHaveLength(200);
      expect(await store.bars({ symbol: 'bulk/3', interval: '1m', fromMs: noonMs, toMs: noonMs + 7 * dayMs })).toHaveLength(200);
      expect((await store.latest()).find(row => row.symbol === 'bulk/3')?.versionUs).toBe(noonUs + 4_978);
    }, 120_000);
  });
}
