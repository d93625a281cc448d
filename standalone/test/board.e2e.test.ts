import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createLogger } from '@tapeline/core/logging';
import { describeWithServers } from '@tapeline/services/for-tests';
import { type Simulator, startSimulator } from '@tapeline/simulator/simulator';
import type { Browser, Page } from 'playwright-core';
import { eventually } from '../../test/support/eventually.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { drawn, priced, sizes } from '../../visualization/test/support/board-page.ts';
import { complaintsOf, describeWithBrowser, launchBrowser, textOf } from '../../visualization/test/support/browser.ts';
import { type TestCluster, testCluster } from './support/cluster.ts';
import { type RunningProcess, startProgram } from './support/processes.ts';

const timeoutMs = 120_000;
const symbols = 'AAPL,BTC/USD,EUR/USD';

const readout = (page: Page) => textOf(page.locator('#readout'));
const lastOf = (page: Page, symbol: string) => textOf(page.locator(`tr[data-symbol="${symbol}"] .last`));

async function opened(browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage({ viewport: sizes[0] });
  page.setDefaultTimeout(60_000);
  await page.goto(`${url}/#symbol=BTC%2FUSD&interval=1s`);
  await priced(page);
  return page;
}

/** Reads prices that move, sees candles of the present, finds a symbol by search and lists another. */
async function expectMarket(page: Page): Promise<void> {
  await eventually('the three symbols', async () => (await page.locator('tbody tr').count()) === 3);
  const before = await lastOf(page, 'BTC/USD');
  await eventually('a new price', async () => (await lastOf(page, 'BTC/USD')) !== before);
  await drawn(page);
  await eventually('the bar that is open', async () => (await readout(page)).includes('forming'));
  await page.keyboard.press('/');
  await page.keyboard.type('eur');
  await eventually('the result', async () => (await textOf(page.locator('#search-results [aria-selected="true"]'))).includes('EUR/USD'));
  await page.keyboard.press('Enter');
  await page.keyboard.press('4');
  expect(new URL(page.url()).hash).toBe('#symbol=EUR%2FUSD&interval=1m');
  await eventually('its price', async () => /^1\.\d{5}$/.test(await textOf(page.locator('#quote-last'))));
}

describeWithBrowser('the board of the one process', executablePath => {
  const directory = temporaryFolder('board');
  let browser: Browser;
  let running: RunningProcess | undefined;

  beforeAll(async () => {
    browser = await launchBrowser(executablePath);
  }, timeoutMs);

  afterAll(async () => {
    await browser.close();
    await running?.end('SIGKILL');
  }, timeoutMs);

  async function start(port: string): Promise<string> {
    const rules = join(directory, 'rules.yaml');
    writeFileSync(
      rules,
      'rules:\n  - { name: any-price, condition: level, symbols: [EUR/USD], interval: 1s, above: 0.001, cooldown: 1h }\n',
    );
    const program = startProgram('standalone/src/main.ts', {
      args: ['start'],
      env: {
        ...{ DATA_DIR: directory, HTTP_PORT: port, SYMBOLS: symbols, ALERT_RULES_FILE: rules },
        SNAPSHOT_INTERVAL_MS: '700',
        LOG_LEVEL: 'warn',
      },
    });
    running = program;
    return eventually('its address', () => /Tapeline is at (\S+)/.exec(program.stdout())?.[1], 60_000);
  }

  it(
    'shows the simulated market and its alerts, outlives a kill -9 of its server, and draws what was missed as a gap',
    async () => {
      const url = await start('0');
      const page = await opened(browser, url);
      const complaints = complaintsOf(page, url);
      await page.getByText('SIMULATED DATA').waitFor();
      await expectMarket(page);
      const alert = page.locator('#alerts li').first();
      await eventually('the alert of a rule', async () => (await textOf(alert)).includes('EUR/USD'));
      await page.keyboard.press('a');
      await page.keyboard.press('Enter');
      expect(new URL(page.url()).hash).toBe('#symbol=EUR%2FUSD&interval=1s');
      expect(complaints).toEqual([]);

      await running?.end('SIGKILL');
      await page.getByText('SERVER OUT OF REACH').waitFor();
      await page.getByText(/^Reconnecting in \d s$/).waitFor();
      await start(new URL(url).port);
      await page.getByText('SERVER OUT OF REACH').waitFor({ state: 'detached' });
      expect(await textOf(page.locator('#connection'))).toBe('Connected');
      const before = await lastOf(page, 'BTC/USD');
      await eventually('prices that move again', async () => (await lastOf(page, 'BTC/USD')) !== before);

      await page.evaluate("location.hash = '#symbol=BTC%2FUSD&interval=1s'");
      await drawn(page);
      await page.keyboard.press('c');
      const isMarked = async () => {
        // Again from the newest bar: the gap may be told after the cross-hair went by.
        await page.keyboard.press('End');
        for (let step = 0; step < 60; step += 1) {
          await page.keyboard.press('ArrowLeft');
          if (/gap (\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d UTC to /.test(await readout(page))) return true;
        }
        return false;
      };
      await eventually('the gap under the cross-hair', isMarked, 60_000);
      await page.close();
    },
    timeoutMs,
  );
});

describeWithBrowser('the board as a process of its own', executablePath => {
  describeWithServers('on Kafka and Cassandra', (kafka, cassandra) => {
    let cluster: TestCluster;
    let simulator: Simulator;
    let board: RunningProcess | undefined;
    let browser: Browser;

    beforeAll(async () => {
      cluster = await testCluster({ kafka, cassandra });
      simulator = await startSimulator({ seed: 1, logger: createLogger({ name: 'simulator', level: 'silent', secrets: [] }) });
      browser = await launchBrowser(executablePath);
    }, timeoutMs);

    afterAll(async () => {
      await browser.close();
      await board?.end('SIGKILL');
      await cluster.close();
      await simulator.close();
    }, timeoutMs);

    it(
      'shows what the ingester and a processor make, and the history that Cassandra holds',
      async () => {
        cluster.startIngester({ TWELVE_DATA_URL: simulator.url, TWELVE_DATA_API_KEY: 'a-key', SYMBOLS: symbols });
        cluster.startProcessor('processors', { SNAPSHOT_INTERVAL_MS: '700' });
        const stored = { symbol: 'BTC/USD', interval: '1s', fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, limit: 10 } as const;
        await eventually('bars in Cassandra', async () => (await cluster.store.bars(stored)).length >= 10, 60_000);
        const program = startProgram('visualization/src/main.ts', {
          env: { ...cluster.env, KAFKA_GROUP: cluster.groupName('processors'), LOG_LEVEL: 'warn' },
        });
        board = program;
        const url = await eventually('its address', () => /^http:\S+$/m.exec(program.stdout())?.[0], 60_000);
        const page = await opened(browser, url);
        const complaints = complaintsOf(page, url);
        await expectMarket(page);
        await page.evaluate("location.hash = '#symbol=BTC%2FUSD&interval=1s'");
        await drawn(page);
        await page.keyboard.press('c');
        // Charts change at most every 400 ms: until then the candles and the cross-hair are those of EUR/USD, at a price near 1.
        const isFinal = async () => {
          await page.keyboard.press('Home');
          return /O [\d,.]*\d,\d{3}\.\d+H [\d,.]+L [\d,.]+C [\d,.]+.*final/.test(await readout(page));
        };
        await eventually('the oldest bar under the cross-hair', isFinal);
        expect(complaints).toEqual([]);
        await page.close();
      },
      timeoutMs,
    );
  });
});
