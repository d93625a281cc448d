import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import type { LiveBoard } from '../src/live-board.ts';
import { candlePixels, complaintsOf, describeWithBrowser, launchBrowser, overlaps, textBoxes, textOf } from './support/browser.ts';
import { MovingMarket, symbols } from './support/moving-market.ts';
import { type RunningMarket, startMarket, until } from './support/running-market.ts';

const timeoutMs = 60_000;
const sizes = [
  { name: 'a desktop', width: 1440, height: 900 },
  { name: 'a tablet', width: 820, height: 1180 },
  { name: 'a phone', width: 390, height: 844 },
] as const;

describeWithBrowser('the page', executablePath => {
  let running: RunningMarket;
  let board: LiveBoard;
  let browser: Browser;
  let moving: Promise<void>;
  const stopping = new AbortController();

  beforeAll(async () => {
    running = await startMarket();
    running.startProcessor();
    const market = new MovingMarket(running.feed);
    await market.appendHistory(Date.now(), 120);
    board = await running.startBoard();
    moving = market.run(stopping.signal);
    browser = await launchBrowser(executablePath);
    await until('the board follows the log', () => running.market.problem() === undefined);
  }, timeoutMs);

  afterAll(async () => {
    await browser.close();
    stopping.abort();
    await moving;
    await running.close();
  }, timeoutMs);

  async function opened(options: Parameters<Browser['newPage']>[0] = {}, path = '/?symbol=BTC%2FUSD&interval=1m'): Promise<Page> {
    const page = await browser.newPage({ viewport: sizes[0], ...options });
    page.setDefaultTimeout(30_000);
    await page.goto(board.url + path);
    await page
      .locator('#prices tbody tr')
      .nth(symbols.length - 1)
      .waitFor();
    return page;
  }

  const lastOf = (page: Page, symbol: string) => textOf(page.locator(`tr[data-symbol="${symbol}"] .last`));
  const drawn = (page: Page) =>
    until('candles', async () => (await candlePixels(page)).up > 300 && (await candlePixels(page)).down > 300, 30_000);

  it(
    'shows every symbol with a price that moves',
    async () => {
      const page = await opened();
      expect(await page.locator('tbody .text').allTextContents()).toEqual([...symbols]);
      for (const symbol of ['BTC/USD', 'EUR/USD']) {
        const before = await lastOf(page, symbol);
        await until(`a new price of ${symbol}`, async () => (await lastOf(page, symbol)) !== before);
      }
      expect(await lastOf(page, 'EUR/USD')).toMatch(/^\d\.\d{5}$/);
      expect(await lastOf(page, 'BTC/USD')).toMatch(/^\d{2},\d{3}\.\d{2}$/);
      expect(await textOf(page.locator('tr[data-symbol="BTC/USD"] .change'))).toMatch(/^[+−]?\d+\.\d{2}$/);
      expect(await page.title()).toMatch(/^[\d,.]+ BTC\/USD \(simulated\) · Tapeline$/);
      await page.close();
    },
    timeoutMs,
  );

  it(
    'says that data is simulated, where nobody can miss it',
    async () => {
      const page = await opened();
      const notice = page.locator('.notice[data-kind="simulated"]');
      expect(await textOf(notice)).toContain('SIMULATED DATA');
      const box = await notice.boundingBox();
      expect(box?.width).toBe(1440);
      expect(box?.y).toBeLessThan(60);
      await page.close();
    },
    timeoutMs,
  );

  it(
    'paints candles and lets the last one grow',
    async () => {
      const page = await opened();
      await drawn(page);
      await until('the forming bar', async () => (await textOf(page.locator('#legend'))).includes('forming'));
      const ticks = async () => Number(/Ticks (\d+)/.exec(await textOf(page.locator('#legend')))?.[1]);
      const before = await ticks();
      await until('a grown bar', async () => (await ticks()) !== before);
      await page.close();
    },
    timeoutMs,
  );

  it(
    'shows another symbol by a click and by the keyboard, and another interval',
    async () => {
      const page = await opened();
      await page.locator('tr[data-symbol="EUR/USD"]').click();
      expect(await textOf(page.locator('#quote-symbol'))).toBe('EUR/USD');
      await page.keyboard.press('ArrowDown');
      expect(await textOf(page.locator('#quote-symbol'))).toBe('MSFT');
      await page.getByRole('radio', { name: '5m', exact: true }).click();
      expect(await textOf(page.getByRole('radio', { checked: true }))).toBe('5m');
      expect(new URL(page.url()).search).toBe('?symbol=MSFT&interval=5m');
      await drawn(page);
      expect(await page.locator('tr[aria-selected="true"]').getAttribute('data-symbol')).toBe('MSFT');
      await page.close();
    },
    timeoutMs,
  );

  for (const size of sizes) {
    it(
      `fits ${size.name} (${size.width} × ${size.height}): no text lies on another, none is cut off, nothing scrolls sideways, no complaint`,
      async () => {
        const page = await browser.newPage({ viewport: size });
        const complaints = complaintsOf(page, board.url);
        await page.goto(`${board.url}/?symbol=BTC%2FUSD&interval=1m`);
        await page
          .locator('#prices tbody tr')
          .nth(symbols.length - 1)
          .waitFor();
        await drawn(page);
        const boxes = await textBoxes(page);
        expect(boxes.length).toBeGreaterThan(60);
        expect(overlaps(boxes)).toEqual([]);
        expect(boxes.filter(box => box.left < 0 || box.right > size.width)).toEqual([]);
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(size.width);
        const clipped = `[...document.querySelectorAll('td, th, h1, h2, .notice, .quote, .legend, .scroll')].filter(e => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)`;
        expect(await page.evaluate(clipped)).toEqual([]);
        expect(complaints).toEqual([]);
        await page.close();
      },
      timeoutMs,
    );
  }

  it(
    'aligns numbers on the right, in figures of one width',
    async () => {
      const page = await opened();
      const cells = page.locator('tbody td.last');
      const rights = await cells.evaluateAll(elements =>
        elements.map(element => String(Math.round(element.getBoundingClientRect().right))),
      );
      expect(new Set(rights).size).toBe(1);
      const style = await page.evaluate(
        '(({ textAlign, fontVariantNumeric }) => ({ textAlign, fontVariantNumeric }))(getComputedStyle(document.querySelector("td.last")))',
      );
      expect(style).toEqual({ textAlign: 'right', fontVariantNumeric: 'lining-nums tabular-nums' });
      await page.close();
    },
    timeoutMs,
  );

  it(
    'follows the scheme of the system',
    async () => {
      const page = await opened({ colorScheme: 'dark' });
      const background = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
      expect(await background()).toBe('rgb(11, 14, 19)');
      await page.emulateMedia({ colorScheme: 'light' });
      expect(await background()).toBe('rgb(236, 239, 243)');
      await drawn(page);
      await page.close();
    },
    timeoutMs,
  );

  it(
    'asks for a token where one is set, takes it out of the address, and shows the market then',
    async () => {
      const token = 'an-example-of-a-token';
      const guarded = await running.startBoard({ token });
      const page = await browser.newPage({ viewport: sizes[0] });
      await page.goto(guarded.url);
      expect(await textOf(page.locator('body'))).toContain('This board wants its token.');
      await page.goto(`${guarded.url}/?token=${token}`);
      await page.getByText('SIMULATED DATA').waitFor();
      await page
        .locator('#prices tbody tr')
        .nth(symbols.length - 1)
        .waitFor();
      expect(page.url()).not.toContain('token');
      expect(await page.evaluate('document.cookie')).toBe('');
      // Another token, as after a rotation: the open page says so, not that the server is gone.
      await guarded.close();
      await running.startBoard({ token: `${token}-new`, port: Number(new URL(guarded.url).port) });
      await page.getByText('This board wants its token.').waitFor();
      await page.close();
    },
    timeoutMs,
  );

  it(
    'says when the server is out of reach, and comes back by itself',
    async () => {
      const other = await running.startBoard();
      const page = await browser.newPage({ viewport: sizes[0] });
      await page.goto(other.url);
      await page
        .locator('#prices tbody tr')
        .nth(symbols.length - 1)
        .waitFor();
      await other.close();
      await page.getByText('SERVER OUT OF REACH').waitFor();
      const before = await lastOf(page, 'BTC/USD');
      await running.startBoard({ port: Number(new URL(other.url).port) });
      await page.getByText('SERVER OUT OF REACH').waitFor({ state: 'detached' });
      await until('prices that move again', async () => (await lastOf(page, 'BTC/USD')) !== before);
      await page.close();
    },
    timeoutMs,
  );
});

describeWithBrowser('the page of a market in trouble', executablePath => {
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
        const since = (timeMs: number) => `${new Date(timeMs).toISOString().slice(11, 19)} UTC`;
        await page.getByText(`twelve-data/0 is disconnected since ${since(nowMs - 30_000)}`).waitFor();
        await page.getByText('by twelve-data/0: 1211 (You are not authorized to access XHKG data.)').waitFor();
        expect(await textOf(page.locator('#feeds'))).toMatch(/twelve-data\/0\s*GAP/);
        expect(await page.getByText('SIMULATED').count()).toBe(0);
        await feed.append(feed.session({ timeMs: nowMs + 1_000, symbols: ['BTC/USD'] }), feed.heartbeat(nowMs + 1_000));
        await until('the live feed', async () => /LIVE/.test(await textOf(page.locator('#feeds'))));
        expect(await page.locator('.notice').count()).toBe(0);
        await page.getByText(`nothing was heard of twelve-data/0 since ${since(nowMs + 1_000)}`).waitFor();
      } finally {
        await browser.close();
        await running.close();
      }
    },
    timeoutMs,
  );
});
