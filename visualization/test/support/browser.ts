/** The system's Chromium, driven by Playwright; pages that remember what went wrong on them. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, it } from '@jest/globals';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';

const places = [
  process.env.CHROMIUM_PATH,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
];

/** The browser's program; `undefined` when there is none. */
const chromiumPath = places.find(path => path !== undefined && path !== '' && existsSync(path));

/** A `describe` that needs a browser: skipped, loudly, where there is none; in CI it fails. */
export function describeWithBrowser(name: string, tests: (executablePath: string) => void): void {
  if (chromiumPath !== undefined) {
    describe(name, () => tests(chromiumPath));
    return;
  }
  const message = `no Chromium found at ${places.filter(Boolean).join(', ')}: install it or set CHROMIUM_PATH`;
  if (process.env.CI === 'true') {
    describe(name, () => {
      it('finds a browser', () => {
        throw new Error(message);
      });
    });
    return;
  }
  process.stderr.write(`!!! "${name}" is SKIPPED: ${message}\n`);
  describe.skip(name, () => tests(''));
}

export function launchBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: ['--headless', '--no-sandbox', '--disable-quic', '--disable-background-networking'] });
}

/** Errors and warnings that a page wrote, and requests that left its server. */
export function complaintsOf(page: Page, url: string): readonly string[] {
  const complaints: string[] = [];
  page.on('pageerror', error => complaints.push(`exception: ${error.message}`));
  page.on('console', message => {
    // Counting pixels makes the browser warn: that is the test's doing.
    if (['error', 'warning'].includes(message.type()) && !message.text().includes('getImageData')) {
      complaints.push(`console: ${message.text()}`);
    }
  });
  page.on('request', request => {
    if (!request.url().startsWith(url) && !request.url().startsWith('data:')) complaints.push(`request to ${request.url()}`);
  });
  return complaints;
}

/** The text of an element; empty when there is none. */
export async function textOf(locator: Locator): Promise<string> {
  return (await locator.textContent()) ?? '';
}

export interface Box {
  readonly name: string;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/**
 * Boxes of all visible texts, of the text itself and not of its element; without those for screen readers only.
 * A text that its element cuts off is given as far as it would reach.
 */
export function textBoxes(page: Page): Promise<readonly Box[]> {
  // Passed as text: the tests are compiled without the browser's types.
  return page.evaluate<readonly Box[]>(`(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const boxes = [];
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      if (node.textContent.trim() === '' || !node.parentElement.checkVisibility() || node.parentElement.closest('.unseen')) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      for (const { left, top, right, bottom } of range.getClientRects()) boxes.push({ name: node.textContent.trim(), left, top, right, bottom });
    }
    return boxes;
  })()`);
}

/** Pairs of texts that lie on each other by more than a pixel. */
export function overlaps(boxes: readonly Box[]): readonly string[] {
  const pairs: string[] = [];
  for (const [index, a] of boxes.entries()) {
    for (const b of boxes.slice(index + 1)) {
      const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (width > 1 && height > 3) pairs.push(`"${a.name}" on "${b.name}"`);
    }
  }
  return pairs;
}

/** How many pixels of the chart have one of the colours that candles are painted in. */
export function candlePixels(page: Page): Promise<{ readonly up: number; readonly down: number }> {
  return page.evaluate<{ up: number; down: number }>(`(() => {
    const probe = document.body.appendChild(document.createElement('span'));
    const rgb = name => {
      probe.style.color = 'var(' + name + ')';
      return getComputedStyle(probe).color.match(/\\d+/g).map(Number);
    };
    const [up, down] = [rgb('--up'), rgb('--down')];
    probe.remove();
    const is = (data, at, color) => data[at] === color[0] && data[at + 1] === color[1] && data[at + 2] === color[2] && data[at + 3] === 255;
    const count = { up: 0, down: 0 };
    for (const canvas of document.querySelectorAll('#chart canvas')) {
      if (canvas.width < 200 || canvas.height < 100) continue;
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      for (let at = 0; at < data.length; at += 4) {
        if (is(data, at, up)) count.up += 1;
        else if (is(data, at, down)) count.down += 1;
      }
    }
    return count;
  })()`);
}

/** How many pixels of a line near the top of the chart, from its right edge on, are shaded as a gap. */
export function shadedAtEnd(page: Page): Promise<number> {
  return page.evaluate<number>(`(() => {
    const canvas = [...document.querySelectorAll('#chart canvas')].find(({ width, height }) => width >= 200 && height >= 100);
    const { data } = canvas.getContext('2d').getImageData(0, 4, canvas.width, 1);
    const plain = document.createElement('canvas').getContext('2d');
    const probe = document.body.appendChild(document.createElement('span'));
    for (const name of ['--panel', '--gap-back']) {
      probe.style.color = 'var(' + name + ')';
      plain.fillStyle = getComputedStyle(probe).color;
      plain.fillRect(0, 0, 1, 1);
    }
    probe.remove();
    const shade = plain.getImageData(0, 0, 1, 1).data;
    const isShaded = at => [0, 1, 2].every(part => Math.abs(data[at * 4 + part] - shade[part]) <= 1);
    const plainAtEnd = !Array.from({ length: 6 }, (_, index) => canvas.width - 1 - index).some(isShaded);
    return plainAtEnd ? 0 : Array.from({ length: canvas.width }, (_, at) => at).filter(isShaded).length;
  })()`);
}

/** Serious and critical faults of accessibility, as axe-core finds them on the page as it stands. */
export async function accessibilityFaults(page: Page): Promise<readonly string[]> {
  await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
  const { violations } = await page.evaluate<AxeAnswer>("axe.run(document, { resultTypes: ['violations'] })");
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  return serious.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(node => node.target.join(' ')).join(', ')}`);
}

interface AxeAnswer {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string;
    readonly help: string;
    readonly nodes: readonly { readonly target: readonly string[] }[];
  }[];
}
