import { describe, expect, it } from '@jest/globals';
import { decodeRecord, encodeRecord } from '@tapeline/core/record-codec';
import { type FeedRecord, type Heartbeat, latestTimeMs } from '@tapeline/core/records';
import fc from 'fast-check';
import { RepeatedHeartbeats } from '../src/repeated-heartbeats.ts';
import { aHeartbeat, aTick } from './support/builders.ts';

const timeMs = fc.integer({ min: 1_700_000_000_000, max: 1_700_000_100_000 });
const anyTimeMs = fc.oneof(timeMs, timeMs, timeMs, fc.integer({ min: 0, max: latestTimeMs }));
const heartbeats = fc.record(
  {
    v: fc.constant(1),
    kind: fc.constant('heartbeat'),
    feed: fc.constantFrom('twelve-data/0', 'twelve-data/1', '"timeMs":1700000000000', 'lastDataMs":'),
    session: fc.constantFrom(1_700_000_000_000, 1_700_000_000_001, 7),
    timeMs: anyTimeMs,
    connected: fc.boolean(),
    lastDataMs: anyTimeMs,
    openMarkets: fc.constantFrom([], ['NASDAQ'], ['NASDAQ', 'NYSE']),
  },
  { requiredKeys: ['v', 'kind', 'feed', 'session', 'timeMs', 'connected'] },
) as fc.Arbitrary<Heartbeat>;

describe('heartbeats that differ in their times alone', () => {
  it('are what decodeRecord makes of them, and hardly one is decoded', () => {
    const known = new RepeatedHeartbeats();
    let decoded = 0;
    for (let index = 0; index < 400; index += 1) {
      const feed = `twelve-data/${index % 3}`;
      const at = 1_700_000_000_000 + index * 250;
      const bytes = encodeRecord(aHeartbeat({ feed, timeMs: at, lastDataMs: at - (index % 90) }));
      const record = known.read(bytes);
      if (record === undefined) {
        decoded += 1;
        known.learn(decodeRecord(bytes), bytes);
      } else expect(record).toEqual(decodeRecord(bytes));
    }
    expect(decoded).toBe(3);
  });

  it('are never read otherwise than decodeRecord does, whatever comes between and whichever byte is another', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(heartbeats, fc.option(fc.tuple(fc.nat(), fc.nat(255)))), { minLength: 1, maxLength: 40 }), records => {
        const known = new RepeatedHeartbeats();
        for (const [heartbeat, change] of records) {
          const bytes = encodeRecord(heartbeat);
          if (change !== null) bytes[change[0] % bytes.length] = change[1];
          const read = known.read(bytes);
          const plain = decodedOf(bytes);
          if (read !== undefined) expect(read).toEqual(plain);
          if (plain !== undefined) known.learn(plain, bytes);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('are left to decodeRecord when a key stands twice, or the time is none', () => {
    const known = new RepeatedHeartbeats();
    const text = (times: string) => Buffer.from(`{"v":1,"kind":"heartbeat","feed":"a","session":1,${times},"connected":true}`);
    const read = (bytes: Buffer) => known.read(bytes);
    for (const times of ['"timeMs":1700000000000,"timeMs":1700000000000', '"timeMs":1700000000000,"x":{"timeMs":1}']) {
      known.learn(decodeRecord(text(times)), text(times));
      expect(read(text(times))).toBeUndefined();
    }
    known.learn(decodeRecord(text('"timeMs":1700000000000')), text('"timeMs":1700000000000'));
    expect(read(text('"timeMs":1700000000009'))).toMatchObject({ timeMs: 1_700_000_000_009 });
    for (const time of ['0700000000000', '9000000000000', '170000000000x', '1.70000000000', '17000000000000'])
      expect(read(text(`"timeMs":${time}`))).toBeUndefined();
  });

  it('are all that is remembered, and not more of them than eight', () => {
    const known = new RepeatedHeartbeats();
    const bytesOf = (record: FeedRecord) => encodeRecord(record);
    const tick = aTick({ timeMs: 1_700_000_000_000 });
    known.learn(tick, bytesOf(tick));
    expect(known.read(bytesOf(tick))).toBeUndefined();
    const all = Array.from({ length: 9 }, (_, index) => bytesOf(aHeartbeat({ feed: `twelve-data/${index}`, timeMs: 1_700_000_000_000 })));
    for (const bytes of all) known.learn(decodeRecord(bytes), bytes);
    expect(all.map(bytes => known.read(bytes) !== undefined)).toEqual([false, ...Array(8).fill(true)]);
  });
});

function decodedOf(bytes: Uint8Array): FeedRecord | undefined {
  try {
    return decodeRecord(bytes);
  } catch {
    return undefined;
  }
}
