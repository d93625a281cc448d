/** A process that writes until it is killed: 20 bars and 20 ticks a batch; tells its parent the number of each batch that is durable. */
import { openSqliteStore } from '@tapeline/database/sqlite/sqlite-store';
import { storeBatch } from '@tapeline/database/store-batch';
import { aBar, aTick, noonMs, noonUs, quiet } from './rows.ts';

const store = openSqliteStore({ dataDir: String(process.argv[2]), ...quiet() });
await store.migrate();
for (let step = 0; ; step += 1) {
  const rows = Array.from({ length: 20 }, (_, i) => step * 20 + i);
  await store.write(
    storeBatch({
      bars: rows.map(i => aBar({ interval: '1s', startMs: noonMs + i * 1_000, endMs: noonMs + (i + 1) * 1_000, versionUs: noonUs + i })),
      ticks: rows.map(i => aTick({ sequence: i + 1, timeMs: noonMs + i * 1_000, versionUs: noonUs + i })),
    }),
  );
  process.send?.(step);
  await new Promise(resolve => setImmediate(resolve));
}
