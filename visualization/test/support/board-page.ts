/** A market that moves, its board and a browser: what the tests of the page share. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { eventually } from '../../../test/support/eventually.ts';
import type { LiveBoard } from '../../src/live-board.ts';
import { candlePixels, launchBrowser } from './browser.ts';
import { markMarket } from './marked-market.ts';
import { MovingMarket } from './moving-market.ts';
import { type RunningMarket, startMarket } from './running-market.ts';

export const sizes = [
  { name: 'a desktop', width: 1440, height: 900 },
  { name: 'a tablet', width: 820, height: 1180 },
  { name: 'a desktop at twice the size', width: 720, height: 450 },
  { name: 'a phone', width: 390, height: 844 },
] as const;

export interface BoardUnderTest {
  readonly running: RunningMarket;
  readonly board: LiveBoard;
  readonly market: MovingMarket;
  readonly browser: Browser;
  /** A page that shows prices. */
  opened(options?: BrowserContextOptions, path?: string): Promise<Page>;
  close(): Promise<void>;
}

/** Starts all of it, with two hours of history in which one symbol has bars of every flag. */
export async function startBoardUnderTest(executablePath: string, symbol = 'BTC/USD'): Promise<BoardUnderTest> {
  const stopping = new AbortController();
  const [running, browser] = await Promise.all([startMarket(), launchBrowser(executablePath)]);
  running.startProcessor();
  const market = new MovingMarket(running.feed);
  const nowMs = Date.now();
  await market.appendHistory(nowMs, 120);
  const lately = { fromMs: nowMs - 180_000, toMs: nowMs, limit: 1 };
  await eventually(
    'the newest bars are stored',
    async () => (await running.store.bars({ symbol, interval: '1m', ...lately })).length > 0,
    30_000,
  );
  await markMarket(running, symbol, nowMs);
  const board = await running.startBoard();
  const moving = market.run(stopping.signal);
  await eventually('the board follows the log', () => running.market.problem() === undefined, 30_000);
  return {
    running,
    board,
    market,
    browser,
    async opened(options, path = '/#symbol=BTC%2FUSD&interval=1m') {
      const page = await browser.newPage({ viewport: sizes[0], ...options });
      page.setDefaultTimeout(30_000);
      await page.goto(board.url + path);
      await priced(page);
      return page;
    },
    async close() {
      await browser.close();
      stopping.abort();
      await moving;
      await running.close();
    },
  };
}

/** Waits until the watchlist shows a price. */
export async function priced(page: Page): Promise<void> {
  await page.locator('#prices tbody td.last').filter({ hasText: /\d/ }).first().waitFor();
}

/** Waits until candles of both colours are painted. */
export async function drawn(page: Page): Promise<void> {
  const isDrawn = async () => {
    const pixels = await candlePixels(page);
    return pixels.up > 300 && pixels.down > 300;
  };
  await eventually('candles', isDrawn, 30_000);
}

/** Waits until the page stands still but for its prices: the last thing to come is the answer about gaps and alerts. */
export async function settled(page: Page): Promise<void> {
  await drawn(page);
  await page.locator('#alerts li').first().waitFor();
  await sleep(300);
}
