/** What a page meets that stays open for a day. */
import { expect, it } from '@jest/globals';
import type { StoreBatch } from '@tapeline/database/market-store';
import type { Page } from 'playwright-core';
import { eventually } from '../../test/support/eventually.ts';
import { sizes } from './support/board-page.ts';
import { describeWithBrowser, launchBrowser, textOf } from './support/browser.ts';
import { aBar, anAlert, anInstrument, minuteMs, type StockedBoard, startStockedBoard, tenOClockMs } from './support/stocked-board.ts';

const timeoutMs = 120_000;
const patienceMs = 30_000;

/** Has `act` use a page of a board with that stock, and closes both. */
async function onBoard(
  executablePath: string,
  stock: Partial<StoreBatch>,
  nowMs: number,
  act: (page: Page, stocked: StockedBoard) => Promise<void>,
): Promise<void> {
  const stocked = await startStockedBoard(stock, { nowMs });
  const browser = await launchBrowser(executablePath);
  try {
    await act(await browser.newPage({ viewport: sizes[0], reducedMotion: 'reduce' }), stocked);
  } finally {
    await browser.close();
    await stocked.close();
  }
}

describeWithBrowser('a page that stays open', executablePath => {
  it(
    'reads all bars that it shows again after a lost connection, also those before the newest: they may have been corrected',
    async () => {
      const minutes = Array.from({ length: 1_700 }, (_, index) => tenOClockMs + index * minuteMs);
      const bars = (close: number, revision: number) => minutes.map(startMs => aBar({ startMs, close, revision, versionUs: 1 + revision }));
      await onBoard(executablePath, { bars: bars(101, 0) }, tenOClockMs + 1_701 * minuteMs, async (page, stocked) => {
        const { running } = stocked;
        const board = await running.startBoard();
        await page.goto(`${board.url}/#symbol=BTC%2FUSD&interval=1m`);
        const readout = () => textOf(page.locator('#readout'));
        await eventually('bars', async () => (await readout()).includes('final'));
        await page.keyboard.press('c');
        const oldest = async () => {
          await page.keyboard.press('Home');
          return readout();
        };
        const first = '2024-11-04 10:00:00 UTC';
        await eventually('the oldest bars', async () => (await oldest()).includes(first), patienceMs);
        expect(await readout()).toMatch(/C 101\.0/);
        await board.close();
        await page.getByText('SERVER OUT OF REACH').waitFor();
        await running.store.write({ ticks: [], bars: bars(107, 1), latest: [], gaps: [], instruments: [], alerts: [] });
        await running.startBoard({ port: Number(new URL(board.url).port) });
        await eventually('the corrected oldest bar', async () => /C 107\.0/.test(await oldest()), patienceMs);
        expect(await readout()).toContain(first);
      });
    },
    timeoutMs,
  );

  it(
    'shows no bar any more that the tables which serve now do not have: among the newest, before them, and after them',
    async () => {
      const minutes = Array.from({ length: 700 }, (_, index) => tenOClockMs + index * minuteMs);
      const bars = minutes.map(startMs => aBar({ startMs }));
      const gone = [100, 650, 699];
      const left = bars.filter((_, index) => !gone.includes(index));
      const nowMs = tenOClockMs + 701 * minuteMs;
      await onBoard(executablePath, { bars }, nowMs, async (page, stocked) => {
        const board = await stocked.running.startBoard();
        await page.goto(`${board.url}/#symbol=BTC%2FUSD&interval=1m`);
        const readout = () => textOf(page.locator('#readout'));
        const clockAt = (index: number) => new Date(minutes[index] ?? 0).toISOString().slice(11, 19);
        await eventually('bars', async () => (await readout()).includes(clockAt(699)));
        await page.keyboard.press('c');
        await eventually(
          'the oldest bars',
          async () => {
            await page.keyboard.press('Home');
            return (await readout()).includes(clockAt(0));
          },
          patienceMs,
        );
        await board.close();
        await page.getByText('SERVER OUT OF REACH').waitFor();
        const rebuilt = await startStockedBoard({ bars: left }, { nowMs });
        try {
          await rebuilt.running.startBoard({ port: Number(new URL(board.url).port) });
          const after = async (index: number) => {
            await page.keyboard.press('Home');
            for (let step = 0; step < Math.floor(index / 10); step += 1) await page.keyboard.press('Shift+ArrowRight');
            for (let step = 0; step < index % 10; step += 1) await page.keyboard.press('ArrowRight');
            return readout();
          };
          // Each place is that of one bar: those after one that is gone come one place sooner.
          await eventually('the place of the first', async () => (await after(100)).includes(clockAt(101)), patienceMs);
          await eventually('the place of the second', async () => (await after(649)).includes(clockAt(651)), patienceMs);
          await eventually(
            'the end',
            async () => {
              await page.keyboard.press('End');
              return (await readout()).includes(clockAt(698));
            },
            patienceMs,
          );
        } finally {
          await rebuilt.close();
        }
      });
    },
    timeoutMs,
  );

  it(
    'puts the date to alerts of the day before once it is midnight, and leaves the focus on the one that has it',
    async () => {
      const midnightMs = Date.UTC(2024, 10, 5);
      const alerts = [anAlert({ timeMs: midnightMs - 5 * minuteMs }), anAlert({ timeMs: midnightMs - 90 * minuteMs })];
      const clock = { nowMs: midnightMs - minuteMs };
      const stocked = await startStockedBoard({ alerts }, clock);
      const browser = await launchBrowser(executablePath);
      try {
        const page = await browser.newPage({ viewport: sizes[0], reducedMotion: 'reduce' });
        await page.goto(stocked.url);
        const times = () => page.locator('#alerts .quiet').allTextContents();
        await eventually('both alerts', async () => (await times()).length === 2);
        expect(await times()).toEqual(['23:55:00 UTC', '22:30:00 UTC']);
        await page.keyboard.press('a');
        await page.keyboard.press('Tab');
        clock.nowMs = midnightMs + 10_000;
        await eventually('the next day', async () => {
          // A page that comes into view looks at once.
          await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
          return (await times())[0] === '2024-11-04 23:55:00 UTC';
        });
        expect(await times()).toEqual(['2024-11-04 23:55:00 UTC', '2024-11-04 22:30:00 UTC']);
        expect(await page.evaluate('document.activeElement.innerText')).toContain('22:30:00');
      } finally {
        await browser.close();
        await stocked.close();
      }
    },
    timeoutMs,
  );

  it(
    'says what the server refuses it, until it asks for something else',
    async () => {
      await onBoard(
        executablePath,
        { instruments: ['BTC/USD', 'EUR/USD'].map(name => ({ instrument: anInstrument(name), versionUs: 1 })) },
        tenOClockMs,
        async (page, stocked) => {
          await page.routeWebSocket('**/ws', socket => {
            const server = socket.connectToServer();
            let refusals = 0;
            server.onMessage(message => {
              socket.send(message);
              if (String(message).includes('hello'))
                socket.send(JSON.stringify({ error: { code: 'watch.full', message: `no ${++refusals}` } }));
            });
          });
          await page.goto(stocked.url);
          await page.getByText('NOT ALL IS SHOWN no 1').waitFor();
          await page.locator('tr[data-symbol="EUR/USD"] button.remove').click();
          await page.locator('#watch').click();
          await page.getByText('NOT ALL IS SHOWN').waitFor({ state: 'detached' });
        },
      );
    },
    timeoutMs,
  );

  it(
    'says of a symbol without bars that there are none, where the reader sees it',
    async () => {
      await onBoard(executablePath, {}, tenOClockMs, async (page, stocked) => {
        await page.goto(`${stocked.url}/#symbol=NOTHING&interval=1m`);
        await page.getByText('No bars of NOTHING 1m yet').waitFor();
        // What lies on top of all at its place, the message aside from letting the pointer through.
        const onTop = `(() => {
          const message = document.getElementById('chart-message');
          message.style.pointerEvents = 'auto';
          const { left, top, width, height } = message.getBoundingClientRect();
          return document.elementFromPoint(left + width / 2, top + height / 2).id;
        })()`;
        expect(await page.evaluate(onTop)).toBe('chart-message');
      });
    },
    timeoutMs,
  );

  it(
    'brings the row of the chosen symbol into sight, in its panel and never by scrolling the page',
    async () => {
      const names = Array.from({ length: 100 }, (_, index) => `S${index}`);
      const instruments = names.map(name => ({ instrument: anInstrument(name), versionUs: 1 }));
      await onBoard(executablePath, { instruments }, tenOClockMs, async (page, stocked) => {
        await page.addInitScript(`localStorage.setItem('tapeline.watchlist', '${JSON.stringify(names)}')`);
        await page.goto(`${stocked.url}/#symbol=S90&interval=1m`);
        // What lies on top of all at the row's place.
        const isInSight = (name: string) =>
          page.evaluate<boolean>(`(() => {
            const { left, top, height } = document.querySelector('tr[data-symbol="${name}"]').getBoundingClientRect();
            return document.elementFromPoint(left + 40, top + height / 2)?.closest('tr')?.dataset.symbol === '${name}';
          })()`);
        await page.locator('tr[data-symbol="S90"]').waitFor({ state: 'attached' });
        await eventually('the row', () => isInSight('S90'));
        await page.evaluate("location.hash = '#symbol=S3&interval=1m'");
        await eventually('the other row', () => isInSight('S3'));
        await page.setViewportSize({ width: 390, height: 844 });
        await page.evaluate("location.hash = '#symbol=S90&interval=1m'");
        await eventually('the symbol', async () => (await textOf(page.locator('#quote-symbol'))) === 'S90');
        expect(await page.evaluate('scrollY')).toBe(0);
      });
    },
    timeoutMs,
  );

  it(
    'says beside a symbol for which the watchlist has no room that it is full, until there is room',
    async () => {
      const names = Array.from({ length: 201 }, (_, index) => `S${index}`);
      const instruments = names.map(name => ({ instrument: anInstrument(name), versionUs: 1 }));
      await onBoard(executablePath, { instruments }, tenOClockMs, async (page, stocked) => {
        await page.addInitScript(`localStorage.setItem('tapeline.watchlist', '${JSON.stringify(names.slice(0, 200))}')`);
        await page.goto(`${stocked.url}/#symbol=S7&interval=1m`);
        await eventually('all rows', async () => (await page.locator('#prices tbody tr').count()) === 200);
        const note = page.locator('#watch-note');
        expect(await textOf(note)).toBe('');
        await page.keyboard.press('/');
        await page.keyboard.type('S200');
        await page.keyboard.press('Enter');
        await page.getByText('The watchlist is full: 200 symbols').first().waitFor();
        expect([await textOf(page.locator('#quote-symbol')), await note.isVisible()]).toEqual(['S200', true]);
        await page.locator('tr[data-symbol="S3"]').click();
        await page.keyboard.press('Delete');
        await eventually('room', async () => (await page.locator('#prices tbody tr').count()) === 199);
        expect(await textOf(note)).toBe('');
      });
    },
    timeoutMs,
  );
});
