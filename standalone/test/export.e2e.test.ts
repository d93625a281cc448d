import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Bar } from '@tapeline/core/bars';
import { openSqliteStore } from '@tapeline/database/sqlite/sqlite-store';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { eventually } from '../../test/support/eventually.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { queryDuckDb } from '../../visualization/test/support/parquet-readers.ts';
import { startMarket } from '../../visualization/test/support/running-market.ts';
import { runProgram, startProgram } from './support/processes.ts';

const program = 'standalone/src/main.ts';
const job = 'visualization/src/export/main.ts';
const dayMs = 86_400_000;
const todayMs = Math.floor(Date.now() / dayMs) * dayMs;
/** Over for more than a day, whatever the hour. */
const exportedMs = todayMs - 2 * dayMs;
const date = new Date(exportedMs).toISOString().slice(0, 10);
const symbols = Array.from({ length: 20 }, (_, index) => `S${index}/USD`);

let scratch: string;
let data: string;

/** A store of two days of minutes. */
beforeAll(async () => {
  scratch = temporaryFolder('export');
  data = join(scratch, 'data');
  const store = openSqliteStore({ dataDir: data, logger: pino({ level: 'silent' }), registry: new Registry() });
  await store.migrate();
  for (const symbol of symbols) {
    const bars = Array.from({ length: 2_880 }, (_, minute) => aBar(symbol, exportedMs + minute * 60_000));
    const latest = [{ symbol, price: 1, timeMs: exportedMs, receivedTimeMs: exportedMs, versionUs: 1 }];
    await store.write({ bars, latest, ticks: [], gaps: [], instruments: [], alerts: [] });
  }
  const instrument = { v: 1, kind: 'instrument', symbol: 'IBM', receivedTimeMs: exportedMs } as const;
  await store.write({ instruments: [{ instrument, versionUs: 1 }], bars: [], latest: [], ticks: [], gaps: [], alerts: [] });
  await store.close();
}, 60_000);

function aBar(symbol: string, startMs: number): Bar {
  const price = 100 + ((startMs / 60_000) % 977) / 7;
  return {
    ...{ symbol, interval: '1m', startMs, endMs: startMs + 60_000, open: price, high: price + 1, low: price - 1, close: price },
    ...{ tickCount: 4, state: 'final', flags: [], revision: 0, versionUs: startMs * 1_000 },
  };
}

async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name).slice(folder.length + 1));
  return files.sort();
}

describe('tapeline export', () => {
  it('writes days as Parquet that DuckDB reads by its folders, the same bytes each time', async () => {
    const [first, second] = [join(scratch, 'first'), join(scratch, 'second')];
    const args = ['export', '--format', 'parquet', '--table', 'bars,ticks,gaps,alerts', '--interval', '1m,1d', '--day', date];
    for (const output of [first, second]) {
      const { status, stdout, stderr } = await runProgram(program, { args: [...args, '--output', output], env: { DATA_DIR: data } });
      expect([status, stdout]).toEqual([0, '']);
      expect(stderr).toMatch(new RegExp(`^bars/interval=1m/date=${date}/bars.parquet {2}28800 rows {2}\\d+ bytes`, 'm'));
      expect(stderr).toContain(`5 files with 28800 rows`);
    }
    for (const file of await filesIn(first)) {
      expect([file, (await readFile(join(first, file))).equals(await readFile(join(second, file)))]).toEqual([file, true]);
    }
    const sql = `SELECT count(*)::INTEGER AS rows, count(DISTINCT symbol)::INTEGER AS symbols, min(startTime) AS start, round(sum(close), 3) AS sum
      FROM read_parquet('${first}/bars/*/*/*.parquet', hive_partitioning = true) WHERE "interval" = '1m' AND "date" = '${date}'`;
    const closes = Array.from({ length: 1_440 }, (_, minute) => aBar('', exportedMs + minute * 60_000).close);
    const sum = closes.reduce((total, close) => total + close, 0) * symbols.length;
    const [row] = await queryDuckDb(sql);
    expect({ ...row, sum: Number(row?.sum).toFixed(2) }).toEqual({
      rows: 28_800,
      symbols: 20,
      start: new Date(exportedMs),
      sum: sum.toFixed(2),
    });
  }, 60_000);

  it('tells a symbol that nothing is stored of, with those that it may mean, and ends with status 2 where it is none of them', async () => {
    const given = async (symbol: string) => {
      const { status, stdout, stderr } = await runProgram(program, {
        args: ['export', '--symbol', symbol, '--interval', '1d'],
        env: { DATA_DIR: data },
      });
      return [status, stdout.split('\n').length, stderr];
    };
    expect(await given('s1/usd,FOO')).toEqual([
      2,
      1,
      'nothing is stored of s1/usd: did you mean S1/USD?\nnothing is stored of FOO: symbols are as the vendor spells them; without --symbol all are taken\n',
    ]);
    expect(await given('S2USD,S1/USD,IBM')).toEqual([
      0,
      2,
      expect.stringMatching(/^nothing is stored of S2USD: did you mean S2\/USD\?\n0 bars of 3 symbols, /),
    ]);
  }, 60_000);

  it('leaves out a day that is not over and, asked to go on, what is there', async () => {
    const output = join(scratch, 'again');
    const run = (...args: string[]) =>
      runProgram(program, { args: ['export', '--format', 'parquet', '--output', output, ...args], env: { DATA_DIR: data } });
    const symbol = ['--symbol', 'S1/USD'];
    expect((await run('--day', date, ...symbol)).stderr).toContain('1 file with 1440 rows');
    expect((await run('--day', date, ...symbol, '--resume')).stderr).toContain(
      `0 files with 0 rows and 0 bytes in ${output}, 1 were there`,
    );
    const today = await run('--day', new Date(todayMs).toISOString().slice(0, 10), ...symbol);
    expect([today.status, today.stderr]).toEqual([
      0,
      expect.stringMatching(/bars\.parquet is left out: its day counts as over from .* on\n0 files/),
    ]);
  }, 60_000);

  it('says how far the store has come where that is not as far as asked for, and gives what is there', async () => {
    const market = await startMarket();
    try {
      await market.feed.append(
        market.feed.session({ timeMs: exportedMs, symbols: ['BTC/USD'] }),
        market.feed.tick({ symbol: 'BTC/USD', price: 100, timeMs: exportedMs + 3_600_000 }),
        market.feed.heartbeat(exportedMs + 7_200_000),
      );
      await market.storeAll();
      const run = (...args: string[]) => runProgram(program, { args: ['export', ...args], env: { DATA_DIR: market.directory } });
      const reach = `what is stored has come to ${date}T02:00:00.000Z`;
      const whole = await run('--day', date);
      expect([whole.status, whole.stdout.split('\n').length]).toEqual([0, 3]);
      expect(whole.stderr).toMatch(new RegExp(`^1 bar of 1 symbol, .*\n${reach}: what was received later is not in it yet\n$`));
      expect((await run('--from', date, '--to', `${date}T02:00`)).stderr).not.toContain('has come to');
      const parquet = ['--format', 'parquet', '--output', join(scratch, 'early'), '--day', date];
      const written = await run(...parquet);
      expect([written.status, written.stderr.split('\n')[0]]).toEqual([
        0,
        `bars/interval=1m/date=${date}/bars.parquet is written as it is: ${reach}`,
      ]);
      expect((await run(...parquet, '--resume')).stderr).not.toContain('has come to');
    } finally {
      await market.close();
    }
  }, 60_000);

  it('takes a time without an offset as UTC, as the API does, wherever the machine is', async () => {
    const range = ['--from', `${date}T00:00`, '--to', `${date}T00:02:00`];
    const args = ['export', '--symbol', 'S1/USD,S0/USD,S1/USD', ...range];
    const { status, stdout, stderr } = await runProgram(program, { args, env: { DATA_DIR: data, TZ: 'America/New_York' } });
    const [head, ...rows] = stdout.trimEnd().split('\n');
    expect([status, head?.slice(0, 6), stderr]).toEqual([
      0,
      'symbol',
      `4 bars of 2 symbols, ${date}T00:00:00.000Z to ${date}T00:02:00.000Z\n`,
    ]);
    expect(rows.map(row => row.split(',').slice(0, 3).join())).toEqual(
      [0, 60_000].flatMap(laterMs => ['S0/USD', 'S1/USD'].map(symbol => `${symbol},1m,${exportedMs + laterMs}`)),
    );
  });

  it.each([
    [
      ['--format', 'parquet'],
      '--format parquet needs a place for its files: give --output <folder>, or set EXPORT_FOLDER or EXPORT_BUCKET',
    ],
    [
      ['--format', 'parquet', '--output', 'x', '--from', '2026-11-01T09:00:00Z', '--to', '2026-11-02'],
      'must be whole days in UTC for Parquet',
    ],
    [['--from', '2026-11-02', '--to', '2026-11-02T00:00Z'], '--from must be before --to, was 2026-11-02T00:00:00.000Z to 2026-11-02'],
    [['--format', 'parquet', '--from', '2026-11-02', '--to', '2026-11-01', '--output', 'x'], '--from must be before --to'],
    [['--interval', '1m,5m'], 'csv gives bars of one interval on standard output'],
    [['--resume'], '--resume with --format parquet'],
  ])('refuses %j with the remedy', async (args, message) => {
    const { status, stderr } = await runProgram(program, { args: ['export', ...args], env: { DATA_DIR: data } });
    expect([status, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});

describe('the export job', () => {
  const env = () => ({ DATA_DIR: data, HTTP_PORT: '0', EXPORT_INTERVALS: '1m', EXPORT_DAYS: '3' });

  it('that is killed leaves no half file, and the next run writes what is missing, the same as one that was not', async () => {
    const [killed, whole] = [join(scratch, 'killed'), join(scratch, 'whole')];
    const first = startProgram(job, { env: { ...env(), EXPORT_FOLDER: killed } });
    await eventually('a file is begun', async () => (await filesIn(killed)).length > 0);
    await first.end('SIGKILL');
    for (const file of await filesIn(killed)) {
      if (file.endsWith('.parquet')) await queryDuckDb(`SELECT count(*) FROM '${killed}/${file}'`);
    }
    for (const folder of [killed, whole]) {
      const { status, stderr } = await runProgram(job, { env: { ...env(), EXPORT_FOLDER: folder } });
      expect([status, stderr]).toEqual([0, expect.stringContaining('the export is done')]);
    }
    const files = (await filesIn(killed)).filter(file => file.endsWith('.parquet'));
    expect(files).toEqual(await filesIn(whole));
    expect(files).toContain(`bars/interval=1m/date=${date}/bars.parquet`);
    for (const file of files) {
      expect([file, (await readFile(join(killed, file))).equals(await readFile(join(whole, file)))]).toEqual([file, true]);
    }
  }, 60_000);

  it('says what is wrong with its settings', async () => {
    const none = await runProgram(job, { env: { DATA_DIR: data } });
    expect([none.status, none.stderr]).toEqual([
      1,
      'EXPORT_FOLDER and EXPORT_BUCKET are absent, expected a place to export to: set one of them\n',
    ]);
    const both = await runProgram(job, {
      env: { DATA_DIR: data, EXPORT_FOLDER: 'a', EXPORT_BUCKET: 'abc', EXPORT_ACCESS_KEY: 'k', EXPORT_FOLDERS: 'x' },
    });
    expect([both.status, both.stderr]).toEqual([1, expect.stringContaining('EXPORT_FOLDER and EXPORT_BUCKET are both set')]);
    expect(both.stderr).toContain('EXPORT_ACCESS_KEY and EXPORT_SECRET_KEY go together');
    expect(both.stderr).toContain('EXPORT_FOLDERS is not a setting: did you mean EXPORT_FOLDER?');
  }, 30_000);

  it('runs in the one process, too', async () => {
    const folder = join(scratch, 'standalone');
    const running = startProgram(program, { args: ['start'], env: { ...env(), EXPORT_FOLDER: folder } });
    await eventually('the export is done', () => running.stderr().includes('the export is done'), 60_000);
    expect(await filesIn(folder)).toContain(`bars/interval=1m/date=${date}/bars.parquet`);
    expect(await running.end('SIGINT')).toBe(0);
  }, 90_000);
});
