import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type BoardUnderTest, drawn, priced, settled, sizes, startBoardUnderTest } from './support/board-page.ts';
import { accessibilityFaults, complaintsOf, describeWithBrowser, overlaps, textBoxes, textOf } from './support/browser.ts';
import { symbols } from './support/moving-market.ts';

const timeoutMs = 60_000;
const allIndicators = "localStorage.setItem('tapeline.indicators', 'sma,ema,bollinger,vwap,rsi,macd')";

describeWithBrowser('the look of the page', executablePath => {
  let under: BoardUnderTest;

  beforeAll(async () => {
    under = await startBoardUnderTest(executablePath);
  }, timeoutMs);

  afterAll(() => under.close(), timeoutMs);

  for (const size of sizes) {
    it(
      `fits ${size.name} (${size.width} × ${size.height}): no text lies on another, none is cut off, nothing scrolls sideways, no complaint`,
      async () => {
        const page = await under.browser.newPage({ viewport: size });
        const complaints = complaintsOf(page, under.board.url);
        await page.goto(`${under.board.url}/#symbol=BTC%2FUSD&interval=1m`);
        await settled(page);
        const boxes = await textBoxes(page);
        expect(boxes.length).toBeGreaterThan(60);
        expect(overlaps(boxes)).toEqual([]);
        expect(boxes.filter(box => box.left < 0 || box.right > size.width)).toEqual([]);
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(size.width);
        const clipped = `[...document.querySelectorAll('td, th, h1, h2, .notice, .quote, .readout, .scroll, .toolbar, .head, .alert')].filter(e => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)`;
        expect(await page.evaluate(clipped)).toEqual([]);
        expect(complaints).toEqual([]);
        await page.close();
      },
      timeoutMs,
    );

    it(
      `has no serious fault of accessibility on ${size.name}, in light and in dark colours, with every indicator, with results, menu and help open`,
      async () => {
        const page = await under.browser.newPage({ viewport: size, colorScheme: 'light', reducedMotion: 'reduce' });
        await page.addInitScript(allIndicators);
        await page.goto(`${under.board.url}/#symbol=BTC%2FUSD&interval=1m`);
        await settled(page);
        expect(await accessibilityFaults(page)).toEqual([]);
        await page.keyboard.press('/');
        await page.getByRole('option').first().waitFor();
        expect(await accessibilityFaults(page)).toEqual([]);
        await page.emulateMedia({ colorScheme: 'dark' });
        expect(await accessibilityFaults(page)).toEqual([]);
        await page.keyboard.press('Escape');
        await page.keyboard.press('i');
        expect(await page.getByRole('checkbox', { name: 'RSI 14' }).isChecked()).toBe(true);
        expect(await accessibilityFaults(page)).toEqual([]);
        await page.keyboard.press('Escape');
        await page.keyboard.press('?');
        await page.getByRole('dialog').waitFor();
        expect(await accessibilityFaults(page)).toEqual([]);
        await page.close();
      },
      timeoutMs,
    );
  }

  it(
    'shows a first price within a second, with less than 300 KB of script, all of it from its own server',
    async () => {
      const loads: number[] = [];
      const empty: number[] = [];
      // The best of a few, and in proportion where the machine is so busy that even an empty page takes long.
      for (let load = 0; load < 5 && Math.min(...loads) >= 1_000; load += 1) {
        empty.push(await emptyPageMs(under));
        loads.push(await firstPriceMs(under));
      }
      expect(Math.min(...loads)).toBeLessThan(Math.max(1_000, 10 * Math.min(...empty)));
    },
    timeoutMs,
  );

  it(
    'tells a screen reader what stands in a row and what the chart is, and no sign that is for the eye',
    async () => {
      const page = await under.opened();
      const row = page.getByRole('grid', { name: 'Prices of the watchlist' }).getByRole('row', { name: 'BTC/USD' });
      expect(await row.ariaSnapshot()).toMatch(/^- row "BTC\/USD [\d,.]+ [+−\d.]+ /);
      expect(await page.locator('#chart').ariaSnapshot()).toMatch(/^- application "Candlestick chart\. .*"$/);
      await page.close();
    },
    timeoutMs,
  );

  it(
    'says that data is simulated, where nobody can miss it',
    async () => {
      const page = await under.opened();
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
    'aligns numbers on the right, in figures of one width',
    async () => {
      const page = await under.opened();
      const cells = page.locator('tbody td.last');
      expect(await cells.count()).toBe(symbols.length);
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
    'follows the scheme of the system until a theme is chosen, and keeps that',
    async () => {
      const page = await under.opened({ colorScheme: 'dark' });
      const background = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
      expect(await background()).toBe('rgb(11, 14, 19)');
      await page.emulateMedia({ colorScheme: 'light' });
      expect(await background()).toBe('rgb(236, 239, 243)');
      await drawn(page);
      await page.keyboard.press('t');
      await page.getByRole('button', { name: 'Theme: light' }).click();
      expect(await background()).toBe('rgb(11, 14, 19)');
      await page.reload();
      await page.getByRole('button', { name: 'Theme: dark' }).waitFor();
      expect(await background()).toBe('rgb(11, 14, 19)');
      await drawn(page);
      await page.close();
    },
    timeoutMs,
  );
});

/** Milliseconds from the request for the page to its first price, in a browser that knows nothing of it; checks the bytes on the way. */
async function firstPriceMs({ browser, board }: BoardUnderTest): Promise<number> {
  const page = await browser.newPage({ viewport: sizes[0] });
  const hosts = new Set<string>();
  page.on('request', request => hosts.add(new URL(request.url()).protocol === 'data:' ? '' : new URL(request.url()).host));
  const beganMs = performance.now();
  await page.goto(board.url, { waitUntil: 'commit' });
  await priced(page);
  const tookMs = performance.now() - beganMs;
  await drawn(page);
  const bytes = await page.evaluate<number>(
    "performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('.js')).reduce((sum, { decodedBodySize }) => sum + decodedBodySize, 0)",
  );
  expect(bytes).toBeGreaterThan(200_000);
  expect(bytes).toBeLessThan(300_000);
  hosts.delete('');
  expect([...hosts]).toEqual([new URL(board.url).host]);
  await page.close();
  return tookMs;
}

/** Milliseconds that the same browser and the same server need for a page of one line. */
async function emptyPageMs({ browser, board }: BoardUnderTest): Promise<number> {
  const page = await browser.newPage({ viewport: sizes[0] });
  const beganMs = performance.now();
  await page.goto(`${board.url}/livez`);
  await page.getByText('ok').waitFor();
  const tookMs = performance.now() - beganMs;
  await page.close();
  return tookMs;
}
