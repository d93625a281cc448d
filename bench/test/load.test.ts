import { describe, expect, it } from '@jest/globals';
import { partitionOf } from '@tapeline/core/partitioner';
import { decodeRecord, encodeRecord } from '@tapeline/core/record-codec';
import type { Heartbeat, Tick } from '@tapeline/core/records';
import { type LoadRecord, loadRecordCount, loadRecords, loadSymbols } from '../src/load.ts';

const records: readonly LoadRecord[] = [...loadRecords(60_000)];
const decoded = records.map(record => decodeRecord(Buffer.from(record.value)));
const ticks = decoded.filter((record): record is Tick => record.kind === 'tick');

describe('the load', () => {
  it('is what the ingester writes, byte for byte', () => {
    const others = records
      .slice(0, 20_000)
      .filter((record, index) => Buffer.from(encodeRecord(decoded[index]!)).toString() !== record.value);
    expect(others).toEqual([]);
  });

  it('is the same again for the same seed, and another for another', () => {
    const first = (seed: number) => [...loadRecords(100, { seed })].map(record => record.value).join('\n');
    expect(first(1)).toBe(first(1));
    expect(first(1)).not.toBe(first(2));
  });

  it('says beforehand how many records it has', () => {
    for (const count of [1, 5_000, 5_020, 5_021, 60_000]) expect(loadRecordCount(count)).toBe([...loadRecords(count)].length);
  });

  it('begins with the session and beats four times a second in every partition', () => {
    expect(decoded.slice(0, 4).map(record => record.kind)).toEqual(['session', 'session', 'session', 'session']);
    const beats = decoded.filter((record): record is Heartbeat => record.kind === 'heartbeat').slice(0, 8);
    expect(beats.map(beat => beat.timeMs - 1_732_113_000_000)).toEqual([250, 250, 250, 250, 500, 500, 500, 500]);
  });

  it('puts a heartbeat behind all that was received until then', () => {
    let receivedMs = 0;
    for (const record of decoded) {
      if (record.kind === 'heartbeat') expect(record.timeMs).toBeGreaterThanOrEqual(receivedMs);
      if (record.kind === 'tick') receivedMs = record.receivedTimeMs;
    }
  });

  it('has 20,000 ticks a second, disorder within 200 ms, and one in a thousand late by 3 to 10 s', () => {
    expect(ticks.at(-1)!.receivedTimeMs - ticks[0]!.receivedTimeMs).toBe(2_999);
    const delays = ticks.map(tick => tick.receivedTimeMs - tick.timeMs);
    const late = delays.filter(delay => delay >= 200);
    expect(late.length / ticks.length).toBeGreaterThan(0.0005);
    expect(late.length / ticks.length).toBeLessThan(0.0015);
    for (const delay of late) {
      expect(delay).toBeGreaterThanOrEqual(3_000);
      expect(delay).toBeLessThan(10_200);
    }
  });

  it('sends each symbol to its partition, the first the most often, and bid and ask with a part of them', () => {
    const counts = new Map<string, number>();
    for (const tick of ticks) counts.set(tick.symbol, (counts.get(tick.symbol) ?? 0) + 1);
    expect(records.filter(({ key, partition }) => key !== undefined && partition !== partitionOf(key, 4))).toEqual([]);
    expect(counts.size).toBe(1_000);
    // 1 / Σ (i + 1)^-0.75 for 1,000 symbols is 5.2 %.
    expect(counts.get('AAPL')! / ticks.length).toBeCloseTo(0.052, 2);
    const quoted = ticks.filter(tick => tick.bid !== undefined && tick.ask !== undefined).length / ticks.length;
    expect(quoted).toBeGreaterThan(0.15);
    expect(quoted).toBeLessThan(0.5);
  });

  it('knows 12,000 different symbols', () => {
    expect(new Set(loadSymbols(12_000)).size).toBe(12_000);
  });
});
