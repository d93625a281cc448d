import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Alert } from '@tapeline/core/alerts';
import type { FeedRecord } from '@tapeline/core/records';
import { alertsTopic } from '@tapeline/core/topics';
import { openEmbeddedLog } from '@tapeline/log/embedded-log';
import { pino } from 'pino';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { aHeartbeat, aSession, aTick, at, feed } from './support/builders.ts';
import { type PoisonedLog, poisonedLog } from './support/poisoned-partition.ts';

const rules: FeedRecord = {
  v: 1,
  kind: 'alert-rules',
  rules: [
    { name: 'high', condition: 'level', symbols: '*', interval: '1m', above: 100, severity: 'critical' },
    { name: 'away', condition: 'stale', feeds: '*', longer: '10s' },
  ],
  receivedTimeMs: at(0),
};

describe('alerts through the processor', () => {
  let market: PoisonedLog;
  beforeEach(async () => {
    const directory = temporaryFolder('alerts-log');
    market = await poisonedLog(await openEmbeddedLog({ directory, logger: pino({ level: 'silent' }) }));
  });
  afterEach(() => market.close());

  const alerts = () => market.store.alerts({ fromMs: at(0), toMs: at(7_200) });

  async function published(): Promise<readonly { readonly key: string; readonly alert: Alert }[]> {
    const found: { key: string; alert: Alert }[] = [];
    const [range] = await market.log.offsets(alertsTopic.name);
    if (range === undefined || range.highWatermark === 0) return found;
    for await (const batch of market.log.read({ topic: alertsTopic.name, partition: 0, fromOffset: 0, toOffset: range.highWatermark })) {
      for (const { key, value } of batch.records) {
        found.push({ key: Buffer.from(key ?? []).toString(), alert: JSON.parse(Buffer.from(value ?? []).toString()) });
      }
    }
    return found;
  }

  it('are rows and records, are counted, and are not given again after a restart', async () => {
    await market.append(
      aSession({ timeMs: at(0) }),
      rules,
      aTick({ timeMs: at(30), price: 101, sequence: 1 }),
      aHeartbeat({ timeMs: at(63) }),
    );
    const metrics = await market.process(async () => (await alerts()).length === 1);
    expect(metrics).toContain('tapeline_stream_processor_alerts_total{condition="level",severity="critical"} 1');
    await market.append(
      aTick({ timeMs: at(90), price: 102, sequence: 2 }),
      aHeartbeat({ timeMs: at(123) }),
      aHeartbeat({ timeMs: at(140), connected: false }),
    );
    await market.process(async () => (await alerts()).length === 2);
    const stored = await alerts();
    expect(stored.map(({ id }) => id)).toEqual([`high|BTC/USD|${at(60)}`, `away|${feed}|${at(140)}`]);
    expect(await published()).toEqual([
      { key: 'BTC/USD', alert: stored[0] },
      { key: feed, alert: stored[1] },
    ]);
  }, 60_000);
});
