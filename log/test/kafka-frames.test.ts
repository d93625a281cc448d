import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FrameReader } from '../src/kafka-frames.ts';

describe('the frame reader', () => {
  it('gives each frame whole and in order, however the bytes arrive', () => {
    const length = fc.oneof(fc.nat(50), fc.nat(3_000), fc.integer({ min: 65_000, max: 200_000 }));
    const property = fc.property(
      fc.array(length, { maxLength: 12 }),
      fc.array(fc.integer({ min: 100, max: 70_000 }), { minLength: 1 }),
      (lengths, steps) => {
        const sent = lengths.map((bytes, index) => aFrame(bytes, index));
        const given: Buffer[] = [];
        receive(Buffer.concat(sent), steps, new FrameReader(frame => given.push(frame)));
        expect(given.map(frame => frame.length)).toEqual(sent.map(frame => frame.length));
        expect(Buffer.concat(given).equals(Buffer.concat(sent))).toBe(true);
      },
    );
    fc.assert(property, { numRuns: 200 });
  }, 60_000);

  it('gives frames that arrive byte by byte', () => {
    const given: number[] = [];
    receive(Buffer.concat([aFrame(0, 1), aFrame(7, 2), aFrame(300, 3)]), [1], new FrameReader(frame => given.push(frame.length)));
    expect(given).toEqual([4, 11, 304]);
  });

  it('refuses what another protocol answers', () => {
    const reader = new FrameReader(() => {});
    expect(() => receive(Buffer.from('HTTP/1.1 400 Bad Request'), [24], reader)).toThrow("is not one of Kafka's");
  });
});

function aFrame(bytes: number, seed: number): Buffer {
  const frame = Buffer.alloc(4 + bytes, seed + 1);
  frame.writeInt32BE(bytes);
  return frame;
}

/** As a socket does it: never more than there is room for. */
function receive(bytes: Buffer, steps: readonly number[], reader: FrameReader): void {
  let at = 0;
  for (let turn = 0; at < bytes.length; turn += 1) {
    const room = reader.room();
    const step = Math.min(steps[turn % steps.length] ?? 1, room.length, bytes.length - at);
    if (step <= 0) throw new Error('no room for what arrives');
    room.set(bytes.subarray(at, at + step));
    reader.took(step);
    at += step;
  }
}
