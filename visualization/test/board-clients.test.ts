import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Bar } from '@tapeline/core/bars';
import { Registry } from 'prom-client';
import { eventually } from '../../test/support/eventually.ts';
import { randomOf } from '../../test/support/random.ts';
import type { BoardRow, UpdateMessage } from '../src/board-messages.ts';
import { type BoardConnection, type ConnectionState, connectBoard } from '../src/browser/connection.ts';
import { RandomMarket } from './support/random-market.ts';
import { type RunningMarket, startMarket } from './support/running-market.ts';
import { Screen } from './support/screen.ts';
import { ScriptedMarket } from './support/scripted-market.ts';

let running: RunningMarket;

beforeEach(async () => {
  running = await startMarket();
});

afterEach(() => running.close());

async function metricOf(registry: Registry, name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
  const values = (await registry.getSingleMetric(name)?.get())?.values ?? [];
  const fitting = values.filter(value => Object.entries(labels).every(([label, wanted]) => value.labels[label] === wanted));
  return fitting.reduce((sum, { value }) => sum + value, 0);
}

describe('a slow screen', () => {
  it('is passed over and then gets the newest, and delays no other', async () => {
    const market = new ScriptedMarket(1_000);
    const registry = new Registry();
    const board = await running.startBoard({ market, registry, socket: { updateIntervalMs: 20 } });
    const symbol = market.symbols()[0] ?? '';
    const fast = await Screen.open(board.url);
    fast.watch(...market.symbols());
    const slow = await Screen.open(board.url);
    slow.watch(...market.symbols());
    slow.socket.pause();
    await eventually(
      'updates that the slow one was spared, and on a busy machine some of the other',
      async () => (await metricOf(registry, 'tapeline_live_board_updates_skipped_total')) > 100,
    );
    const priceMs = market.price;
    slow.socket.resume();
    await eventually('the newest price on the slow screen', () => (slow.prices(symbol).at(-1) ?? 0) > priceMs);
    const pauses = fast.updates.slice(1).map((update, index) => update.atMs - (fast.updates[index]?.atMs ?? 0));
    // A bound for a busy machine: who waited for the slow one would wait for all of its pause.
    expect(Math.max(...pauses)).toBeLessThan(5_000);
    expect(slow.updates.length).toBeLessThan(fast.updates.length - 15);
    // Every update that came is whole: prices only rise.
    expect([...slow.prices(symbol)].sort((a, b) => a - b)).toEqual(slow.prices(symbol));
  });

  it.each([
    ['time', { maxBehindMs: 300 }],
    ['bytes', { maxBufferedBytes: 100 }],
  ])('is dropped at the bound of %s, and only it', async (reason, bounds) => {
    const market = new ScriptedMarket(1_000);
    const registry = new Registry();
    const board = await running.startBoard({ market, registry, socket: { updateIntervalMs: 20, ...bounds } });
    const slow = await Screen.open(board.url);
    slow.watch(...market.symbols());
    slow.socket.pause();
    const fast = await Screen.open(board.url);
    fast.watch(...market.symbols());
    await eventually('the drop', async () => (await metricOf(registry, 'tapeline_live_board_clients_dropped_total', { reason })) === 1);
    slow.socket.resume();
    await once(slow.socket, 'close');
    const { length } = fast.updates;
    await eventually('the other one to go on', () => fast.updates.length > length + 5);
    expect(await metricOf(registry, 'tapeline_live_board_clients')).toBe(1);
    expect(await metricOf(registry, 'tapeline_live_board_clients_dropped_total')).toBe(1);
  });
});

describe('what screens are told', () => {
  it('is complete and in order: after a quiet moment the table of each is that of the market', async () => {
    const market = new RandomMarket(400, 3);
    const registry = new Registry();
    const board = await running.startBoard({ market, registry, socket: { updateIntervalMs: 30 } });
    const random = randomOf(5);
    const lists = Array.from({ length: 3 }, () => market.allSymbols.filter(() => random.next() < 0.3));
    const screens = await Promise.all(Array.from({ length: 24 }, () => Screen.open(board.url)));
    const watched = new Map<Screen, readonly string[]>();
    for (let step = 0; step < 80; step += 1) {
      market.move();
      const screen = random.pick(screens);
      const shared = random.pick(lists);
      const list = random.next() < 0.5 ? shared : market.allSymbols.filter(() => random.next() < 0.1);
      screen.watch(...list);
      watched.set(screen, list);
      const other = random.pick(screens);
      if (random.next() < 0.5) other.socket.pause();
      else other.socket.resume();
      await sleep(15);
    }
    for (const screen of screens) screen.socket.resume();
    for (const [screen, list] of watched) await sameTable(screen, market, list);
    expect(watched.size).toBeGreaterThan(15);
    expect(await metricOf(registry, 'tapeline_live_board_rows_sent_total')).toBeGreaterThan(1_000);
    expect(await metricOf(registry, 'tapeline_live_board_sent_bytes_total')).toBeGreaterThan(12_000);
    expect(await metricOf(registry, 'tapeline_live_board_turn_duration_seconds')).toBeGreaterThan(0);
  });

  it('is complete also for a screen that was passed over while prices moved for the last time', async () => {
    const market = new RandomMarket(1_000, 4);
    const registry = new Registry();
    const board = await running.startBoard({ market, registry, socket: { updateIntervalMs: 10 } });
    const screen = await Screen.open(board.url);
    screen.watch(...market.allSymbols);
    await eventually('all rows', () => screen.table.size === 500);
    // Until the kernel takes no more for it: some megabytes, which a busy machine makes slowly.
    screen.socket.pause();
    const skipped = () => metricOf(registry, 'tapeline_live_board_updates_skipped_total');
    // The kernel may find room for the last of them after all: then there were too few.
    for (let isSpared = false; !isSpared; ) {
      for (const enough = (await skipped()) + 3; (await skipped()) < enough; await sleep(5)) market.move(4);
      for (let step = 0; step < 10; step += 1) {
        market.move();
        await sleep(15);
      }
      const before = await skipped();
      for (let wait = 0; wait < 100 && !isSpared; wait += 1) {
        await sleep(20);
        isSpared = (await skipped()) > before + 5;
      }
    }
    screen.socket.resume();
    await sameTable(screen, market, market.allSymbols);
  }, 120_000);

  it('is a row as soon as a symbol that is watched has its first price', async () => {
    const { feed } = running;
    const screen = await Screen.open((await running.startBoard()).url);
    screen.watch('NEW/USD');
    const timeMs = Date.UTC(2024, 10, 4, 10);
    await feed.append(feed.session({ timeMs, symbols: ['NEW/USD'] }), feed.tick({ symbol: 'NEW/USD', price: 7, timeMs }));
    await eventually('its row', () => screen.table.get('NEW/USD')?.price === 7);
  });

  it('comes whatever lists others watch, be it one whose names hold a line break', async () => {
    const { feed } = running;
    const timeMs = Date.UTC(2024, 10, 4, 10);
    const names = ['BTC/USD', 'EUR/USD'];
    await feed.append(feed.session({ timeMs, symbols: names }), ...names.map(symbol => feed.tick({ symbol, price: 7, timeMs })));
    await eventually('the prices', () => running.market.latest().length === 2);
    const { url } = await running.startBoard();
    const other = await Screen.open(url);
    other.watch(names.join('\n'));
    await eventually('its clock', () => other.updates.length > 0);
    const screen = await Screen.open(url);
    screen.watch(...names);
    await eventually('the rows', () => screen.table.size === 2);
    expect(other.table.size).toBe(0);
  });

  it('stops with what is not watched any more', async () => {
    const market = new ScriptedMarket(2);
    const screen = await Screen.open((await running.startBoard({ market, socket: { updateIntervalMs: 20 } })).url);
    const [first = '', second = ''] = market.symbols();
    screen.watch(first, second);
    await eventually('both', () => screen.table.size === 2);
    screen.watch(second);
    const tellsOf = (symbol: string) => screen.updates.slice(-10).filter(({ rows }) => rows?.some(row => row.symbol === symbol)).length;
    await eventually('updates of the second alone', () => tellsOf(first) === 0 && tellsOf(second) > 5);
    const { length } = screen.prices(first);
    await eventually('more updates', () => screen.prices(second).length > length + 10);
    expect(screen.prices(first)).toHaveLength(length);
    screen.watch();
    await eventually('quiet', async () => {
      const before = screen.rows.length;
      await sleep(200);
      return screen.rows.length === before;
    });
  });
});

describe('a chart', () => {
  const startMs = Date.UTC(2024, 10, 4, 10);
  const aBar = (index: number, fields: Partial<Bar> = {}): Bar => ({
    symbol: 'S1',
    interval: '1m',
    startMs: startMs + index * 60_000,
    endMs: startMs + (index + 1) * 60_000,
    open: 1,
    high: 1,
    low: 1,
    close: 1,
    tickCount: 1,
    state: 'final',
    flags: [],
    revision: 0,
    versionUs: 1,
    indicators: { sma20: 5 },
    ...fields,
  });
  let market: RandomMarket;
  let screen: Screen;
  const charts = (of = screen) => of.updates.flatMap(update => update.chart ?? []);

  beforeEach(async () => {
    market = new RandomMarket(10, 1);
    screen = await Screen.open((await running.startBoard({ market, socket: { updateIntervalMs: 20 } })).url);
  });

  it('has indicators for those who ask for them', async () => {
    screen.send({ subscribe: { symbol: 'S1', interval: '1m', indicators: true } });
    await eventually('the first word', () => charts().length === 1);
    expect(charts()[0]).toEqual({ symbol: 'S1', interval: '1m', indicators: true, bars: [] });
    market.close(aBar(0));
    await eventually('the bar', () => charts().length === 2);
    expect(charts()[1]?.bars).toMatchObject([{ startMs, indicators: { sma20: 5 } }]);
    screen.subscribe('S1', '1m');
    await eventually('the first word of the other', () => charts().length === 3);
    market.close(aBar(1));
    await eventually('the next bar', () => charts().length === 4);
    expect(charts().at(-1)?.bars[0]).not.toHaveProperty('indicators');
  });

  it('is told no more after `unsubscribe`', async () => {
    screen.subscribe('S1', '1m');
    await eventually('the first word', () => charts().length === 1);
    screen.send({ unsubscribe: {} });
    screen.watch('S1');
    await eventually('the rows', () => screen.table.size === 1);
    market.close(aBar(0));
    market.move();
    await sleep(200);
    expect(charts()).toHaveLength(1);
  });

  it('comes once for each change, corrections in the place of what they correct, and nothing of other charts', async () => {
    screen.subscribe('S1', '1m');
    await eventually('the first word', () => charts().length === 1);
    market.close(aBar(0));
    market.close(aBar(0, { revision: 1, close: 2 }));
    market.close(aBar(0, { interval: '1s' }));
    market.close(aBar(0, { symbol: 'S2' }));
    market.close(aBar(1));
    await eventually('the bars', () => charts().flatMap(chart => chart.bars).length >= 2);
    await sleep(100);
    expect(charts().flatMap(chart => chart.bars.map(bar => [bar.startMs, bar.revision, bar.interval]))).toEqual([
      [startMs, 1, '1m'],
      [startMs + 60_000, 0, '1m'],
    ]);
  });

  it('is read again from its history by a screen that missed more bars than are kept', async () => {
    screen.subscribe('S1', '1m');
    await eventually('the first word', () => charts().length === 1);
    for (let index = 0; index < 501; index += 1) market.close(aBar(index));
    await eventually('the word', () => charts().length === 2);
    expect(charts()[1]).toEqual({ symbol: 'S1', interval: '1m', bars: [], reload: true });
  });
});

describe('the connection of the page', () => {
  it('comes again after a restart of the board, says what it wants again, and gets everything', async () => {
    const market = new RandomMarket(20, 9);
    const board = await running.startBoard({ market });
    const states: ConnectionState['kind'][] = [];
    const prices = new Map<string, number>();
    const charts: NonNullable<UpdateMessage['chart']>[] = [];
    const connection: BoardConnection = connectBoard({
      url: `${board.url.replace('http', 'ws')}/ws`,
      hello: ({ hello }) => expect(hello.maxSymbols).toBe(1_000),
      state: state => states.push(state.kind),
      update: ({ rows, chart }) => {
        for (const row of rows ?? []) prices.set(row.symbol, row.price);
        if (chart !== undefined) charts.push(chart);
      },
    });
    try {
      connection.watch(['S1', 'S2']);
      connection.subscribe({ symbol: 'S1', interval: '1m' });
      await eventually('rows and chart', () => prices.size === 2 && charts.length === 1);
      await board.close();
      await eventually('the loss', () => states.at(-1) === 'lost');
      prices.clear();
      const port = Number(new URL(board.url).port);
      await running.startBoard({ market, port });
      await eventually('rows and chart again', () => prices.size === 2 && charts.length === 2);
      expect(states.slice(0, 4)).toEqual(['connecting', 'open', 'lost', 'connecting']);
      expect(states.at(-1)).toBe('open');
    } finally {
      connection.close();
    }
    const { length } = states;
    await sleep(300);
    expect(states).toHaveLength(length);
  });
});

/** Waits until a screen's rows are those of the market. */
async function sameTable(screen: Screen, market: RandomMarket, symbols: readonly string[]): Promise<void> {
  const shown = () => textOf(symbols.flatMap(symbol => screen.table.get(symbol) ?? []));
  const expected = textOf(symbols.flatMap(symbol => market.latestOf(symbol) ?? []));
  await eventually('all rows', () => shown() === expected).catch(() => expect(shown()).toBe(expected));
}

function textOf(rows: readonly BoardRow[]): string {
  const fields = ['symbol', 'price', 'bid', 'ask', 'dayVolume', 'timeMs'] as const;
  return rows.map(row => fields.map(name => row[name] ?? '-').join(' ')).join('\n');
}
