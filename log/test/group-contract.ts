/** What every log does for the members of a group: a part of `market-log-contract.ts`. */
import { describe, expect, it } from '@jest/globals';
import { pause } from '@tapeline/core/pause';
import type { MarketLog } from '../src/market-log.ts';
import { aGroup, aTopic, bufferedBytes, joinGroup, someEntries, take, texts } from './support/log-reading.ts';

/** Describes it; `log` gives the log that is open. */
export function describeGroups(log: () => MarketLog): void {
  describe('groups', () => {
    it('gives every partition to the only member, with no committed offset at first', async () => {
      const topic = await aTopic(log(), 3);
      const member = joinGroup(log(), topic, aGroup());
      const claims = await Promise.all([member.claim(0), member.claim(1), member.claim(2)]);
      expect(claims.map(claim => [claim.topic, claim.partition, claim.committedOffset, claim.lost.aborted])).toEqual([
        [topic, 0, undefined, false],
        [topic, 1, undefined, false],
        [topic, 2, undefined, false],
      ]);
      await member.leave();
    });

    it('reads a claim from the offset that its owner names, and follows', async () => {
      const topic = await aTopic(log(), 2);
      await log().append(someEntries(topic, 1, 0, 5));
      const member = joinGroup(log(), topic, aGroup());
      const reading = take((await member.claim(1)).read(2), 5);
      await pause(100);
      await log().append(someEntries(topic, 1, 5, 2));
      expect((await reading).map(record => record.offset)).toEqual([2, 3, 4, 5, 6]);
      await member.leave();
    });

    it('refuses to read a claim from an offset that the log does not have', async () => {
      const topic = await aTopic(log());
      const member = joinGroup(log(), topic, aGroup());
      const reading = take((await member.claim(0)).read(5), 1);
      await expect(reading).rejects.toMatchObject({ code: 'log.out-of-range' });
      await member.leave();
    });

    it('gives the committed offset to the next member', async () => {
      const topic = await aTopic(log());
      const group = aGroup();
      await log().append(someEntries(topic, 0, 0, 9));
      const first = joinGroup(log(), topic, group);
      const claim = await first.claim(0);
      await claim.commit(4);
      await claim.commit(7);
      await first.leave();
      const second = joinGroup(log(), topic, group);
      expect((await second.claim(0)).committedOffset).toBe(7);
      await second.leave();
    });

    it('ends the reading of each claim when the member stops, and takes a last commit before the release', async () => {
      const topic = await aTopic(log(), 2);
      const group = aGroup();
      await log().append(someEntries(topic, 0, 0, 3));
      const member = joinGroup(log(), topic, group);
      const claim = await member.claim(0);
      const other = await member.claim(1);
      const readings = Promise.all([texts(claim.read(0)), texts(other.read(0))]);
      await pause(700);
      member.stop();
      expect(await readings).toEqual([['0', '1', '2'], []]);
      expect(claim.lost.aborted).toBe(false);
      await claim.commit(3);
      await member.leave();
      const next = joinGroup(log(), topic, group);
      expect((await next.claim(0)).committedOffset).toBe(3);
      await next.leave();
    });

    it('keeps memory bounded while an owner is slow, and loses nothing by it', async () => {
      const topic = await aTopic(log());
      for (let call = 0; call < 8; call += 1) {
        await log().append(Array.from({ length: 50 }, () => ({ topic, partition: 0, value: Buffer.alloc(100_000, 1) })));
      }
      const member = joinGroup(log(), topic, aGroup(), 2_000_000);
      const claim = await member.claim(0);
      const before = bufferedBytes();
      let held = 0;
      let count = 0;
      for await (const batch of claim.read(0)) {
        if (count === 0) {
          await pause(1_500);
          held = bufferedBytes() - before;
        }
        count += batch.records.length;
        if (count === 400) break;
      }
      expect(count).toBe(400);
      expect(held).toBeLessThan(12_000_000);
      await member.leave();
    }, 60_000);
  });
}
