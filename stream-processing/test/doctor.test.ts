import { openSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { examine } from '../src/doctor/doctor.ts';
import { doctorCommand } from '../src/doctor/doctor-command.ts';
import { aHeartbeat, aSession, aTick } from './support/builders.ts';
import { type ExaminedFlow, examinedFlow, said, silent, statuses } from './support/examined-flow.ts';

const scratch = temporaryFolder('doctor');
const key = 'canary-0123456789abcdef';
const timeoutMs = 60_000;
const hourMs = 3_600_000;
let folders = 0;

function aDeployment() {
  folders += 1;
  return { DATA_DIR: join(scratch, `data-${folders}`), TWELVE_DATA_API_KEY: key, SNAPSHOT_INTERVAL_MS: '200' };
}

async function withFlow(environment: ReturnType<typeof aDeployment>, work: (flow: ExaminedFlow) => Promise<void>): Promise<void> {
  const flow = await examinedFlow(environment);
  try {
    await work(flow);
  } finally {
    await flow.close();
  }
}

describe('the doctor of a standalone process', () => {
  it('finds nothing wrong in one that runs', async () => {
    const environment = aDeployment();
    await withFlow(environment, async flow => {
      await flow.run();
      expect(statuses(await examine({ environment, logger: silent, timeoutMs }))).toEqual({
        settings: 'ok',
        'vendor key': 'ok',
        'log.sqlite': 'ok',
        generation: 'ok',
        'market.sqlite': 'ok',
        snapshots: 'ok',
        'alert rules': 'skipped',
        gaps: 'ok',
        'backfill queue': 'ok',
        'heartbeat twelve-data/0': 'ok',
        lag: 'ok',
        'dead letters': 'ok',
      });
    });
  }, 60_000);

  it('finds a feed that is silent, a lag, refused records and a gap that stays open', async () => {
    const environment = aDeployment();
    await withFlow(environment, async flow => {
      await flow.run();
      await flow.stop();
      const agoMs = Date.now() - hourMs;
      await flow.tell(aHeartbeat({ timeMs: agoMs - hourMs }));
      await flow.tell(aHeartbeat({ timeMs: agoMs }));
      const letter = { v: 1, kind: 'dead-letter', reason: 'malformed', detail: 'x', origin: 'y', timeMs: Date.now(), value: '{' };
      await flow.log.append([{ topic: 'market-data.dead-letter', partition: 0, value: Buffer.from(JSON.stringify(letter)) }]);
      const gap = { symbol: 'BTC/USD', fromMs: agoMs - 2 * hourMs, toMs: agoMs - hourMs, reason: 'mute', filled: false, versionUs: 1 };
      await flow.store.write({ ticks: [], bars: [], latest: [], gaps: [gap], instruments: [], alerts: [] });
      const findings = await examine({ environment, logger: silent, timeoutMs });
      expect(statuses(findings)).toMatchObject({
        'heartbeat twelve-data/0': 'fault',
        lag: 'warning',
        'dead letters': 'warning',
        gaps: 'warning',
      });
      expect(said(findings, 'heartbeat twelve-data/0')).toContain('60 min old');
      expect(said(findings, 'dead letters')).toContain('1 malformed in the last hour');
    });
  }, 60_000);

  it('finds snapshots of a log that was made anew, and is as long again', async () => {
    const environment = aDeployment();
    await withFlow(environment, async flow => {
      await flow.run();
      await flow.stop();
    });
    for (const name of ['log.sqlite', 'log.sqlite-wal', 'log.sqlite-shm']) rmSync(join(environment.DATA_DIR, name), { force: true });
    await withFlow(environment, async flow => {
      for (let second = 0; second < 500; second += 1) await flow.tell(aHeartbeat({ timeMs: Date.now() - hourMs + second * 1_000 }));
      const findings = await examine({ environment, logger: silent, timeoutMs });
      expect(statuses(findings)).toMatchObject({ snapshots: 'fault' });
      expect(said(findings, 'snapshots')).toContain('made of other records than the log has');
    });
  }, 60_000);

  it('says that the prices of a feed are simulated, whatever the key of this process', async () => {
    const environment = aDeployment();
    await withFlow(environment, async flow => {
      await flow.run();
      await flow.tell(aSession({ timeMs: Date.now(), session: 2, simulated: true }));
      await flow.stop();
      const findings = await examine({ environment, logger: silent, timeoutMs });
      expect(statuses(findings)).toMatchObject({ 'vendor key': 'ok', 'market twelve-data/0': 'warning' });
      expect(said(findings, 'market twelve-data/0')).toContain('its prices are simulated');
    });
  }, 60_000);

  it('names the two feeds that have one symbol', async () => {
    const environment = aDeployment();
    await withFlow(environment, async flow => {
      await flow.run();
      const timeMs = Date.now();
      await flow.tell(aSession({ feed: 'finnhub/0', symbols: ['BTC/USD'], timeMs }));
      await flow.tell(aTick({ feed: 'twelve-data/0', symbol: 'BTC/USD', timeMs, receivedTimeMs: timeMs }));
      await flow.stop();
      const findings = await examine({ environment, logger: silent, timeoutMs });
      expect(said(findings, 'dead letters')).toContain(
        '1 not-owner in the last hour, the last of twelve-data/0 (feed: BTC/USD belongs to finnhub/0)',
      );
    });
  }, 60_000);

  it('finds a broken file, and snapshots that other settings would refuse', async () => {
    const environment = aDeployment();
    await withFlow(environment, async flow => {
      await flow.run();
      await flow.stop();
    });
    const others = await examine({ environment: { ...environment, BAR_INTERVALS: '1s,1m' }, logger: silent, timeoutMs });
    expect(said(others, 'snapshots')).toContain('go back to the former setting, or run tapeline rebuild');
    const file = join(environment.DATA_DIR, 'market.sqlite');
    const descriptor = openSync(file, 'r+');
    writeSync(descriptor, Buffer.alloc(statSync(file).size - 4_096, 0xa5), 0, undefined, 4_096);
    const findings = await examine({ environment, logger: silent, timeoutMs });
    expect(statuses(findings)).toMatchObject({ 'market.sqlite': 'fault', 'log.sqlite': 'ok' });
  }, 60_000);

  it('tells one that was never started what to do, and makes no folder', async () => {
    const environment = aDeployment();
    const findings = await examine({ environment, logger: silent, timeoutMs });
    expect(statuses(findings)).toMatchObject({ log: 'fault', store: 'fault', generation: 'skipped' });
    expect(statSync(environment.DATA_DIR, { throwIfNoEntry: false })).toBeUndefined();
  });
});

describe('what the doctor says', () => {
  async function told(environment: Readonly<Record<string, string>>, json: boolean) {
    let text = '';
    const status = await doctorCommand({
      environment,
      json,
      print: part => {
        text += part;
      },
    });
    return { status, text };
  }

  it('is a line for each check, no secret in it, and status 2 for a fault', async () => {
    const { status, text } = await told(aDeployment(), false);
    expect(status).toBe(2);
    expect(text).toMatch(/^ok {7}settings /m);
    expect(text).toMatch(/^\d+ checks: \d+ at fault, /m);
    expect(text).not.toContain(key);
  });

  it('is a warning for a name that is nearly a setting', async () => {
    const { text } = await told({ ...aDeployment(), SYMBOL: 'AAPL' }, false);
    expect(text).toMatch(/^warning {2}settings +SYMBOL is not a setting: did you mean SYMBOLS\?; correct its name, or unset it$/m);
  });

  it('is JSON when asked for', async () => {
    const { text } = await told(aDeployment(), true);
    const report = JSON.parse(text);
    expect(report).toMatchObject({ status: 'fault' });
    expect(report.checks).toContainEqual({ check: 'vendor key', status: 'ok', what: 'TWELVE_DATA_API_KEY is set' });
  });

  it('is every fault of the settings at once', async () => {
    const { status, text } = await told({ HTTP_PORT: 'x', KAFKA_BROKER: 'y' }, false);
    expect(status).toBe(2);
    expect(text).toMatch(/^fault {4}settings {2}HTTP_PORT must be /m);
    expect(text).toMatch(/^fault {4}settings {2}KAFKA_BROKER is not a setting: did you mean KAFKA_BROKERS/m);
  });
});
