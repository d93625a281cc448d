import { describe, expect, it } from '@jest/globals';
import { SnapshotRoom } from '../src/snapshot-room.ts';

const patient = new AbortController().signal;

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
    await room.take(90, patient);
    const large = room.take(80, patient).then(() => entered.push('large'));
    const small = room.take(10, patient).then(() => entered.push('small'));
    expect(room.tryTake(1)).toBe(false);
    expect(entered).toEqual([]);
    room.give(90);
    await Promise.all([large, small]);
    expect(entered).toEqual(['large', 'small']);
    expect(room.tryTake(11)).toBe(false);
    expect(room.tryTake(10)).toBe(true);
  });

  it('lets go who waits for nothing any more, and lets in who stands behind', async () => {
    const room = new SnapshotRoom(100);
    await room.take(90, patient);
    const over = new AbortController();
    const large = room.take(80, over.signal);
    const small = room.take(10, patient);
    over.abort(new Error('lost'));
    await expect(large).rejects.toThrow('lost');
    await small;
    await expect(room.take(1, over.signal)).rejects.toThrow('lost');
    room.give(10);
    expect(room.tryTake(10)).toBe(true);
  });

  it('keeps who waits when those before leave in one turn, one of whom it has just let in', async () => {
    const room = new SnapshotRoom(100);
    await room.take(90, patient);
    const [first, second] = [new AbortController(), new AbortController()];
    const large = room.take(80, first.signal);
    const small = room.take(10, second.signal);
    const last = room.take(20, patient);
    first.abort(new Error('lost'));
    second.abort(new Error('lost'));
    await expect(large).rejects.toThrow('lost');
    await small;
    room.give(10);
    room.give(90);
    await last;
  });
});
