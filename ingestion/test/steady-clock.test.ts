import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { SteadyClock } from '../src/steady-clock.ts';
import { aLogger } from './support/logger.ts';

const t0 = Date.UTC(2026, 10, 20, 12);
const hourMs = 3_600_000;

/** A machine whose clocks a test moves. */
function aMachine() {
  const time = { wallMs: t0, countedMs: 5_000, uptimeMs: 9_000 };
  const registry = new Registry();
  const { logger, lines } = aLogger();
  const clock = new SteadyClock({
    feed: 'twelve-data/0',
    wallMs: () => time.wallMs,
    countedMs: () => time.countedMs,
    uptimeMs: () => time.uptimeMs,
    logger,
    registry,
  });
  const pass = (ms: number, wallMs = ms) => {
    time.countedMs += ms;
    time.uptimeMs += ms;
    time.wallMs += wallMs;
    return clock.now() - t0;
  };
  const sleep = (ms: number) => {
    time.uptimeMs += ms;
    time.wallMs += ms;
    return clock.now() - t0;
  };
  const jump = async () => (await registry.getMetricsAsJSON())[0]?.values[0]?.value;
  return { clock, lines, pass, sleep, jump };
}

describe('the clock of a feed', () => {
  it('is the wall clock, with its small corrections, but never goes back', () => {
    const { pass } = aMachine();
    expect(pass(1_000)).toBe(1_000);
    expect(pass(1_000, 1_900)).toBe(2_900);
    expect(pass(100, -400)).toBe(2_900);
    expect(pass(1_000)).toBe(3_500);
  });

  it.each([hourMs, -hourMs])('goes on counting after a jump of %d ms, tells of it once, and of its end', async jumpMs => {
    const { clock, lines, pass, jump } = aMachine();
    pass(1_000);
    expect(pass(250, 250 + jumpMs)).toBe(1_250);
    expect(pass(60_000)).toBe(61_250);
    expect(await jump()).toBe(jumpMs / 1_000);
    expect(clock.believed).toBeUndefined();
    expect(pass(250, 250 - jumpMs)).toBe(61_500);
    expect(await jump()).toBe(0);
    expect(lines.map(({ level }) => level)).toEqual([50, 30]);
  });

  it('believes a jump that stays for two minutes; one more jump is a new one', () => {
    const { clock, pass } = aMachine();
    pass(0, hourMs);
    pass(100_000);
    pass(0, hourMs);
    expect(pass(119_000)).toBe(219_000);
    expect(clock.believed).toBeUndefined();
    pass(1_000);
    expect(clock.believed).toBe("the machine's clock was set 7200 s ahead");
    clock.follow();
    expect(clock.believed).toBeUndefined();
    expect(pass(0)).toBe(220_000 + 2 * hourMs);
  });

  it('stands still after a jump back that it believes, until the wall clock has caught up', () => {
    const { clock, pass } = aMachine();
    pass(10_000, 10_000 - 60_000);
    expect(pass(120_000)).toBe(130_000);
    clock.follow();
    expect(pass(59_000)).toBe(130_000);
    expect(pass(2_000)).toBe(131_000);
  });

  it('goes on at once with the wall clock when the machine slept', async () => {
    const { lines, pass, sleep, jump } = aMachine();
    pass(1_000);
    expect(sleep(hourMs)).toBe(1_000 + hourMs);
    expect(sleep(hourMs)).toBe(1_000 + 2 * hourMs);
    expect(await jump()).toBe(0);
    expect(lines.map(({ level }) => level)).toEqual([30, 30]);
  });
});
