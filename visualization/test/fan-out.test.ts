import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../../test/support/eventually.ts';
import { BoardClient, type Turn } from '../src/board-client.ts';
import { BoardNews } from '../src/socket/board-news.ts';
import { RowTable } from '../src/socket/row-table.ts';
import { TurnClock } from '../src/socket/turn-clock.ts';
import { UpdateBytes } from '../src/socket/update-bytes.ts';
import { WatchSets } from '../src/socket/watch-sets.ts';
import { RandomMarket } from './support/random-market.ts';
import { type RunningMarket, startMarket } from './support/running-market.ts';
import { Screen } from './support/screen.ts';

describe('the turns of clients', () => {
  it('come in their order, each once an interval, and those that nobody takes not at all', async () => {
    const ran: { readonly turn: number; readonly atMs: number }[] = [];
    const taken = new Set([1, 3]);
    const clock = new TurnClock({
      turns: 4,
      intervalMs: 80,
      isTaken: turn => taken.has(turn),
      run: turn => ran.push({ turn, atMs: performance.now() }),
    });
    clock.wake();
    clock.wake();
    await eventually('ten turns', () => ran.length >= 10);
    clock.close();
    expect(ran.slice(0, 10).map(({ turn }) => turn)).toEqual([1, 3, 1, 3, 1, 3, 1, 3, 1, 3]);
    expect((ran[8]?.atMs ?? 0) - (ran[0]?.atMs ?? 0)).toBeGreaterThan(3 * 80 - 25);
    const { length } = ran;
    await sleep(120);
    expect(ran).toHaveLength(length);
  });

  it('come once, and not as often as they were missed, when the process was busy', async () => {
    let [ran, together] = [0, 0];
    const most: number[] = [];
    const clock = new TurnClock({
      turns: 2,
      intervalMs: 20,
      isTaken: () => true,
      run: () => {
        ran += 1;
        together += 1;
        // Behind all that run in the same breath.
        queueMicrotask(() => {
          most.push(together);
          together = 0;
        });
      },
    });
    clock.wake();
    await eventually('a turn', () => ran > 0);
    const busyUntilMs = performance.now() + 300;
    while (performance.now() < busyUntilMs);
    const before = ran;
    await eventually('more turns', () => ran > before + 4);
    clock.close();
    expect(Math.max(...most)).toBe(2);
  });

  it('sleep until somebody takes one', async () => {
    const ran: number[] = [];
    let isTaken = false;
    const clock = new TurnClock({ turns: 2, intervalMs: 10, isTaken: () => isTaken, run: turn => ran.push(turn) });
    clock.wake();
    await sleep(50);
    expect(ran).toEqual([]);
    isTaken = true;
    clock.wake();
    await eventually('a turn', () => ran.length > 0);
    clock.close();
  });
});

describe('clients of one list', () => {
  const market = new RandomMarket(20, 2);
  const table = new RowTable(market, 0);
  const sets = new WatchSets(table);
  const bytes = new UpdateBytes();
  const turn = (): Turn => {
    bytes.begin();
    return { nowMs: Date.now(), table, news: new BoardNews(market), bytes, changed: Uint32Array.of(0xffff_ffff, ...new Uint32Array(31)) };
  };

  it('share one frame, as soon as both were told all of it', () => {
    const [one, other, third] = [new BoardClient(), new BoardClient(), new BoardClient()];
    one.watch(sets.take(['S1', 'S2', 'no price']));
    other.watch(sets.take(['S2', 'S1', 'S1', 'no price']));
    third.watch(sets.take(['S1']));
    expect(one.watched).toBe(other.watched);
    const first = turn();
    expect(one.update(first)).not.toEqual(other.update(first));
    const second = turn();
    const shared = one.update(second);
    expect(shared?.rows).toBe(2);
    expect(other.update(second)).toBe(shared);
    expect(third.update(second)).toMatchObject({ rows: 1, start: expect.any(Number) });
    expect(one.announcement(table)).toEqual([
      [0, 'S1'],
      [1, 'S2'],
    ]);
    expect(one.announcement(table)).toEqual([]);
  });
});

describe('symbols without a price', () => {
  it('are waited for up to a bound of all lists together, and those beyond it are counted; known ones are always there', () => {
    const sets = new WatchSets(new RowTable(new RandomMarket(4, 1), 0), 3);
    const one = sets.take(['S1', 'a', 'b']);
    const other = sets.take(['S1', 'c', 'd']);
    expect([one, other].map(({ numbers, waiting, unwaited }) => [numbers.length, [...waiting], unwaited])).toEqual([
      [1, ['a', 'b'], 0],
      [1, ['c'], 1],
    ]);
  });

  it('leave their room to others with the last client of their list, with another list, and with their price', () => {
    const market = new RandomMarket(4, 1);
    const sets = new WatchSets(new RowTable(market, 0), 2);
    const one = sets.take(['a']);
    const other = sets.take(['b', 'c']);
    expect([one.unwaited, other.unwaited]).toEqual([0, 1]);
    const changed = sets.take(['S0', 'd'], one);
    expect(changed.unwaited).toBe(0);
    expect(sets.take(['b', 'c'], other)).toBe(other);
    expect([other.unwaited, other.clients]).toEqual([1, 1]);
    sets.release(changed);
    expect(sets.take(['b', 'c'], other).unwaited).toBe(0);
    expect([...other.waiting]).toEqual(['b', 'c']);
    sets.release(other);
    const third = sets.take(['S2', 'S3']);
    while (market.latestOf('S3') === undefined) market.move();
    sets.appeared('S2');
    sets.appeared('S3');
    expect(third.numbers).toHaveLength(2);
    expect(sets.take(['e', 'f']).unwaited).toBe(0);
  });
});

describe('many clients', () => {
  let running: RunningMarket;
  beforeEach(async () => {
    running = await startMarket();
  });
  afterEach(() => running.close());

  it('are not all told at the same moment, and those of one list are told together', async () => {
    const lists = 4;
    const market = new RandomMarket(20, 2);
    const now = () => performance.timeOrigin + performance.now();
    const board = await running.startBoard({ market, now });
    const screens = await Promise.all(Array.from({ length: 130 }, () => Screen.open(board.url)));
    for (const [index, screen] of screens.entries()) screen.watch(`S${index % lists}`, 'S9');
    const moving = setInterval(() => market.move(), 20);
    try {
      await eventually('updates', () => screens.every(screen => screen.rows.length > 6));
    } finally {
      clearInterval(moving);
    }
    const moments = new Map<number, Set<number>>();
    for (const [index, screen] of screens.entries()) {
      for (const { rows, nowMs } of screen.updates.slice(-4)) {
        if (rows !== undefined) moments.set(nowMs, (moments.get(nowMs) ?? new Set()).add(index % lists));
      }
    }
    const listsAtOnce = [...moments.values()].map(({ size }) => size);
    expect(moments.size).toBeGreaterThan(8);
    expect(listsAtOnce.filter(count => count === 1).length).toBeGreaterThan(listsAtOnce.length / 3);
    for (const screen of screens) screen.socket.terminate();
  });
});
