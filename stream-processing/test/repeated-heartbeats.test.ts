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
    session: fc.constantFrom(1_700_000_000_000, 7),
    timeMs: anyTimeMs,
    connected: fc.boolean(),
    lastDataMs: anyTimeMs,
    openMarkets: fc.constantFrom([], ['NASDAQ']),
  },
  { requiredKeys: ['v', 'kind', 'feed', 'session', 'timeMs', 'connected'] },
) as fc.Arbitrary<Heartbeat>;
/** What becomes of one that was remembered: other times, then at most two bytes that are others. */
const changes = fc.record({
  timeMs: anyTimeMs,
  lastDataMs: anyTimeMs,
  bytes: fc.array(fc.tuple(fc.nat(), fc.oneof(fc.constantFrom(...Buffer.from('0189 ,:"}.e-x')), fc.nat(255))), { maxLength: 2 }),
});

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

  it('are never read otherwise than decodeRecord does, whatever is changed in one that is remembered', () => {
    const known = new RepeatedHeartbeats();
    const reads = { same: 0, changed: 0 };
    fc.assert(
      fc.property(heartbeats, fc.array(changes, { minLength: 1, maxLength: 20 }), (heartbeat, all) => {
        known.learn(heartbeat, encodeRecord(heartbeat));
        for (const { timeMs, lastDataMs, bytes: others } of all) {
          const next = heartbeat.lastDataMs === undefined ? { ...heartbeat, timeMs } : { ...heartbeat, timeMs, lastDataMs };
          const bytes = encodeRecord(next);
          for (const [at, byte] of others) bytes[at % bytes.length] = byte;
          const read = known.read(bytes);
          if (read === undefined) continue;
          expect(read).toEqual(decodedOf(bytes));
          reads[others.length === 0 ? 'same' : 'changed'] += 1;
        }
      }),
      { numRuns: 500 },
    );
    // Otherwise the way that is told of here was hardly gone.
    expect(reads.same).toBeGreaterThan(200);
    expect(reads.changed).toBeGreaterThan(20);
  });

  it('are left to decodeRecord when a byte behind the digits is another, or the time is none', () => {
    const known = new RepeatedHeartbeats();
    const text = (times: string) => Buffer.from(`{"v":1,"kind":"heartbeat","feed":"a","session":1,${times},"connected":true}`);
    known.learn(decodeRecord(text('"timeMs":1700000000000')), text('"timeMs":1700000000000'));
    expect(known.read(text('"timeMs":1700000000009'))).toMatchObject({ timeMs: 1_700_000_000_009 });
    for (const time of ['0700000000000', '9000000000000', '170000000000x', '1.70000000000', '17000000000000'])
      expect(known.read(text(`"timeMs":${time}`))).toBeUndefined();
    const commaOver = text('"timeMs":1700000000001');
    commaOver[commaOver.indexOf(',"connected')] = 0x39;
    expect(known.read(commaOver)).toBeUndefined();
  });

  it('are not remembered when our encoder would write them otherwise: their first time need not be the one that counts', () => {
    for (const times of [
      '"timeMs":1700000000000,"timeMs":1700000000000',
      '"timeMs":1700000000000,"x":{"timeMs":1}',
      '"timeMs":1700000000000,"time\\u004ds":1700000000000',
      '"timeMs" :1700000000000,"x":{"timeMs":1700000000000}',
      '"timeMs":1700000000000.0',
    ]) {
      const known = new RepeatedHeartbeats();
      const bytes = Buffer.from(`{"v":1,"kind":"heartbeat","feed":"a","session":1,${times},"connected":true}`);
      known.learn(decodeRecord(bytes), bytes);
      expect([times, known.read(bytes)]).toEqual([times, undefined]);
    }
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
