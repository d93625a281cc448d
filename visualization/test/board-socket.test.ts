import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../../test/support/eventually.ts';
import { type RunningMarket, startMarket } from './support/running-market.ts';
import { Screen } from './support/screen.ts';
import { tenOClockMs } from './support/stocked-board.ts';

let running: RunningMarket;

beforeEach(async () => {
  running = await startMarket();
});

afterEach(() => running.close());

describe('the socket of the board', () => {
  it('says hello, then all rows, feeds and nothing more while nothing changes', async () => {
    const { feed } = running;
    await feed.append(
      feed.session({ timeMs: tenOClockMs, symbols: ['BTC/USD', 'EUR/USD'], simulated: true }),
      feed.tick({ symbol: 'BTC/USD', price: 100, bid: 99, ask: 101, dayVolume: 7, timeMs: tenOClockMs + 1_000 }),
      feed.tick({ symbol: 'BTC/USD', price: 104, bid: 103, ask: 105, dayVolume: 8, timeMs: tenOClockMs + 2_000 }),
    );
    await eventually('the price', () => running.market.latestOf('BTC/USD')?.price === 104);
    const screen = await Screen.open((await running.startBoard()).url);
    screen.watch('BTC/USD', 'EUR/USD');
    await eventually('an update', () => screen.updates.length > 0);
    expect(screen.hello).toEqual({
      intervals: ['1s', '5s', '15s', '1m', '5m', '15m', '1h', '1d'],
      maxUpdatesPerSecond: 10,
      maxSymbols: 1_000,
    });
    await eventually('rows and feeds', () => screen.rows.length > 0 && screen.feeds.length > 0);
    expect(screen.rows).toEqual([
      { symbol: 'BTC/USD', price: 104, bid: 103, ask: 105, dayVolume: 8, dayOpen: 100, timeMs: tenOClockMs + 2_000 },
    ]);
    expect(screen.feeds).toMatchObject([{ feed: 'twelve-data/0', simulated: true, symbols: 2 }]);
    const told = screen.updates.length;
    await sleep(600);
    expect(screen.updates.slice(told).filter(update => update.rows ?? update.chart)).toEqual([]);
  });

  it('tells alerts as the fold gives them, before the store has them, and who comes later those of lately', async () => {
    const { feed, store } = running;
    const { url } = await running.startBoard();
    const screen = await Screen.open(url);
    await eventually('the feeds', () => screen.updates.length > 0);
    const rule = { ...{ condition: 'level', of: 'close', above: 100, hysteresis: 0 }, ...{ name: 'high', symbols: ['BTC/USD'] } } as const;
    const common = { interval: '1s', severity: 'critical', cooldown: '0s', marketHours: 'always' } as const;
    await feed.append(
      { v: 1, kind: 'alert-rules', rules: [{ ...rule, ...common }], receivedTimeMs: tenOClockMs },
      feed.session({ timeMs: tenOClockMs, symbols: ['BTC/USD'] }),
      feed.tick({ symbol: 'BTC/USD', price: 99, timeMs: tenOClockMs + 1_000 }),
      feed.tick({ symbol: 'BTC/USD', price: 101, timeMs: tenOClockMs + 2_000 }),
      feed.heartbeat(tenOClockMs + 10_000),
    );
    const told = ({ updates }: Screen) => updates.flatMap(update => update.alerts ?? []);
    await eventually('the alert', () => told(screen).length > 0);
    const alert = { rule: 'high', condition: 'level', severity: 'critical', symbol: 'BTC/USD', interval: '1s', value: 101, threshold: 100 };
    expect(told(screen)).toEqual([{ ...alert, id: expect.any(String), timeMs: tenOClockMs + 3_000, message: expect.any(String) }]);
    expect(await store.alerts({ fromMs: 0, toMs: tenOClockMs + 60_000, limit: 10 })).toEqual([]);
    const later = await Screen.open(url);
    await eventually('the alert again', () => told(later).length > 0);
    await sleep(300);
    expect([told(screen), told(later)]).toEqual([told(later), told(screen)]);
  });

  it('sends the chosen bars: closed just now, forming, and each as it closes', async () => {
    const { feed } = running;
    const screen = await Screen.open((await running.startBoard()).url);
    await feed.append(
      feed.session({ timeMs: tenOClockMs, symbols: ['BTC/USD'] }),
      feed.tick({ symbol: 'BTC/USD', price: 100, timeMs: tenOClockMs + 1_000 }),
      feed.heartbeat(tenOClockMs + 62_000),
      feed.tick({ symbol: 'BTC/USD', price: 105, timeMs: tenOClockMs + 63_000 }),
    );
    await eventually('the price', () => running.market.latestOf('BTC/USD')?.price === 105);
    screen.subscribe('BTC/USD', '1m');
    const charts = () => screen.updates.flatMap(update => update.chart ?? []);
    await eventually('the chart', () => charts().length > 0);
    expect(charts()[0]).toMatchObject({
      symbol: 'BTC/USD',
      interval: '1m',
      bars: [
        expect.objectContaining({ startMs: tenOClockMs, close: 100, state: 'final' }),
        expect.objectContaining({ startMs: tenOClockMs + 60_000, close: 105, state: 'forming' }),
      ],
    });
    await feed.append(feed.tick({ symbol: 'BTC/USD', price: 99, timeMs: tenOClockMs + 64_000 }));
    await eventually('the grown bar', () => charts().at(-1)?.bars.at(-1)?.low === 99);
    expect(charts().at(-1)?.bars).toHaveLength(1);
    await feed.append(feed.heartbeat(tenOClockMs + 122_000));
    const closed = () =>
      charts()
        .slice(1)
        .find(chart => chart.bars.at(-1)?.state === 'final');
    await eventually('the closed bar', () => closed() !== undefined);
    expect(closed()?.bars).toEqual([
      {
        symbol: 'BTC/USD',
        interval: '1m',
        startMs: tenOClockMs + 60_000,
        open: 105,
        high: 105,
        low: 99,
        close: 99,
        tickCount: 2,
        state: 'final',
        flags: [],
        revision: 0,
      },
    ]);
  });

  it('tells of a gap while it goes on, and that it is over', async () => {
    const { feed } = running;
    const nowMs = Date.now();
    const screen = await Screen.open((await running.startBoard()).url);
    await feed.append(
      feed.session({ timeMs: nowMs, symbols: ['BTC/USD'] }),
      feed.tick({ symbol: 'BTC/USD', price: 100, timeMs: nowMs + 1 }),
      feed.heartbeat(nowMs + 2, { connected: false }),
    );
    screen.subscribe('BTC/USD', '1m');
    const gaps = () => screen.updates.flatMap(({ chart }) => (chart === undefined ? [] : [chart.gap]));
    await eventually('the gap', () => gaps().at(-1) !== undefined);
    expect(gaps().at(-1)).toEqual({ fromMs: nowMs + 1, reason: 'twelve-data/0 is disconnected' });
    await feed.append(feed.session({ timeMs: Date.now(), symbols: ['BTC/USD'] }));
    await eventually('the end of the gap', () => gaps().at(-1) === undefined);
  });

  it('is conflated: a price that moves a hundred times a second is told ten times, the last one included', async () => {
    const { feed } = running;
    await feed.append(feed.session({ timeMs: tenOClockMs, symbols: ['BTC/USD'] }));
    const screen = await Screen.open((await running.startBoard()).url);
    const beganMs = performance.now();
    screen.watch('BTC/USD');
    let price = 0;
    while (performance.now() - beganMs < 2_000) {
      price += 1;
      await feed.append(feed.tick({ symbol: 'BTC/USD', price, timeMs: tenOClockMs + price }));
      await sleep(8);
    }
    await eventually('the last price', () => screen.prices('BTC/USD').at(-1) === price);
    const seconds = (performance.now() - beganMs) / 1_000;
    expect(price).toBeGreaterThan(60);
    expect(screen.prices('BTC/USD').length).toBeLessThanOrEqual(Math.ceil(seconds * 10) + 2);
    expect(screen.prices('BTC/USD').length).toBeGreaterThan(5);
  });

  it('speaks every two seconds at least, so that a dead connection can be told', async () => {
    const screen = await Screen.open((await running.startBoard()).url);
    await eventually('three quiet updates', () => screen.updates.filter(update => update.rows === undefined).length >= 3);
    expect(Object.keys(screen.updates.at(-1) ?? {}).sort()).toEqual(['atMs', 'nowMs']);
  });
});

describe('the limits of the socket', () => {
  it('refuse a page of another host, and take programs and its own page', async () => {
    const board = await running.startBoard();
    await expect(Screen.open(board.url, { origin: 'https://evil.example' })).rejects.toThrow('Unexpected server response: 403');
    await expect(Screen.open(board.url, { origin: 'null' })).rejects.toThrow('Unexpected server response: 403');
    await expect(Screen.open(board.url, { origin: board.url })).resolves.toBeInstanceOf(Screen);
    await expect(Screen.open(board.url)).resolves.toBeInstanceOf(Screen);
  });

  it('refuse one client too many, and take the next when one has gone', async () => {
    const board = await running.startBoard({ socket: { maxClients: 1 } });
    const first = await Screen.open(board.url);
    await expect(Screen.open(board.url)).rejects.toThrow('Unexpected server response: 503');
    first.socket.close();
    await once(first.socket, 'close');
    await eventually('a free place', () => Screen.open(board.url).then(Boolean, () => false));
  });

  it('end the connection of a client whose message is too long', async () => {
    const screen = await Screen.open((await running.startBoard()).url);
    screen.socket.send('x'.repeat(73_729));
    const [code] = await once(screen.socket, 'close');
    expect(code).toBe(1009);
  });

  it('end the connection of a client that talks too much', async () => {
    const screen = await Screen.open((await running.startBoard()).url);
    for (let count = 0; count <= 50; count += 1) screen.subscribe('A', '1m');
    const [code, reason] = await once(screen.socket, 'close');
    expect([code, String(reason)]).toEqual([1008, 'more than 50 messages in 10 s']);
  });

  it('end the connection of a client that sends too much', async () => {
    const screen = await Screen.open((await running.startBoard()).url);
    for (let count = 0; count < 9; count += 1) screen.socket.send('x'.repeat(65_000));
    const [code, reason] = await once(screen.socket, 'close');
    expect([code, String(reason)]).toEqual([1008, 'more than 512 KiB in 10 s']);
  });

  it('count its pings, which have to be answered, as messages', async () => {
    const screen = await Screen.open((await running.startBoard()).url);
    for (let count = 0; count <= 50; count += 1) screen.socket.ping();
    const [code] = await once(screen.socket, 'close');
    expect(code).toBe(1008);
  });

  it('take as many symbols as the hello says, and no more', async () => {
    const screen = await Screen.open((await running.startBoard()).url);
    await eventually('the hello', () => screen.hello !== undefined);
    const symbols = Array.from({ length: (screen.hello?.maxSymbols ?? 0) + 1 }, (_, index) => String(index).padStart(60, 'S'));
    screen.watch(...symbols.slice(1));
    screen.watch(...symbols);
    await eventually('an error', () => screen.errors.length > 0);
    expect(screen.errors).toEqual([{ code: 'message.invalid', message: expect.stringContaining('watch.symbols: Too big') }]);
  });

  it('are told when so many symbols without a price are waited for that theirs are not, and get their other rows', async () => {
    const { feed } = running;
    await feed.append(
      feed.session({ timeMs: tenOClockMs, symbols: ['BTC/USD'] }),
      feed.tick({ symbol: 'BTC/USD', price: 104, timeMs: tenOClockMs + 2_000 }),
    );
    await eventually('the price', () => running.market.latestOf('BTC/USD')?.price === 104);
    const { url } = await running.startBoard();
    const names = (screen: number) => Array.from({ length: 1_000 }, (_, index) => `${screen}/${index}`);
    const others = await Promise.all(Array.from({ length: 100 }, () => Screen.open(url)));
    for (const [index, other] of others.entries()) other.watch(...names(index));
    await sleep(300);
    const screen = await Screen.open(url);
    screen.watch('BTC/USD', 'nobody', 'nothing');
    await eventually('an error', () => screen.errors.length > 0);
    expect(screen.errors).toEqual([{ code: 'watch.full', message: expect.stringContaining('2 of these without a price are left out') }]);
    await eventually('the row', () => screen.rows.length > 0);
    expect(others.flatMap(other => other.errors)).toEqual([]);
    for (const other of others) other.socket.terminate();
  });

  it('answer bytes, which no client has to send, with what is wrong', async () => {
    const screen = await Screen.open((await running.startBoard()).url);
    screen.socket.send(Buffer.from('{"unsubscribe":{}}'));
    await eventually('an error', () => screen.errors.length > 0);
    expect(screen.errors).toEqual([{ code: 'message.invalid', message: 'a message must be text, not binary' }]);
  });

  it('end the connection of a client that answers no ping', async () => {
    const screen = await Screen.open((await running.startBoard({ socket: { pingIntervalMs: 200 } })).url);
    screen.socket.pause();
    await sleep(700);
    screen.socket.resume();
    const [code] = await once(screen.socket, 'close');
    expect(code).toBe(1006);
  });

  it.each([
    ['hello', 'message: Invalid input: expected object, received undefined; expected one of'],
    ['{"subscribe":{"symbol":"A","interval":"2m"}}', 'subscribe.interval: Invalid option'],
    ['{"subscribe":{"symbol":"","interval":"1m"}}', 'subscribe.symbol: Too small'],
    ['{"subscribe":{"symbol":"A","interval":"1m"},"unsubscribe":{}}', 'message: must have one key'],
    ['{"subscribe":{"symbol":"A","interval":"1m","extra":1}}', 'subscribe: Unrecognized key: "extra"'],
    ['{"watch":{"symbols":["A",1]}}', 'watch.symbols.1: Invalid input: expected string, received number'],
    ['{}', 'message: must have one key'],
  ])('answer %s with what is wrong, and go on', async (text, reason) => {
    const screen = await Screen.open((await running.startBoard()).url);
    screen.socket.send(text);
    await eventually('an error', () => screen.errors.length === 1);
    expect(screen.errors[0]).toEqual({ code: 'message.invalid', message: expect.stringContaining(reason) });
    expect(screen.socket.readyState).toBe(screen.socket.OPEN);
  });
});

describe('a board that stops', () => {
  it('says good-bye to its screens and frees the port within a second, also when one does not answer', async () => {
    const board = await running.startBoard();
    const polite = await Screen.open(board.url);
    const deaf = await Screen.open(board.url);
    deaf.socket.pause();
    const closing = once(polite.socket, 'close');
    const beganMs = performance.now();
    await board.close();
    expect(performance.now() - beganMs).toBeLessThan(1_500);
    expect((await closing)[0]).toBe(1001);
    await expect(fetch(board.url)).rejects.toThrow();
    deaf.socket.terminate();
  });
});
