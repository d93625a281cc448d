import type { Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import * as ws from 'ws';
import { EverydayFrames } from '../src/hot/everyday-frames.ts';

/** The library's own reader; it exports it, its types do not. */
const { Receiver } = ws as unknown as {
  readonly Receiver: new (options: object) => Writable;
};

/** One frame as a server sends it. */
function frame(opcode: number, payload: Buffer, isFinal = true): Buffer {
  const { length } = payload;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = opcode | (isFinal ? 0x80 : 0);
  head[1] = length < 126 ? length : length < 65_536 ? 126 : 127;
  if (length >= 65_536) head.writeBigUInt64BE(BigInt(length), 2);
  else if (length >= 126) head.writeUInt16BE(length, 2);
  return Buffer.concat([head, payload]);
}

const text = (value: string) => Buffer.from(value);
const body = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.integer({ min: 120, max: 130 }).map(length => 'm'.repeat(length)),
  fc.constantFrom('l'.repeat(65_535), 'l'.repeat(65_536), 'l'.repeat(70_000)),
);
const frames = fc.oneof(
  { weight: 6, arbitrary: body.map(value => frame(0x1, text(value))) },
  { weight: 1, arbitrary: fc.string({ maxLength: 40 }).map(value => frame(0x9, text(value.slice(0, 30)))) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(body, body, fc.boolean())
      .map(([first, second, withPing]) =>
        Buffer.concat([frame(0x1, text(first), false), ...(withPing ? [frame(0x9, text('p'))] : []), frame(0x0, text(second))]),
      ),
  },
);

/** All that a stream says, in order, by the library alone or behind the everyday frames. */
function heard(pieces: readonly Buffer[], take?: (value: string) => boolean): string[] {
  const said: string[] = [];
  const receiver = new Receiver({ isServer: false, allowSynchronousEvents: true });
  receiver.on('message', (data: Buffer) => said.push(`text ${data}`));
  receiver.on('ping', (data: Buffer) => said.push(`ping ${data}`));
  receiver.on('conclude', (code: number) => said.push(`close ${code}`));
  receiver.on('error', (error: Error) => said.push(`error ${error.message}`));
  const pass = (bytes: Buffer) => void receiver.write(bytes);
  const everyday = new EverydayFrames({
    take: (bytes, start, end) => {
      const value = Buffer.from(bytes.subarray(start, end)).toString();
      if (take?.(value) !== true) return false;
      said.push(`text ${value}`);
      return true;
    },
    pass,
  });
  for (const piece of pieces) {
    if (take === undefined) pass(piece);
    else everyday.push(piece);
  }
  return said;
}

function cut(stream: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set(places.map(place => place % (stream.length + 1)))].sort((a, b) => a - b);
  return [...ends, stream.length].map((end, index) => Buffer.from(stream.subarray(ends[index - 1] ?? 0, end)));
}

describe('everyday frames', () => {
  it('leave to the library a stream of whole frames, wherever it is cut, and change no order', () => {
    const property = fc.property(
      fc.array(frames, { maxLength: 12 }),
      fc.array(fc.nat(200_000), { maxLength: 40 }),
      fc.boolean(),
      fc.integer({ min: 1, max: 3 }),
      (all, places, closes, share) => {
        const pieces = cut(
          Buffer.concat([...all, ...(closes ? [frame(0x8, Buffer.from([3, 232])), frame(0x1, text('late'))] : [])]),
          places,
        );
        expect(heard(pieces, value => value.length % share === 0)).toEqual(heard(pieces));
      },
    );
    fc.assert(property, { numRuns: 500 });
  }, 60_000);

  it('are taken between the cuts only', () => {
    const stream = Buffer.concat(['a', 'b', 'c'].map(value => frame(0x1, text(value))));
    const taken: string[] = [];
    heard(cut(stream, [4]), value => taken.push(value) > 0);
    expect(taken).toEqual(['a', 'c']);
  });
});
