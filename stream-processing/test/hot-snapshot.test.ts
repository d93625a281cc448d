import { describe, expect, it } from '@jest/globals';
import { HotFold } from '../src/hot/hot-fold.ts';
import { readSnapshot, type SnapshotHeader, snapshotLead } from '../src/hot/hot-snapshot.ts';
import { NumberWriter } from '../src/hot/number-stream.ts';
import { aHeartbeat, aSession, aTick, at, foldOptions } from './support/builders.ts';

/** Two symbols with open and closed windows, a gap, and windows that were corrected. */
function aState(): Uint8Array {
  const fold = new HotFold(foldOptions);
  const results = fold.results();
  const records = [
    aSession({ timeMs: at(0) }),
    aTick({ timeMs: at(1), dayVolume: 5 }),
    aTick({ timeMs: at(1), symbol: 'ETH/USD', price: 3_141.592653589793, sequence: 2 }),
    aHeartbeat({ timeMs: at(9) }),
    aTick({ timeMs: at(2), sequence: 3, price: 101.5, dayVolume: 9 }),
    aTick({ timeMs: at(10), sequence: 4, bid: 99, ask: 100 }),
    aSession({ session: 2, timeMs: at(12), previous: { session: 1, reason: 'mute', lastDataMs: at(10) } }),
    aTick({ session: 2, sequence: 1, timeMs: at(64) }),
    aTick({ session: 2, sequence: 2, timeMs: at(65) }),
    aTick({ session: 2, sequence: 3, timeMs: at(70) }),
    aHeartbeat({ session: 2, timeMs: at(71) }),
  ];
  for (const record of records) fold.apply(record, results);
  return fold.encode();
}

const whole = aState();

/** The same state with one number or word of its numbers spoilt, or its header, by whoever could write the right checksum beside it. */
function forged(change: (numbers: Float64Array, header: SnapshotHeader) => Partial<SnapshotHeader> | undefined): Uint8Array {
  return readSnapshot(whole, foldOptions, (header, numbers) => {
    const all = numbers.nextNumbers(numbers.left).slice();
    const other = change(all, header);
    return new Uint8Array(Buffer.concat([snapshotLead({ ...header, ...other }), new Uint8Array(all.buffer)]));
  });
}

it('writes one snapshot after another into the same memory, each as if it were the first', () => {
  const numbers = new NumberWriter();
  const fold = new HotFold(foldOptions);
  const results = fold.results();
  const states: string[] = [];
  for (const record of [aSession({ timeMs: at(0) }), aTick({ timeMs: at(1) }), aHeartbeat({ timeMs: at(9) }), aTick({ timeMs: at(10) })]) {
    fold.apply(record, results);
    const state = fold.encode(numbers);
    expect(Buffer.from(state)).toEqual(Buffer.from(fold.encode()));
    expect(state.length).toBeLessThan(2 * fold.snapshotBytes);
    states.push(Buffer.from(state).toString('hex'));
  }
  expect(new Set(states).size).toBe(states.length);
  expect(Buffer.from(HotFold.decode(whole, foldOptions).encode(numbers))).toEqual(Buffer.from(whole));
});

it('reads a snapshot as stores give it: a Buffer at any place of a larger one', () => {
  const fold = new HotFold(foldOptions);
  const results = fold.results();
  const records = [
    aSession({ timeMs: at(0) }),
    aTick({ timeMs: at(1), dayVolume: 5 }),
    aHeartbeat({ timeMs: at(9) }),
    aTick({ timeMs: at(10) }),
  ];
  for (const record of records) fold.apply(record, results);
  const state = fold.encode();
  for (const offset of [0, 1, 5, 8, 4_099]) {
    const larger = Buffer.alloc(state.length + offset + 13, 0xff);
    larger.set(state, offset);
    const restored = HotFold.decode(larger.subarray(offset, offset + state.length), foldOptions);
    expect(Buffer.compare(restored.encode(), state)).toBe(0);
  }
});

describe('a forged snapshot', () => {
  const rowAt = 1;
  const gapsAt = rowAt + 26 + 2;
  const set = (index: number, value: number) => (numbers: Float64Array) => {
    numbers[index] = value;
    return undefined;
  };
  /** Behind the row and the coverage: how many numbers the windows take, and then those of the first level. */
  const windowsAt = (numbers: Float64Array) => {
    const gaps = numbers[gapsAt] as number;
    return gapsAt + 1 + (gaps < 0 ? 0 : 1 + 2 * gaps);
  };
  /** A byte of the packed windows of the first level, which has an open window. */
  const setPacked = (index: number, value: number) => (numbers: Float64Array) => {
    const at = windowsAt(numbers) + 1;
    const open = numbers[at] as number;
    new Uint8Array(numbers.buffer)[(at + 1 + 22 * open + 2) * 8 + index] = value;
    return undefined;
  };
  /** The length of the second packed window of the first level. */
  const setSecondLength = (value: number) => (numbers: Float64Array) => {
    const at = windowsAt(numbers) + 1;
    const rowsAt = (at + 1 + 22 * (numbers[at] as number) + 2) * 8;
    const bytes = new Uint8Array(numbers.buffer);
    bytes[rowsAt + 1 + (bytes[rowsAt] as number)] = value;
    return undefined;
  };
  const setWindows = (offset: number, value: number) => (numbers: Float64Array) => {
    numbers[windowsAt(numbers) + offset] = value;
    return undefined;
  };

  const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);

  const joinedAt =
    (time: unknown) =>
    (_: Float64Array, { feeds }: SnapshotHeader) => ({
      feeds: feeds.map(state => ({ ...state, joinedMs: { AAPL: time } })) as never,
    });

  it('is taken when nothing is changed', () => {
    const state = forged(() => undefined);
    expect(Buffer.compare(HotFold.decode(state, foldOptions).encode(), whole)).toBe(0);
  });

  it.each([
    ['a part of more numbers than there are', set(0, 2 ** 40), 'it ends too early: 1099511627776 numbers are said to follow'],
    ['a part of no number', set(0, Number.NaN), 'a count of numbers must be a whole number from 0 on, was NaN'],
    ['a feed that is none', set(rowAt, 7), 'the index of a feed must be whole, from -1 to 0, was 7'],
    ['a feed between two', set(rowAt + 4, 0.5), 'the index of a feed must be whole, from -1 to 0, was 0.5'],
    ['another kind of previous tick', set(rowAt + 25, 3), 'the place of a previous tick must be whole, from -2 to 0, was 3'],
    ['more gaps than there are numbers', set(gapsAt, 2 ** 31), 'it ends too early: 4294967296 numbers are said to follow'],
    ['windows without end', setWindows(1, Number.POSITIVE_INFINITY), 'the number of open windows must be whole, from 0 to'],
    ['an open window of a count that is none', setWindows(2 + 17, -1), 'a count of an open window must be whole, from 0 to'],
    [
      'an open window of more ticks than can be counted on',
      setWindows(2 + 17, 2 ** 41),
      'a count of an open window must be whole, from 0 to',
    ],
    ['an open window at no time', setWindows(2, Number.NaN), 'times, prices and places of an open window must be finite, one was NaN'],
    [
      'closed windows of more bytes than there are',
      setWindows(2 + 22 + 1, 2 ** 31),
      'the length of closed windows must be whole, from 0 to',
    ],
    ['a closed window of no byte', setPacked(0, 0), 'a closed window ends too early'],
    ['a closed window longer than its list', setPacked(0, 127), 'a closed window of 127 bytes is longer than its list'],
    ['a second closed window longer than its list', setSecondLength(127), 'a closed window of 127 bytes is longer than its list'],
    ['other fields in a closed window', setPacked(2, 0x20), 'a closed window'],
    ['an origin that is none', () => ({ origins: [] }), /a closed window is told from origin \d, but there are 0/],
    ['origins that are none', () => ({ origins: [[1, 2, 3]] as never }), 'an origin of windows must be five numbers'],
    ['symbols that are none', () => ({ symbols: [5, 6] as never }), 'names of symbols and feeds must be text'],
    ['a header that could not be written again', () => ({ feeds: [nested(100)] as never }), 'its header must not be nested so deeply'],
    ['a symbol that came at no time', joinedAt('x'), 'what it says of a feed must have its fields'],
    ['intervals that are none', () => ({ intervals: [{ join: 1 }] as never }), 'it does not say what made it'],
    ['a last record that is none', () => ({ lastRecord: { offset: 1 } as never }), 'what it says of the last record must be two numbers'],
    ['no version', () => ({ versionUs: 'x' as never }), 'its version and epoch must be numbers'],
  ])('is refused with what is wrong: %s', (_, change, why) => {
    const state = forged(change);
    expect(() => HotFold.decode(state, foldOptions)).toThrow(why);
    expect(() => HotFold.decode(state, foldOptions)).toThrow(
      expect.objectContaining({
        code: 'snapshot.invalid',
        message: expect.stringMatching(/^the snapshot is not readable \(.*\): run tapeline rebuild/),
      }),
    );
  });
});
