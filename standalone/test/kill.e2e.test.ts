import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { createLogger } from '@tapeline/core/logging';
import { openSqliteStore } from '@tapeline/database/sqlite/sqlite-store';
import { openEmbeddedLog } from '@tapeline/log/embedded-log';
import { Registry } from 'prom-client';
import { allTime, storedBars } from '../../bench/src/stored-bars.ts';
import { eventually } from '../../test/support/eventually.ts';
import { randomOf } from '../../test/support/random.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { startProgram } from './support/processes.ts';
import { replayOfLog } from './support/replay-of-log.ts';

const program = 'standalone/src/main.ts';
const kills = 20;
const seed = Number(process.env.KILL_SEED ?? Math.floor(Math.random() * 2 ** 31));

describe('kill -9 of the standalone process', () => {
  const directory = temporaryFolder('kill');

  it(`at ${kills} random moments leaves the bars that a replay of its log gives, and no tick twice (KILL_SEED=${seed})`, async () => {
    const random = randomOf(seed);
    const env = {
      DATA_DIR: directory,
      HTTP_PORT: '0',
      LOG_LEVEL: 'warn',
      SNAPSHOT_INTERVAL_MS: '700',
      SYMBOLS: 'BTC/USD,ETH/USD,ETH/BTC,AAPL,EUR/USD',
    };
    for (let kill = 0; kill < kills; kill += 1) {
      const running = startProgram(program, { args: ['start'], env });
      // One in four while it starts, the others at work, however slow the machine is.
      if (kill % 4 !== 0) await eventually('it is up', () => running.stdout().includes('Tapeline is at'));
      await sleep(random.below(1_500));
      expect(await running.end('SIGKILL')).toBe('SIGKILL');
    }
    const last = startProgram(program, { args: ['start'], env });
    await eventually('the last run is up', () => last.stdout().includes('Tapeline is at'));
    await sleep(4_000);
    expect([await last.end('SIGINT'), last.stderr()]).toEqual([0, '']);

    const logger = createLogger({ name: 'test', level: 'silent', secrets: [] });
    const log = await openEmbeddedLog({ directory, logger, readOnly: true });
    const store = openSqliteStore({ dataDir: directory, logger, registry: new Registry(), readOnly: true });
    try {
      const replay = await replayOfLog(log);
      expect(replay.sessions.size).toBeGreaterThan(kills / 2);
      const bars = await storedBars(store, replay.symbols, () => allTime);
      const ticks = [];
      for (const symbol of replay.symbols) ticks.push(...(await store.ticks({ symbol, ...allTime, limit: 1_000_000 })));
      expect(bars.size).toBeGreaterThan(50);
      expect(Object.fromEntries(bars)).toEqual(Object.fromEntries(replay.bars));
      expect(ticks.length).toBe(replay.ticks.size);
      expect([...replay.ticks.values()].filter(count => count !== 1)).toEqual([]);
    } finally {
      await log.close();
      await store.close();
    }
  }, 240_000);
});
