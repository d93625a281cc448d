import { afterEach, describe, expect, it } from '@jest/globals';
import { pause } from '@tapeline/core/pause';
import type { FeedRecord } from '@tapeline/core/records';
import { eventually } from '../../test/support/eventually.ts';
import { bufferedEvents, PressedIngester, said } from './support/pressed-ingester.ts';

let pressed: PressedIngester | undefined;
afterEach(async () => {
  await pressed?.end();
  pressed = undefined;
});

const allowedLatenessMs = 2_000;
const ticksOf = (records: readonly FeedRecord[]) => records.filter(record => record.kind === 'tick');
const sequencesOf = (records: readonly FeedRecord[]) => ticksOf(records).map(({ sequence }) => sequence);
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

/** How late the latest tick came: how far a heartbeat before it was beyond its time. */
function latestMs(records: readonly FeedRecord[]): number {
  let watermarkMs = 0;
  let latest = 0;
  for (const record of records) {
    if (record.kind === 'heartbeat' && record.connected) watermarkMs = Math.max(watermarkMs, record.timeMs);
    if (record.kind === 'tick') latest = Math.max(latest, watermarkMs - record.timeMs);
  }
  return latest;
}

describe('the ingester, when a vendor sends more than the log takes', () => {
  it.each([
    ['in place', true],
    ['by the library', false],
  ])('holds it back: a burst loses nothing, and no heartbeat passes a price that is not read (read %s)', async (_, isInPlace) => {
    pressed = await PressedIngester.start({}, isInPlace);
    const { log, simulator, ingester } = pressed;
    await ingester.subscribed;
    log.recordsPerSecond = 300;
    await pressed.until('the pause', () => pressed?.says(said.begins) ?? false);
    const beforeMs = Date.now();
    await pause(2 * allowedLatenessMs);
    // Whenever little waits a part of it is read.
    await eventually('the next pause', async () => (await pressed?.metric('tapeline_ingester_held_back')) === 1, 10_000);
    expect(pressed.sent - ingester.state().ticks.received).toBeGreaterThan(2 * bufferedEvents);
    simulator.misbehave({ kind: 'mute' });
    log.recordsPerSecond = Number.POSITIVE_INFINITY;
    await pressed.until('the end of it', () => pressed?.says(said.ends) ?? false);
    await pressed.until('heartbeats', () => {
      const last = pressed?.records.findLast(record => record.kind === 'heartbeat');
      return last?.kind === 'heartbeat' && last.timeMs > beforeMs + 2 * allowedLatenessMs;
    });
    const { ticks } = await pressed.end();
    const { records, sent } = pressed;
    expect(ticks).toEqual({ received: sent, accepted: sent, refused: 0, lost: 0, buffered: 0 });
    expect(sequencesOf(records)).toEqual(upTo(sent));
    expect(records.filter(({ kind }) => kind === 'gap')).toEqual([]);
    expect(records.filter(({ kind }) => kind === 'session')).toHaveLength(1);
    expect(simulator.attempts).toHaveLength(1);
    expect(latestMs(records)).toBeLessThan(allowedLatenessMs);
    expect(await pressed.metric('tapeline_ingester_held_back')).toBe(0);
    expect(await pressed.metric('tapeline_ingester_held_back_seconds_total')).toBeGreaterThan(3);
  });

  it('reads on when the log is away for longer than the bound, and accounts for what it drops in one gap', async () => {
    pressed = await PressedIngester.start({ backPressureMs: 1_000 });
    const { log, ingester, simulator } = pressed;
    await ingester.subscribed;
    log.hold();
    await pressed.until('the bound', () => pressed?.says(said.spent) ?? false);
    const { sent } = pressed;
    await pressed.until('an overflow', () => (pressed?.sent ?? 0) > sent + 2 * bufferedEvents);
    log.resume();
    await pressed.until('a tick after the gap', () => {
      const kinds = pressed?.records.map(({ kind }) => kind) ?? [];
      return kinds.includes('gap') && kinds.lastIndexOf('tick') > kinds.indexOf('gap');
    });
    await pressed.until('the end of it', () => pressed?.says(said.ends) ?? false);
    const { ticks } = await pressed.end();
    const { records } = pressed;
    expect(ticks.lost).toBeGreaterThan(0);
    expect(ticks.received).toBe(ticks.accepted + ticks.lost);
    expect(records.filter(({ kind }) => kind === 'gap')).toMatchObject([{ reason: 'ingester buffer full', lost: ticks.lost, session: 1 }]);
    const sequences = sequencesOf(records);
    expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
    expect((sequences.at(-1) ?? 0) - sequences.length).toBe(ticks.lost);
    expect(simulator.attempts).toHaveLength(1);
    expect(pressed.lines.filter(({ level }) => level === 40).map(({ msg }) => msg)).toEqual([
      'the feed sends more than the log takes: its socket is not read until less waits, for at most 1000 ms',
      'the feed was held back for 1000 ms: it is read on, and what the buffers cannot hold is dropped, with a gap record',
    ]);
  });

  it('takes its own silence for nobody else’s, and leaves a vendor that is mute afterwards', async () => {
    pressed = await PressedIngester.start({ muteTimeoutMs: 1_000, timing: { pingIntervalMs: 100, pongTimeoutMs: 500 } });
    const { log, ingester, simulator } = pressed;
    await ingester.subscribed;
    log.hold();
    await pressed.until('the pause', () => pressed?.says(said.begins) ?? false);
    await pause(3_000);
    expect(simulator.attempts).toHaveLength(1);
    simulator.misbehave({ kind: 'mute', connections: 1 });
    log.resume();
    await pressed.until('the next session', () => ingester.state().session === 2);
    await pressed.until('its record', () => pressed?.records.some(record => record.kind === 'session' && record.session === 2) ?? false);
    const sessions = pressed.records.filter(record => record.kind === 'session');
    expect(sessions[1]).toMatchObject({ session: 2, previous: { session: 1, reason: 'mute' } });
    expect(pressed.says(said.ends)).toBe(true);
  });

  it('ends within its deadline when it is stopped meanwhile, and does not say that it has read all', async () => {
    pressed = await PressedIngester.start();
    const { log, ingester, stop } = pressed;
    await ingester.subscribed;
    log.hold();
    await pressed.until('the pause', () => pressed?.says(said.begins) ?? false);
    await pause(2_000);
    const startMs = performance.now();
    stop.abort();
    const { ticks } = await ingester.finished;
    expect(performance.now() - startMs).toBeLessThan(5_000);
    expect(ticks.buffered).toBe(0);
    expect(ticks.lost).toBeGreaterThan(0);
  });

  it('writes what it has read when it is stopped meanwhile, and no heartbeat behind it that would say that nothing is missing', async () => {
    pressed = await PressedIngester.start();
    const { log, ingester, stop } = pressed;
    await ingester.subscribed;
    log.hold();
    await pressed.until('the pause', () => pressed?.says(said.begins) ?? false);
    const pausedMs = Date.now();
    await pause(2_000);
    stop.abort();
    log.resume();
    const { ticks } = await ingester.finished;
    expect(ticks).toMatchObject({ received: ticks.accepted, lost: 0 });
    const last = pressed.records.findLast(record => record.kind === 'heartbeat' && record.connected);
    expect(last?.kind === 'heartbeat' && last.timeMs).toBeLessThanOrEqual(pausedMs);
  });
});
