import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { eventually } from '../../test/support/eventually.ts';
import { clock } from '../src/browser/number-format.ts';
import { type BoardUnderTest, drawn, priced, settled, sizes, startBoardUnderTest } from './support/board-page.ts';
import { complaintsOf, describeWithBrowser, launchBrowser, shadedAtEnd, textOf } from './support/browser.ts';
import { symbols } from './support/moving-market.ts';
import { startMarket } from './support/running-market.ts';

const timeoutMs = 60_000;

const lastOf = (page: Page, symbol: string) => textOf(page.locator(`tr[data-symbol="${symbol}"] .last`));
const listed = (page: Page) => page.locator('tbody th').allTextContents();
const shown = (page: Page) => textOf(page.locator('#quote-symbol'));
const focused = (page: Page) => page.evaluate('document.activeElement.dataset.symbol ?? document.activeElement.id');
const kept = (page: Page) => page.evaluate("localStorage.getItem('tapeline.watchlist')");
const boxOf = async (page: Page, selector: string) => {
  const box = await page.locator(selector).boundingBox();
  if (box === null) throw new Error(`${selector} is not there`);
  return box;
};

describeWithBrowser('the page', executablePath => {
  let under: BoardUnderTest;

  beforeAll(async () => {
    under = await startBoardUnderTest(executablePath);
  }, timeoutMs);

  afterAll(() => under.close(), timeoutMs);

  it(
    'begins with the symbols that the server knows, with prices that move',
    async () => {
      const page = await under.opened();
      expect(await listed(page)).toEqual([...symbols]);
      for (const symbol of ['BTC/USD', 'EUR/USD']) {
        const before = await lastOf(page, symbol);
        await eventually(`a new price of ${symbol}`, async () => (await lastOf(page, symbol)) !== before);
      }
      expect(await lastOf(page, 'EUR/USD')).toMatch(/^\d\.\d{5}$/);
      expect(await lastOf(page, 'BTC/USD')).toMatch(/^\d{2},\d{3}\.\d{2}$/);
      expect(await textOf(page.locator('tr[data-symbol="BTC/USD"] .change'))).toMatch(/^[+−]?\d+\.\d{2}$/);
      expect(await textOf(page.locator('#quote-title'))).toBe('Bitcoin US Dollar');
      expect(await page.title()).toMatch(/^[\d,.]+ BTC\/USD \(simulated\) · Tapeline$/);
      await page.close();
    },
    timeoutMs,
  );

  it(
    'flashes a moved price, and only where motion is welcome',
    async () => {
      const flashes = (page: Page) =>
        page.evaluate<number>('document.getAnimations().filter(a => a.effect?.target?.matches("td.last")).length');
      const page = await under.opened({ reducedMotion: 'no-preference' });
      await eventually('a flash', async () => (await flashes(page)) > 0);
      await page.emulateMedia({ reducedMotion: 'reduce' });
      await eventually('the last flash', async () => (await flashes(page)) === 0);
      const before = await lastOf(page, 'BTC/USD');
      await eventually('a new price', async () => (await lastOf(page, 'BTC/USD')) !== before);
      expect(await flashes(page)).toBe(0);
      await page.close();
    },
    timeoutMs,
  );

  it(
    'writes the prices of rows that are out of sight, too, and flashes them only in sight',
    async () => {
      const flashes = (page: Page) => page.evaluate<number>('document.getAnimations().length');
      const page = await under.opened({ reducedMotion: 'no-preference', viewport: { width: 390, height: 300 } });
      await eventually('the last flash', async () => (await flashes(page)) === 0);
      const before = await lastOf(page, 'BTC/USD');
      await eventually('a new price', async () => (await lastOf(page, 'BTC/USD')) !== before);
      expect(await flashes(page)).toBe(0);
      await page.locator('#prices').scrollIntoViewIfNeeded();
      await eventually('a flash', async () => (await flashes(page)) > 0);
      await page.close();
    },
    timeoutMs,
  );

  it(
    'lets the last candle grow, and tells the values of the bar under the cross-hair',
    async () => {
      const page = await under.opened();
      await drawn(page);
      const readout = () => textOf(page.locator('#readout'));
      await eventually('the forming bar', async () => (await readout()).includes('forming'));
      const ticks = async () => Number(/Ticks (\d+)/.exec(await readout())?.[1]);
      const before = await ticks();
      await eventually('a grown bar', async () => (await ticks()) !== before);
      const box = await boxOf(page, '#chart');
      await page.mouse.move(box.x + box.width / 2, box.y + box.height / 3);
      await eventually('a closed bar', async () => (await readout()).includes('final'));
      expect(await readout()).toMatch(/O [\d,.]+H [\d,.]+L [\d,.]+C [\d,.]+Vol \S+VWAP [\d,.–]+Ticks \d+SMA 20 [≈\d,. ]+/);
      await page.close();
    },
    timeoutMs,
  );

  it(
    'draws gaps and flags: the cross-hair goes there by the keyboard and names them',
    async () => {
      const page = await under.opened({ reducedMotion: 'reduce' });
      await settled(page);
      await page.keyboard.press('c');
      expect(await focused(page)).toBe('chart');
      const said = new Set<string>();
      for (let step = 0; step < 56; step += 1) {
        await page.keyboard.press('ArrowLeft');
        const text = await textOf(page.locator('#readout'));
        for (const word of ['mismatch', 'reconciled', 'filled from history', 'final', 'filled', 'gap', ': socket closed']) {
          if (text.includes(word)) said.add(word);
        }
      }
      expect([...said].sort()).toEqual([': socket closed', 'filled', 'filled from history', 'final', 'gap', 'mismatch', 'reconciled']);
      expect(await textOf(page.locator('#announcement'))).toMatch(/^(\d{4}-\d\d-\d\d )?\d\d:\d\d:00 UTC, O /);
      await eventually('the newest bar', async () => {
        await page.keyboard.press('End');
        return (await textOf(page.locator('#readout'))).includes('forming');
      });
      expect(await page.locator('#flags li').allTextContents()).toEqual(['G gap', 'M mismatch', 'C corrected', 'P partial', 'filled']);
      await page.close();
    },
    timeoutMs,
  );

  it(
    'is used by the keyboard alone: search, add, choose, order, remove, interval, indicators, help',
    async () => {
      const page = await under.opened();
      const complaints = complaintsOf(page, under.board.url);
      for (const [index, symbol] of ['EUR/USD', 'MSFT', 'NVDA'].entries()) {
        await page.keyboard.press('w');
        if (index === 0) await page.keyboard.press('End');
        await eventually('a row with the focus', async () => symbols.includes((await focused(page)) as 'AAPL'));
        await page.locator(`tr[data-symbol="${symbol}"]`).focus();
        await page.keyboard.press('Delete');
      }
      expect(await listed(page)).toEqual(['AAPL', 'BTC/USD', 'ETH/BTC', 'ETH/USD', 'XAU/USD']);
      expect(await focused(page)).toBe('XAU/USD');

      await page.keyboard.press('/');
      expect(await focused(page)).toBe('search');
      await page.keyboard.type('usd', { delay: 20 });
      const active = () => textOf(page.locator('#search-results [aria-selected="true"]'));
      await eventually('results', async () => (await active()).includes('BTC/USD'));
      await page.keyboard.type(' no such');
      await page.getByText('No symbol matches “usd no such”').waitFor();
      await page.keyboard.press('Escape');
      await page.keyboard.press('Control+k');
      await page.keyboard.type('micro');
      await eventually('a match by name', async () => (await active()).includes('Microsoft'));
      await page.keyboard.press('Enter');
      expect(await shown(page)).toBe('MSFT');
      expect(await listed(page)).toEqual(['AAPL', 'BTC/USD', 'ETH/BTC', 'ETH/USD', 'XAU/USD', 'MSFT']);

      // Faster than the server: what was typed counts, not what the list shows still.
      await page.keyboard.press('/');
      await eventually('all symbols', async () => (await active()).includes('AAPL'));
      await page.keyboard.type('micro');
      await page.keyboard.press('Enter');
      await eventually('the search is over', async () => (await focused(page)) !== 'search');
      expect(await shown(page)).toBe('MSFT');
      await page.keyboard.press('w');
      expect(await focused(page)).toBe('MSFT');
      await page.keyboard.press('Alt+ArrowUp');
      await page.keyboard.press('Alt+ArrowUp');
      expect(await listed(page)).toEqual(['AAPL', 'BTC/USD', 'ETH/BTC', 'MSFT', 'ETH/USD', 'XAU/USD']);
      expect(await textOf(page.locator('#announcement'))).toBe('MSFT is number 4 of 6');
      await page.keyboard.press('ArrowUp');
      await page.keyboard.press('ArrowUp');
      expect([await focused(page), await shown(page)]).toEqual(['BTC/USD', 'BTC/USD']);

      // A key that is held down asks for no more than the server takes.
      for (let press = 0; press < 70; press += 1) await page.keyboard.press(press % 2 === 0 ? 'ArrowDown' : 'ArrowUp');
      expect([await focused(page), await textOf(page.locator('#connection'))]).toEqual(['BTC/USD', 'Connected']);

      await page.keyboard.press('5');
      expect(await textOf(page.getByRole('radio', { checked: true }))).toBe('5m');
      await page.keyboard.press('[');
      expect(new URL(page.url()).hash).toBe('#symbol=BTC%2FUSD&interval=1m');
      await page.keyboard.press('i');
      await page.keyboard.press('Space');
      await page.keyboard.press('Escape');
      expect(await focused(page)).toBe('indicators-open');
      await eventually('no average in the readout', async () => !(await textOf(page.locator('#readout'))).includes('SMA'));
      await page.keyboard.press('?');
      await page.getByRole('dialog', { name: 'Keys and marks' }).waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'hidden' });

      await page.reload();
      await priced(page);
      expect(await listed(page)).toEqual(['AAPL', 'BTC/USD', 'ETH/BTC', 'MSFT', 'ETH/USD', 'XAU/USD']);
      expect(await textOf(page.locator('#readout'))).not.toContain('SMA');
      expect(complaints).toEqual([]);
      await page.close();
    },
    timeoutMs,
  );

  it(
    'is used by the pointer alone: choose, drag, remove, star, search',
    async () => {
      const page = await under.opened();
      await page.locator('tr[data-symbol="EUR/USD"]').click();
      expect(await shown(page)).toBe('EUR/USD');
      const grip = await boxOf(page, 'tr[data-symbol="XAU/USD"] .grip');
      const target = await boxOf(page, 'tr[data-symbol="BTC/USD"]');
      await page.mouse.move(grip.x + 8, grip.y + grip.height / 2);
      await page.mouse.down();
      await page.mouse.move(grip.x + 8, target.y + 4, { steps: 5 });
      await page.mouse.up();
      expect((await listed(page)).slice(0, 3)).toEqual(['AAPL', 'XAU/USD', 'BTC/USD']);
      expect(await shown(page)).toBe('EUR/USD');
      await page.getByRole('button', { name: 'Remove AAPL from the watchlist' }).click();
      await page.getByRole('button', { name: 'EUR/USD in the watchlist' }).click();
      expect(await kept(page)).toBe('["XAU/USD","BTC/USD","ETH/BTC","ETH/USD","MSFT","NVDA"]');
      await page.getByRole('combobox').click();
      await page.getByRole('option', { name: /AAPL/ }).click();
      expect([await shown(page), (await listed(page)).at(-1)]).toEqual(['AAPL', 'AAPL']);
      await page.getByRole('radio', { name: '15m', exact: true }).click();
      expect(new URL(page.url()).hash).toBe('#symbol=AAPL&interval=15m');
      await page.close();
    },
    timeoutMs,
  );

  it(
    'opens what a link names, in the hash or in the query, in the list or not, and follows a changed link',
    async () => {
      const page = await under.opened({}, '/?symbol=ETH%2FBTC&interval=5m');
      await eventually('the symbol', async () => (await shown(page)) === 'ETH/BTC');
      expect(new URL(page.url()).href).toBe(`${under.board.url}/#symbol=ETH%2FBTC&interval=5m`);
      await page.evaluate("localStorage.setItem('tapeline.watchlist', '[\"MSFT\"]')");
      await page.reload();
      await eventually('the price of a symbol that is not in the list', async () => /\d/.test(await textOf(page.locator('#quote-last'))));
      expect([await shown(page), await listed(page)]).toEqual(['ETH/BTC', ['MSFT']]);
      await page.evaluate("location.hash = '#symbol=NVDA&interval=1h'");
      await eventually('the other symbol', async () => (await shown(page)) === 'NVDA');
      expect(await textOf(page.getByRole('radio', { checked: true }))).toBe('1h');
      await page.close();
    },
    timeoutMs,
  );

  it(
    'shows another symbol at its own prices, also after the scale was dragged',
    async () => {
      const page = await under.opened();
      await drawn(page);
      const box = await boxOf(page, '#chart');
      await page.mouse.move(box.x + box.width - 20, box.y + 150);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width - 20, box.y + 250, { steps: 5 });
      await page.mouse.up();
      await page.evaluate("location.hash = '#symbol=ETH%2FUSD&interval=1m'");
      await eventually('the other symbol', async () => (await shown(page)) === 'ETH/USD');
      await drawn(page);
      await page.close();
    },
    timeoutMs,
  );

  it(
    'gives the room of the volume to the candles while no bar has any',
    async () => {
      const page = await under.opened({}, '/#symbol=BTC%2FUSD&interval=1m');
      // Candles, a line between, the volume.
      const heights = () => page.evaluate<number[]>("[...document.querySelectorAll('#chart tr')].map(row => row.clientHeight)");
      const has = (volume: (height: number) => boolean) => async () => volume((await heights())[2] ?? Number.NaN);
      await eventually(
        'a pane of volume',
        has(height => height > 50),
      );
      await page.evaluate("location.hash = '#symbol=EUR%2FUSD&interval=1m'");
      await eventually(
        'no pane of volume',
        has(height => height < 5),
      );
      expect((await heights())[0]).toBeGreaterThan(300);
      await page.evaluate("location.hash = '#symbol=BTC%2FUSD&interval=1m'");
      await eventually(
        'the pane again',
        has(height => height > 50),
      );
      await page.close();
    },
    timeoutMs,
  );

  it(
    'reads older bars as one scrolls back, and finds the way to the newest',
    async () => {
      const page = await under.opened({ reducedMotion: 'reduce' }, '/#symbol=BTC%2FUSD&interval=1s');
      const asked: string[] = [];
      page.on('request', request => request.url().includes('/api/bars') && asked.push(new URL(request.url()).search));
      await drawn(page);
      const box = await boxOf(page, '#chart');
      await page.mouse.move(box.x + 200, box.y + 100);
      const older = () => asked.filter(query => query.includes('to='));
      await eventually('the oldest bars', async () => {
        await page.mouse.wheel(-600, 0);
        return page.getByText('These are the oldest bars').isVisible();
      });
      expect(older().length).toBeGreaterThanOrEqual(2);
      expect(new Set(older()).size).toBe(older().length);
      await page.getByRole('button', { name: 'Newest' }).click();
      await page.mouse.move(box.x + 200, box.y - 5);
      await eventually('the newest bar', async () => (await textOf(page.locator('#readout'))).includes('forming'));
      await page.getByRole('button', { name: 'Newest' }).waitFor({ state: 'hidden' });
      await page.close();
    },
    timeoutMs,
  );

  it(
    'lists alerts, opens the chart of one, and shows one that comes',
    async () => {
      const page = await under.opened();
      const alerts = page.locator('#alerts li');
      await alerts.first().waitFor();
      expect(await alerts.locator('.message').allTextContents()).toEqual([
        'BTC/USD closed above its level',
        'BTC/USD rose by 0.31 % in 5 minutes (rule: 0.25 %)',
        'EUR/USD crossed its moving average',
        'twelve-data/0 was silent for 6 minutes',
      ]);
      await page.keyboard.press('a');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      expect(new URL(page.url()).hash).toBe('#symbol=EUR%2FUSD&interval=5m');
      const nowMs = Date.now();
      const alert = { v: 1, kind: 'alert', id: 'new/1', rule: 'new', condition: 'drop', severity: 'critical', symbol: 'MSFT' } as const;
      const empty = { ticks: [], bars: [], latest: [], gaps: [], instruments: [] };
      await under.running.store.write({ ...empty, alerts: [{ ...alert, timeMs: nowMs, message: 'MSFT fell by 2 %', versionUs: nowMs }] });
      // A page that comes into view asks at once.
      await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
      await eventually('the new alert', async () => (await textOf(alerts.first())).includes('MSFT fell by 2 %'));
      expect(await textOf(page.locator('#announcement'))).toBe('Alert: MSFT fell by 2 %');
      const rule = { condition: 'level', of: 'close', above: 1, hysteresis: 0, name: 'any', symbols: ['NVDA'], interval: '1s' } as const;
      const common = { severity: 'info', cooldown: '0s', marketHours: 'always' } as const;
      await under.running.feed.append({ v: 1, kind: 'alert-rules', rules: [{ ...rule, ...common }], receivedTimeMs: nowMs });
      // This one is pushed.
      await page.locator('#alerts [data-fresh="true"]').filter({ hasText: 'NVDA' }).waitFor();
      await page.close();
    },
    timeoutMs,
  );

  for (const colorScheme of ['dark', 'light'] as const) {
    it(
      `shades a gap that goes on up to the right edge, lets it grow, and ends it with the gap (${colorScheme})`,
      async () => {
        const page = await under.opened({ colorScheme, reducedMotion: 'reduce' }, '/#symbol=BTC%2FUSD&interval=1s');
        await settled(page);
        expect(await shadedAtEnd(page)).toBe(0);
        under.market.disconnect();
        const width = await eventually('the shading', async () => (await shadedAtEnd(page)) || undefined);
        await eventually('a wider shading', async () => (await shadedAtEnd(page)) > width + 10);
        await page.keyboard.press('c');
        await page.keyboard.press('End');
        expect(await textOf(page.locator('#readout'))).toMatch(
          /gap since (\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d UTC: twelve-data\/0 is disconnected$/,
        );
        await under.market.connect();
        await eventually('the end of the shading', async () => (await shadedAtEnd(page)) === 0);
        await eventually('the gap as the history tells it', async () => {
          await page.keyboard.press('End');
          for (let step = 0; step < 30; step += 1) {
            await page.keyboard.press('ArrowLeft');
            if ((await textOf(page.locator('#readout'))).includes(': socket closed')) return true;
          }
          return false;
        });
        await page.close();
      },
      timeoutMs,
    );
  }

  it(
    'asks for a token where one is set, takes it out of the address, and shows the market then',
    async () => {
      const token = 'an-example-of-a-token';
      const guarded = await under.running.startBoard({ token });
      const page = await under.browser.newPage({ viewport: sizes[0] });
      await page.goto(guarded.url);
      expect(await textOf(page.locator('body'))).toContain('This board needs its token.');
      await page.goto(`${guarded.url}/?token=${token}`);
      await page.getByText('SIMULATED DATA').waitFor();
      await priced(page);
      expect(page.url()).not.toContain('token');
      expect(await page.evaluate('document.cookie')).toBe('');
      // Another token, as after a rotation: the open page says so, not that the server is gone.
      await guarded.close();
      await under.running.startBoard({ token: `${token}-new`, port: Number(new URL(guarded.url).port) });
      await page.getByText('This board needs its token.').waitFor();
      await page.close();
    },
    timeoutMs,
  );

  it(
    'says when the server is out of reach, counts down to the next attempt, and comes back by itself or at once when asked',
    async () => {
      const other = await under.running.startBoard();
      const page = await under.browser.newPage({ viewport: sizes[0] });
      await page.goto(other.url);
      await priced(page);
      expect(await textOf(page.locator('#connection'))).toBe('Connected');
      await other.close();
      await page.getByText('SERVER OUT OF REACH').waitFor();
      await page.getByText(/^Reconnecting in [1-5] s$/).waitFor();
      const before = await lastOf(page, 'BTC/USD');
      await page.getByRole('button', { name: 'Retry now' }).click();
      await page.getByText(/^Reconnecting in [1-5] s$/).waitFor();
      await under.running.startBoard({ port: Number(new URL(other.url).port) });
      await page.getByText('SERVER OUT OF REACH').waitFor({ state: 'detached' });
      expect(await textOf(page.locator('#connection'))).toBe('Connected');
      await eventually('prices that move again', async () => (await lastOf(page, 'BTC/USD')) !== before);
      await page.close();
    },
    timeoutMs,
  );
});

describeWithBrowser('the page of a market in trouble', executablePath => {
  it(
    'shades what the store lacks because the processors lie behind, and draws it once they are not',
    async () => {
      const beginMs = Date.UTC(2024, 10, 4, 10);
      const at = (second: number) => beginMs + second * 1_000;
      const startedMs = Date.now();
      const running = await startMarket({ now: () => at(4_200) + Date.now() - startedMs });
      const browser = await launchBrowser(executablePath);
      try {
        const { feed, store } = running;
        const price = (second: number) => feed.tick({ symbol: 'BTC/USD', price: 100 + (second % 7), timeMs: at(second) + 500 });
        const seconds = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);
        const stored = () => store.bars({ symbol: 'BTC/USD', interval: '1s', fromMs: at(0), toMs: at(5_000) });
        await feed.append(feed.session({ timeMs: at(0), symbols: ['BTC/USD'] }), ...seconds(0, 10).map(price), feed.heartbeat(at(15)));
        const processor = running.startProcessor();
        await eventually('the first bars are stored', async () => (await stored()).length === 10);
        await processor.stop();
        for (let from = 20; from < 4_120; from += 100) {
          await feed.append(...seconds(from, from + 100).map(price), feed.heartbeat(at(from + 100)));
        }
        await feed.append(feed.heartbeat(at(4_200)));
        await eventually('the board has all of it', () => running.market.feeds()[0]?.watermarkMs === at(4_200));
        const page = await browser.newPage({ viewport: sizes[0], reducedMotion: 'reduce' });
        await page.goto(`${(await running.startBoard()).url}/#symbol=BTC%2FUSD&interval=1s`);
        const readout = () => textOf(page.locator('#readout'));
        await eventually('bars', async () => (await readout()).includes('final'));
        await page.keyboard.press('c');
        const fifteenth = async () => {
          await page.keyboard.press('Home');
          if (!(await readout()).includes('10:00:00 UTC')) return '';
          for (let step = 0; step < 15; step += 1) await page.keyboard.press('ArrowRight');
          return readout();
        };
        const place = await eventually('the oldest bars', async () => (await fifteenth()) || undefined, 30_000);
        expect(place).toMatch(/^bars of (2024-11-04 )?10:00:10 UTC to (2024-11-04 )?10:\d\d:\d\d UTC: not stored yet$/);
        running.startProcessor();
        await eventually('all bars are stored', async () => (await stored()).length === 4_110, 30_000);
        await eventually('the bar in its place', async () => (await fifteenth()).includes('10:00:25 UTC'), 30_000);
      } finally {
        await browser.close();
        await running.close();
      }
    },
    2 * timeoutMs,
  );

  it(
    'shows a gap, a refused symbol and a silent feed, each in words',
    async () => {
      const running = await startMarket();
      const browser = await launchBrowser(executablePath);
      try {
        const { feed } = running;
        const nowMs = Date.now();
        const refused = [{ symbol: '1211', reason: 'You are not authorized to access XHKG data.' }];
        await feed.append(
          feed.session({ timeMs: nowMs - 60_000, symbols: ['BTC/USD'], refused }),
          feed.tick({ symbol: 'BTC/USD', price: 69_142.14, timeMs: nowMs - 30_000 }),
          feed.heartbeat(nowMs - 29_000),
          feed.heartbeat(nowMs, { connected: false, lastDataMs: nowMs - 30_000 }),
        );
        const page = await browser.newPage({ viewport: sizes[0] });
        await page.goto((await running.startBoard()).url);
        const since = (timeMs: number) => clock(timeMs, Date.now());
        await page.getByText(`twelve-data/0 is disconnected since ${since(nowMs - 30_000)}`).waitFor();
        await page.getByText('by twelve-data/0: 1211 (You are not authorized to access XHKG data.)').waitFor();
        expect(await textOf(page.locator('#feeds'))).toMatch(/twelve-data\/0\s*GAP/);
        expect(await page.getByText('SIMULATED').count()).toBe(0);
        await feed.append(feed.session({ timeMs: nowMs + 1_000, symbols: ['BTC/USD'] }), feed.heartbeat(nowMs + 1_000));
        await eventually('the live feed', async () => /LIVE/.test(await textOf(page.locator('#feeds'))));
        expect(await page.locator('.notice').count()).toBe(0);
        await page.getByText(`nothing was heard from twelve-data/0 since ${since(nowMs + 1_000)}`).waitFor();
      } finally {
        await browser.close();
        await running.close();
      }
    },
    timeoutMs,
  );
});
