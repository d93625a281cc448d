/**
 * Looks at dashboards in a real Chromium: takes pictures, and says what only a page shows, which is a panel whose query failed and candles that
 * are not painted though their data is there.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import type { DashboardJson } from './dashboard-json.ts';
import type { GrafanaClient } from './grafana-client.ts';
import type { TimeRange } from './interpolation.ts';

export interface ScreenshotOptions {
  readonly client: GrafanaClient;
  readonly dashboards: readonly DashboardJson[];
  readonly range: TimeRange;
  /** Pictures go there as `<uid>.png`. */
  readonly folder: string;
  /** Chromium's program. */
  readonly executablePath: string;
  /** No request for so long means that a page is done. @default 1,500 */
  readonly quietMs?: number;
}

export interface PageFinding {
  readonly dashboard: string;
  readonly picture: string;
  readonly faults: readonly string[];
}

const viewport = { width: 1_600, height: 1_800 };
const longestMs = 60_000;
/** Candles of a few pixels' width have far more than this; an axis or a frame has none of their colours. */
const fewestCandlePixels = 30;

/** One after the other. */
export async function* lookAtPages(options: ScreenshotOptions): AsyncGenerator<PageFinding> {
  const { client, dashboards, folder, executablePath } = options;
  await mkdir(folder, { recursive: true });
  const args = ['--headless', '--no-sandbox', '--disable-quic', '--disable-background-networking'];
  const browser = await chromium.launch({ executablePath, args });
  try {
    const context = await browser.newContext({ viewport, extraHTTPHeaders: { ...client.headers }, timezoneId: 'UTC' });
    // What we log in with goes to this Grafana and to nobody whom its pages mention.
    await context.route(
      ({ origin }) => origin !== new URL(client.url).origin,
      route => route.abort(),
    );
    for (const dashboard of dashboards) {
      const picture = join(folder, `${dashboard.uid}.png`);
      const seen = await look(context, options, `/d/${dashboard.uid}?kiosk`, page => page.screenshot({ path: picture }));
      const candles = dashboard.panels.filter(({ type }) => type === 'candlestick');
      const unpainted: string[] = [];
      for (const { id, title } of candles)
        unpainted.push(...(await lookForCandles(context, options, `/d-solo/${dashboard.uid}?panelId=${id}`, title)));
      yield { dashboard: dashboard.title, picture, faults: [...seen.faults, ...unpainted] };
    }
  } finally {
    await browser.close();
  }
}

async function lookForCandles(
  context: BrowserContext,
  options: ScreenshotOptions,
  path: string,
  title: string,
): Promise<readonly string[]> {
  const { result: pixels } = await look(context, options, path, candlePixels);
  return pixels >= fewestCandlePixels ? [] : [`${title}: no candles are painted (${pixels} pixels of their colours)`];
}

/** Opens a page, waits until it asks for nothing more, and does what is to be done with it. */
async function look<Result>(
  context: BrowserContext,
  { client, range, quietMs = 1_500 }: ScreenshotOptions,
  path: string,
  act: (page: Page) => Promise<Result>,
): Promise<{ readonly result: Result; readonly faults: readonly string[] }> {
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('response', response => {
    const { pathname } = new URL(response.url());
    if (response.status() >= 400 && /\/(ds\/query|resources\/\w+)$/.test(pathname)) faults.push(`${response.status()} from ${pathname}`);
  });
  page.on('pageerror', error => faults.push(`the page broke: ${error.message}`));
  try {
    const idle = untilIdle(page, quietMs);
    await page.goto(`${client.url}${path}&from=${range.fromMs}&to=${range.toMs}&refresh=`, { timeout: longestMs });
    await idle;
    return { result: await act(page), faults };
  } finally {
    await page.close();
  }
}

/** Resolves once something was asked for and then nothing for so long, and after a minute anyway. */
function untilIdle(page: Page, quietMs: number): Promise<void> {
  return new Promise(resolve => {
    let open = 0;
    let quiet: NodeJS.Timeout | undefined;
    const done = () => {
      clearTimeout(quiet);
      clearTimeout(latest);
      resolve();
    };
    const latest = setTimeout(done, longestMs);
    const settled = () => {
      open -= 1;
      clearTimeout(quiet);
      if (open <= 0) quiet = setTimeout(done, quietMs);
    };
    page.on('request', () => {
      open += 1;
      clearTimeout(quiet);
    });
    page.on('requestfinished', settled);
    page.on('requestfailed', settled);
    page.on('close', done);
  });
}

/** Pixels in the colours of candles, in the upper half of the chart: volume is below, and is drawn where candles are not, too. */
function candlePixels(page: Page): Promise<number> {
  return page.evaluate<number>(`(() => {
    let pixels = 0;
    for (const canvas of document.querySelectorAll('canvas')) {
      const context = canvas.getContext('2d');
      if (context === null || canvas.width === 0 || canvas.height < 2) continue;
      const { data } = context.getImageData(0, 0, canvas.width, Math.floor(canvas.height / 2));
      for (let i = 0; i < data.length; i += 4) {
        const [red, green, blue, alpha] = data.subarray(i, i + 4);
        const isGreen = green > red + 40 && green > blue + 30;
        const isRed = red > green + 60 && red > blue + 40;
        if (alpha > 100 && (isGreen || isRed)) pixels += 1;
      }
    }
    return pixels;
  })()`);
}
