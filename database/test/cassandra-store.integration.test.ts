import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CassandraConnection } from '@tapeline/database/cassandra/cassandra-connection';
import { type CassandraStoreOptions, openCassandraStore } from '@tapeline/database/cassandra/cassandra-store';
import { SnapshotTables } from '@tapeline/database/cassandra/snapshot-tables';
import type { MarketStore } from '@tapeline/database/market-store';
import { storeBatch } from '@tapeline/database/store-batch';
import { describeWithCassandra } from '@tapeline/services/for-tests';
import { Registry } from 'prom-client';
import { describeMarketStoreContract } from './market-store-contract.ts';
import { type TestKeyspace, testKeyspace } from './support/cassandra-keyspace.ts';
import { aBar, aFullBar, aGap, aLatest, anInstrument, aState, aTick, noonMs, noonUs, quiet } from './support/rows.ts';

const wholeDay = { fromMs: noonMs - 43_200_000, toMs: noonMs + 43_200_000 };
const dayMs = 86_400_000;

describeWithCassandra('with a real Cassandra', server => {
  describeMarketStoreContract('the store on Cassandra', async () => {
    const { keyspace, drop } = await testKeyspace(server, 'contract');
    return {
      open: options => openCassandraStore({ contactPoints: server.contactPoints, keyspace, ...options, ...quiet() }),
      remove: drop,
    };
  });

  describe('the tables of the store on Cassandra', () => {
    let test: TestKeyspace;
    let store: MarketStore;
    const open = (options: Partial<CassandraStoreOptions> = {}) =>
      openCassandraStore({ contactPoints: server.contactPoints, keyspace: test.keyspace, ...quiet(), ...options });

    beforeAll(async () => {
      test = await testKeyspace(server, 'tables');
      store = open();
      await store.migrate();
    }, 180_000);
    afterAll(async () => {
      await store.close();
      await test.drop();
    }, 60_000);

    /** Every regular cell of a table with its value and write time. */
    const cellsOf = async (table: string) => {
      const columns = await test.client.execute(
        `SELECT column_name FROM system_schema.columns WHERE keyspace_name = ? AND table_name = ? AND kind = 'regular' ALLOW FILTERING`,
        [test.keyspace, table],
      );
      const names = columns.rows.map(row => String(row.column_name));
      const timed = names.map(name => `${name}, WRITETIME(${name}) AS ${name}_written`);
      const { rows } = await test.client.execute(`SELECT ${timed.join(', ')} FROM ${test.keyspace}.${table}`);
      return rows.map(row => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value === null ? null : String(value)])));
    };

    it('keep every cell and every write time when the same rows are written again, by the same process or another', async () => {
      const batch = storeBatch({
        ticks: [aTick({ bid: 1.5, ask: 1.75, dayVolume: 3, size: 0.5 }), aTick({ sequence: 2 })],
        bars: [aFullBar(), aFullBar({ symbol: 'ETH/BTC', revision: 2, versionUs: noonUs + 5 }), aBar({ symbol: 'AAPL', revision: 1 })],
        latest: [aLatest({ bid: 1.5 })],
        gaps: [aGap()],
        instruments: [anInstrument({ name: 'Bitcoin' })],
      });
      const tables = ['ticks_by_symbol_hour', 'bars_by_symbol_interval', 'latest_by_board', 'gaps_by_day', 'instruments_by_board'];
      await store.write(batch);
      const before = await Promise.all(tables.map(cellsOf));
      expect(before.map(rows => rows.length)).toEqual([2, 3, 1, 1, 1]);
      const bars = before[1]?.map(
        row =>
          new Set(
            Object.keys(row)
              .filter(name => name.endsWith('_written'))
              .map(name => row[name]),
          ),
      );
      expect(bars).toContainEqual(new Set([String(noonUs)]));
      expect(bars).toContainEqual(new Set([String(noonUs + 5)]));
      await store.write(batch);
      const other = open();
      await other.write(batch);
      await other.close();
      expect(await Promise.all(tables.map(cellsOf))).toEqual(before);
    }, 60_000);

    it('write no tombstones for the absent values of new bars, and clear those of a correction', async () => {
      const row = async () => {
        const cql = `SELECT volume, vwap FROM ${test.keyspace}.bars_by_symbol_interval WHERE symbol = 'clear/1' AND interval = '1m' AND bucket = '2024-11'`;
        return (await test.client.execute(cql)).first();
      };
      await store.write(storeBatch({ bars: [aBar({ symbol: 'clear/1', volume: 2, vwap: 3, versionUs: noonUs })] }));
      await store.write(storeBatch({ bars: [aBar({ symbol: 'clear/1', versionUs: noonUs + 1 })] }));
      expect(await row()).toMatchObject({ volume: 2, vwap: 3 });
      await store.write(storeBatch({ bars: [aBar({ symbol: 'clear/1', versionUs: noonUs + 2, revision: 1 })] }));
      expect(await row()).toMatchObject({ volume: null, vwap: null });
    });

    it('name their partitions by text that people and Grafana can write', async () => {
      await store.write(
        storeBatch({
          bars: (['1s', '5s', '15s', '1m', '5m', '15m', '1h', '1d'] as const).map(interval => aBar({ symbol: 'names/1', interval })),
          ticks: [aTick({ symbol: 'names/1' })],
          gaps: [aGap({ symbol: 'names/1', fromMs: noonMs + 1 })],
        }),
      );
      const { rows } = await test.client.execute(`SELECT symbol, interval, bucket FROM ${test.keyspace}.bars_by_symbol_interval`);
      const buckets = rows.filter(row => row.symbol === 'names/1').map(row => [row.interval, row.bucket]);
      expect(Object.fromEntries(buckets)).toEqual({
        ...{ '1s': '2024-11-03T12', '5s': '2024-11-03', '15s': '2024-11-03', '1m': '2024-11', '5m': '2024-11' },
        ...{ '15m': '2024', '1h': '2024', '1d': 'all' },
      });
      const ticks = await test.client.execute(
        `SELECT sequence FROM ${test.keyspace}.ticks_by_symbol_hour WHERE symbol = 'names/1' AND hour = '2024-11-03T12'`,
      );
      expect(ticks.rowLength).toBe(1);
      const gaps = await test.client.execute(`SELECT symbol FROM ${test.keyspace}.gaps_by_day WHERE day = '2024-11-03'`);
      expect(gaps.rows.map(row => row.symbol)).toContain('names/1');
    });

    it('keep ticks for ever without a retention, and else until their own time plus the retention, as the log tells the time', async () => {
      const registry = new Registry();
      const brief = open({ tickRetentionMs: dayMs, registry });
      const received = (ageMs: number) => ({ timeMs: noonMs - ageMs, versionUs: noonUs });
      await brief.write(
        storeBatch({
          ticks: [
            aTick({ symbol: 'ttl/1', sequence: 1, ...received(0) }),
            aTick({ symbol: 'ttl/1', sequence: 2, ...received(dayMs / 2) }),
            aTick({ symbol: 'ttl/1', sequence: 3, ...received(dayMs) }),
            aTick({ symbol: 'ttl/1', sequence: 4, ...received(3 * dayMs) }),
          ],
        }),
      );
      await brief.close();
      await store.write(storeBatch({ ticks: [aTick({ symbol: 'ttl/1', sequence: 5, ...received(400 * dayMs) })] }));
      const { rows } = await test.client.execute(`SELECT symbol, sequence, TTL(price) AS ttl FROM ${test.keyspace}.ticks_by_symbol_hour`);
      const ttls = new Map(rows.filter(row => row.symbol === 'ttl/1').map(row => [Number(row.sequence), row.ttl as number | null]));
      expect([...ttls.keys()].sort()).toEqual([1, 2, 5]);
      expect(ttls.get(1)).toBeGreaterThan(86_300);
      expect(ttls.get(1)).toBeLessThanOrEqual(86_400);
      expect(ttls.get(2)).toBeLessThanOrEqual(43_200);
      expect(ttls.get(5)).toBeNull();
      expect(await registry.metrics()).toContain('tapeline_store_ticks_expired_total 2');
    });

    it('hold 50,000 bars at most in a partition: half a day of seconds is 43,200 and is read back whole', async () => {
      const startMs = Date.parse('2024-12-24T00:00:00.000Z');
      const bars = Array.from({ length: 43_201 }, (_, i) =>
        aBar({ symbol: 'half-day/1', interval: '1s', startMs: startMs + i * 1_000, endMs: startMs + (i + 1) * 1_000 }),
      );
      await store.write(storeBatch({ bars }));
      const count = async (bucket: string) => {
        const cql = `SELECT COUNT(*) AS rows FROM ${test.keyspace}.bars_by_symbol_interval WHERE symbol = 'half-day/1' AND interval = '1s' AND bucket = ?`;
        return Number((await test.client.execute(cql, [bucket], { prepare: true })).first().rows);
      };
      expect([await count('2024-12-24T00'), await count('2024-12-24T12')]).toEqual([43_200, 1]);
      const read = await store.bars({ symbol: 'half-day/1', interval: '1s', fromMs: startMs, toMs: startMs + dayMs, limit: 100_000 });
      expect(read.map(bar => bar.startMs)).toEqual(bars.map(bar => bar.startMs));
    }, 120_000);

    it('take rows of many partitions, and of several tables, in few batches, and tell how many rows were written', async () => {
      const registry = new Registry();
      const busy = open({ registry });
      const symbols = Array.from({ length: 400 }, (_, i) => `many/${i}`);
      const bars = symbols.flatMap(symbol => [aFullBar({ symbol }), aFullBar({ symbol, startMs: noonMs + 60_000 })]);
      await busy.write(storeBatch({ bars, latest: symbols.map(symbol => aLatest({ symbol })) }));
      for (const symbol of ['many/0', 'many/399']) {
        expect(await busy.bars({ symbol, interval: '1m', ...wholeDay })).toStrictEqual(bars.filter(bar => bar.symbol === symbol));
      }
      const metrics = await registry.metrics();
      expect(metrics).toContain('tapeline_store_rows_written_total{table="bars_by_symbol_interval"} 800');
      expect(metrics).toContain('tapeline_store_rows_written_total{table="latest_by_board"} 400');
      expect(metrics).toContain('tapeline_store_waiting_rows 0');
      expect(metrics).toContain('tapeline_store_in_flight_rows 0');
      await busy.close();
    }, 60_000);

    it('take a batch that Cassandra finds too large in halves', async () => {
      const connection = new CassandraConnection({ contactPoints: server.contactPoints, ...quiet() });
      const insert = (symbol: string) => ({
        query: `INSERT INTO ${test.keyspace}.instruments_by_board (board, symbol, name) VALUES (?, ?, ?) USING TIMESTAMP ?`,
        params: [symbol, 'large/1', 'x'.repeat(300_000), noonUs],
      });
      await connection.batch(['board/1', 'board/2', 'board/3', 'board/4', 'board/5'].map(insert));
      const { rows } = await test.client.execute(`SELECT board, symbol FROM ${test.keyspace}.instruments_by_board`);
      expect(
        rows
          .filter(row => row.symbol === 'large/1')
          .map(row => row.board)
          .toSorted(),
      ).toEqual(['board/1', 'board/2', 'board/3', 'board/4', 'board/5']);
      await connection.close();
    }, 60_000);

    describe('of snapshots', () => {
      const keyOf = (partition: number) => ({ consumerGroup: 'g', topic: 't', partition });
      const snapshot = (n: number, bytes = 600_000) => ({
        nextOffset: n,
        versionUs: noonUs + n,
        formatVersion: 1,
        state: aState(bytes, n),
      });
      const chunksFor = async (partition: number) => {
        const { rows } = await test.client.execute(`SELECT snapshot_id, chunk FROM ${test.keyspace}.snapshot_chunks`);
        return rows.filter(row => String(row.snapshot_id).startsWith(`g/t/${partition} `)).map(row => String(row.snapshot_id));
      };
      const idOf = async (partition: number) => {
        const cql = `SELECT pointer FROM ${test.keyspace}.snapshots WHERE consumer_group = 'g' AND topic = 't' AND partition = ${partition}`;
        return String((await test.client.execute(cql)).first().pointer.snapshot_id);
      };

      it('hold chunks of 256 KB, and only those of the snapshot that is pointed to', async () => {
        for (const n of [1, 2, 3]) await store.saveSnapshot(keyOf(1), snapshot(n));
        expect(await chunksFor(1)).toEqual(Array(3).fill(await idOf(1)));
        await store.saveSnapshot(keyOf(1), snapshot(2));
        expect(await chunksFor(1)).toEqual(Array(3).fill(await idOf(1)));
      });

      it('settle two pointers of one write time whole, for the one that is further, in either order', async () => {
        const connection = new CassandraConnection({ contactPoints: server.contactPoints, ...quiet() });
        const tables = new SnapshotTables(connection, test.keyspace);
        const further = { snapshotId: 'a', nextOffset: 300, versionUs: noonUs, formatVersion: 1, chunks: 1, checksum: '00' };
        const behind = { snapshotId: 'zz', nextOffset: 299, versionUs: noonUs, formatVersion: 2, chunks: 9, checksum: 'ff' };
        for (const [partition, order] of [[70, [further, behind]] as const, [71, [behind, further]] as const]) {
          for (const pointer of order) await tables.point(keyOf(partition), pointer);
          expect(await tables.pointer(keyOf(partition))).toEqual(further);
        }
        await connection.close();
      });

      it('tell a snapshot that lost a chunk', async () => {
        await store.saveSnapshot(keyOf(2), snapshot(1));
        await test.client.execute(
          `DELETE FROM ${test.keyspace}.snapshot_chunks USING TIMESTAMP ${noonUs + 9} WHERE snapshot_id = '${await idOf(2)}' AND chunk = 1`,
        );
        await expect(store.loadSnapshot(keyOf(2))).rejects.toMatchObject({
          code: 'snapshot.invalid',
          message: expect.stringContaining('2 of 3 chunks'),
        });
      });

      it('tell a snapshot with a changed chunk', async () => {
        await store.saveSnapshot(keyOf(3), snapshot(1));
        const cql = `UPDATE ${test.keyspace}.snapshot_chunks USING TIMESTAMP ${noonUs + 9} SET data = 0x00 WHERE snapshot_id = '${await idOf(3)}' AND chunk = 2`;
        await test.client.execute(cql);
        await expect(store.loadSnapshot(keyOf(3))).rejects.toMatchObject({
          code: 'snapshot.invalid',
          message: expect.stringContaining('checksum'),
        });
      });

      it('lose what a dead owner left, when a process that writes loads its first snapshot; what may still be pointed to stays', async () => {
        await store.saveSnapshot(keyOf(4), snapshot(5));
        const orphan = (n: number) => `g/t/4 ${noonUs + n} ${n} 00000000-0000-4000-8000-000000000000`;
        for (const n of [4, 6]) {
          const cql = `INSERT INTO ${test.keyspace}.snapshot_chunks (snapshot_id, chunk, data) VALUES (?, 0, 0x01) USING TIMESTAMP ?`;
          await test.client.execute(cql, [orphan(n), noonUs + n], { prepare: true });
        }
        const loadWith = async (options: Partial<CassandraStoreOptions>) => {
          const other = open(options);
          expect((await other.loadSnapshot(keyOf(4)))?.nextOffset).toBe(5);
          await other.close();
        };
        // A board, a doctor.
        await loadWith({ readOnly: true });
        expect(new Set(await chunksFor(4))).toEqual(new Set([orphan(4), await idOf(4), orphan(6)]));
        await loadWith({});
        expect(new Set(await chunksFor(4))).toEqual(new Set([await idOf(4), orphan(6)]));
      });

      it('are loaded whole while another process replaces them all the time', async () => {
        const writer = open();
        await writer.saveSnapshot(keyOf(5), snapshot(1));
        const offsets: number[] = [];
        const writing = (async () => {
          for (let n = 2; n <= 15; n += 1) await writer.saveSnapshot(keyOf(5), snapshot(n));
        })();
        for (let i = 0; i < 15; i += 1) {
          const loaded = await store.loadSnapshot(keyOf(5));
          offsets.push(loaded?.nextOffset ?? -1);
          expect(Buffer.compare(loaded?.state ?? Buffer.alloc(0), aState(600_000, loaded?.nextOffset))).toBe(0);
        }
        await writing;
        await writer.close();
        expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
      }, 60_000);
    });
  });
});
