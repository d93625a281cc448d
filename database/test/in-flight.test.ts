import { describe, expect, it } from '@jest/globals';
import { InFlight } from '@tapeline/database/cassandra/in-flight';

const pause = () => new Promise<void>(resolve => setImmediate(resolve));

describe('requests in flight', () => {
  it('are as many as the limit at most, over all callers', async () => {
    const inFlight = new InFlight(3);
    let now = 0;
    let most = 0;
    let done = 0;
    const task = async () => {
      now += 1;
      most = Math.max(most, now);
      await pause();
      now -= 1;
      done += 1;
    };
    await Promise.all(Array.from({ length: 5 }, () => inFlight.runAll(Array(20).fill(task))));
    expect({ most, done, now }).toEqual({ most: 3, done: 100, now: 0 });
  });

  it('end before a failure is told, and what had not begun is not begun', async () => {
    const inFlight = new InFlight(2);
    const began: number[] = [];
    const ended: number[] = [];
    const tasks = [0, 1, 2, 3, 4].map(n => async () => {
      began.push(n);
      await pause();
      if (n === 0) throw new Error('the first fails');
      await pause();
      ended.push(n);
    });
    await expect(inFlight.runAll(tasks)).rejects.toThrow('the first fails');
    expect(began).toEqual([0, 1]);
    expect(ended).toEqual([1]);
    await inFlight.runAll(tasks.slice(1));
    expect(ended.toSorted()).toEqual([1, 1, 2, 3, 4]);
  });
});
