import { describe, expect, it } from '@jest/globals';
import { FramePool } from '../src/kafka-frame-pool.ts';

describe('the frame pool', () => {
  it('gives an array again that was given back, and only then', () => {
    const pool = new FramePool(10_000_000);
    const first = pool.take(1_000_000);
    const second = pool.take(1_000_000);
    expect(first).toHaveLength(1_000_000);
    expect(second.buffer).not.toBe(first.buffer);
    pool.give(first.buffer);
    const third = pool.take(900_000);
    expect(third.buffer).toBe(first.buffer);
    expect(third).toHaveLength(900_000);
  });

  it('takes an array back once, and none that is not its own', () => {
    const pool = new FramePool(10_000_000);
    const first = pool.take(200_000);
    pool.give(first.buffer);
    pool.give(first.buffer);
    pool.give(new ArrayBuffer(262_144));
    expect(pool.take(200_000).buffer).toBe(first.buffer);
    expect(pool.take(200_000).buffer.byteLength).toBe(262_144);
    expect(pool.take(200_000).buffer).not.toBe(first.buffer);
  });

  it('keeps no more than it may', () => {
    const pool = new FramePool(300_000);
    const arrays = [pool.take(200_000), pool.take(200_000)];
    for (const { buffer } of arrays) pool.give(buffer);
    expect(pool.take(200_000).buffer).toBe(arrays[0]?.buffer);
    expect(arrays.map(({ buffer }) => buffer)).not.toContain(pool.take(200_000).buffer);
  });
});
