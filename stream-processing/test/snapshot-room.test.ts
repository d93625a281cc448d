import { describe, expect, it } from '@jest/globals';
import { SnapshotRoom } from '../src/snapshot-room.ts';

describe('the room for snapshots', () => {
  it('has small ones side by side, and a large one alone', () => {
    const room = new SnapshotRoom(100);
    expect([room.tryTake(60), room.tryTake(40), room.tryTake(1)]).toEqual([true, true, false]);
    room.give(60);
    expect(room.tryTake(500)).toBe(false);
    room.give(40);
    expect(room.tryTake(500)).toBe(true);
    expect(room.tryTake(1)).toBe(false);
  });

  it('lets in who asked first, and nobody before who waits', async () => {
    const room = new SnapshotRoom(100);
    const entered: string[] = [];
    await room.take(90);
    const large = room.take(80).then(() => entered.push('large'));
    const small = room.take(10).then(() => entered.push('small'));
    expect(room.tryTake(1)).toBe(false);
    expect(entered).toEqual([]);
    room.give(90);
    await Promise.all([large, small]);
    expect(entered).toEqual(['large', 'small']);
    expect(room.tryTake(11)).toBe(false);
    expect(room.tryTake(10)).toBe(true);
  });
});
