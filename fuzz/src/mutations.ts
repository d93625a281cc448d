/** Spoils right inputs, by what they are made of. */
import type { Dice } from './dice.ts';
import type { InputFormat } from './fuzzed-parser.ts';
import { spoiltJson } from './json-mutations.ts';

/** Longer inputs are cut, so that a chain of doublings ends. */
const mostInputBytes = 32_768;

const wholeExtremes: readonly bigint[] = [
  ...[0n, 1n, -1n, 127n, 128n, 255n, 256n, 32_767n, 32_768n, 65_535n],
  ...[2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n, -(2n ** 31n), 2n ** 53n - 1n, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 30n, -12n],
];
const numberTexts: readonly string[] = [
  ...['0', '-0', '-1', '1e308', '1e309', '-1e309', '5e-324', '1e-400', '0.1', '00', '01', '1.', '.5', '+1', '1e3', '0x10', '1_000'],
  ...['9007199254740991', '9007199254740993', '2147483648', '4294967296', '18446744073709551616', '8999999999999', '9000000000000'],
  ...['8640000000000001', '123456789012345678', '0.1234567890123456789', '1e21', '1e-7', 'NaN', 'Infinity', '٣', '99999999999999999999999'],
];
const oddTexts: readonly string[] = [
  ...['\u0000', '\u007f', '\u2028', '\ufeff', '\ud83d\ude00', '\u0301', 'İ', '\u202e', '\r\n', '\\', '"', "'", '`', '<', '&', '%00', '$&'],
  ...[
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'null',
    'true',
    'undefined',
    '[]',
    '{}',
    '[object Object]',
    '../..',
    ',',
    ':',
    '#',
  ],
];
/** Bytes that are no UTF-8. */
const brokenTexts: readonly Buffer[] = [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82], [0x80]].map(
  bytes => Buffer.from(bytes),
);

export interface Spoiling {
  readonly format: InputFormat;
  readonly words: readonly string[];
  /** Another right input. */
  readonly other: () => Buffer;
}

/** A right input with one to six faults in it. */
export function spoilt(input: Buffer, spoiling: Spoiling, dice: Dice): Buffer {
  let bytes = input;
  for (let left = 1 + (dice.isOneIn(2) ? 0 : dice.below(6)); left > 0; left -= 1) {
    bytes = once(bytes, spoiling, dice);
    if (bytes.length > mostInputBytes) bytes = bytes.subarray(0, mostInputBytes);
  }
  return bytes;
}

function once(bytes: Buffer, spoiling: Spoiling, dice: Dice): Buffer {
  switch (spoiling.format) {
    case 'bytes':
      return dice.isOneIn(3) ? withWhole(bytes, dice) : bytesSpoilt(bytes, spoiling, dice);
    case 'json':
      return dice.isOneIn(4) ? textSpoilt(bytes, spoiling, dice) : Buffer.from(spoiltJson(bytes.toString(), spoiling.words, dice));
    case 'lines':
      return linesSpoilt(bytes, spoiling, dice);
    case 'text':
      return textSpoilt(bytes, spoiling, dice);
  }
}

/** Any bytes, or any text of what parsers look for. */
export function anyInput(dice: Dice, words: readonly string[]): Buffer {
  const length = dice.isOneIn(20) ? dice.below(4_096) : dice.below(64);
  if (dice.isOneIn(2)) return dice.bytes(length);
  const parts = [...numberTexts, ...oddTexts, ...words, '{', '}', '[', ']', '"', ':', ',', '=', '-', '\n', ' '];
  return Buffer.from(Array.from({ length: Math.ceil(length / 3) }, () => dice.pick(parts)).join(''));
}

function bytesSpoilt(bytes: Buffer, { other }: Spoiling, dice: Dice): Buffer {
  const at = dice.below(bytes.length + 1);
  const length = Math.min(bytes.length - at, dice.isOneIn(3) ? dice.below(bytes.length + 1) : dice.below(9));
  switch (dice.below(8)) {
    case 0:
      return changed(bytes, at, byte => byte ^ (1 << dice.below(8)));
    case 1:
      return changed(bytes, at, () => dice.pick([0, 1, 0x7f, 0x80, 0xff, dice.below(256)]));
    case 2:
      return spliced(bytes, at, 0, dice.bytes(1 + dice.below(8)));
    case 3:
      return spliced(bytes, at, length, Buffer.alloc(0));
    case 4:
      return spliced(bytes, at, 0, bytes.subarray(at, at + length));
    case 5:
      return bytes.subarray(0, at);
    case 6: {
      const second = other();
      return Buffer.concat([bytes.subarray(0, at), second.subarray(dice.below(second.length + 1))]);
    }
    default:
      return spliced(bytes, at, length, Buffer.alloc(length, dice.pick([0, 0xff, 0x80, 0x41])));
  }
}

/** Writes a number that lengths and counts dread, in one of the sizes and orders that binary forms have. */
function withWhole(bytes: Buffer, dice: Dice): Buffer {
  const size = dice.pick([1, 2, 4, 8]);
  if (bytes.length < size) return bytes;
  const copy = Buffer.from(bytes);
  const at = dice.below(bytes.length - size + 1);
  const value = BigInt.asUintN(size * 8, dice.pick(wholeExtremes) + BigInt(dice.between(-1, 1)));
  const hex = value.toString(16).padStart(size * 2, '0');
  const word = Buffer.from(hex, 'hex');
  copy.set(dice.isOneIn(2) ? word : word.reverse(), at);
  return copy;
}

function textSpoilt(bytes: Buffer, spoiling: Spoiling, dice: Dice): Buffer {
  const at = dice.below(bytes.length + 1);
  switch (dice.below(7)) {
    case 0:
    case 1:
      return bytesSpoilt(bytes, spoiling, dice);
    case 2:
      return withNumber(bytes, dice);
    case 3:
      return spliced(bytes, at, dice.below(4), Buffer.from(dice.pick(oddTexts)));
    case 4:
      return spoiling.words.length === 0
        ? withNumber(bytes, dice)
        : spliced(bytes, at, dice.below(8), Buffer.from(dice.pick(spoiling.words)));
    case 5:
      return spliced(
        bytes,
        at,
        0,
        dice.isOneIn(4)
          ? Buffer.from(dice.pick(['x', '9', '[', '{"a":', '- ', ' ', '%']).repeat(longLength(dice)))
          : dice.pick(brokenTexts),
      );
    default: {
      const length = dice.below(Math.min(64, bytes.length - at) + 1);
      return spliced(bytes, at, length, Buffer.from(bytes.subarray(at, at + length)).reverse());
    }
  }
}

/** One of the numbers in a text becomes another. */
function withNumber(bytes: Buffer, dice: Dice): Buffer {
  const text = bytes.toString('latin1');
  const places = [...text.matchAll(/-?\d+(\.\d+)?/g)];
  if (places.length === 0) return spliced(bytes, dice.below(bytes.length + 1), 0, Buffer.from(dice.pick(numberTexts)));
  const place = dice.pick(places);
  return spliced(bytes, place.index, place[0].length, Buffer.from(dice.pick(numberTexts)));
}

function linesSpoilt(bytes: Buffer, spoiling: Spoiling, dice: Dice): Buffer {
  const lines = bytes.toString('latin1').split('\n');
  const at = dice.below(lines.length);
  const line = Buffer.from(lines[at] ?? '', 'latin1');
  const whole = (parts: readonly string[]) => Buffer.from(parts.join('\n'), 'latin1');
  switch (dice.below(8)) {
    case 0:
      return whole([...lines.slice(0, at), ...lines.slice(at + 1)]);
    case 1:
      return whole([...lines.slice(0, at), lines[at] ?? '', ...lines.slice(at)]);
    case 2: {
      const to = dice.below(lines.length);
      return whole(lines.map((each, index) => (index === at ? (lines[to] ?? '') : index === to ? (lines[at] ?? '') : each)));
    }
    case 3:
      return textSpoilt(bytes, spoiling, dice);
    case 4:
      return whole(lines.with(at, textSpoilt(line, spoiling, dice).toString('latin1')));
    default:
      return whole(lines.with(at, Buffer.from(spoiltJson(line.toString(), spoiling.words, dice)).toString('latin1')));
  }
}

/** Seldom so long that whoever goes down a step for each level comes to the end of its stack. */
function longLength(dice: Dice): number {
  return dice.isOneIn(8) ? dice.below(4_000) : dice.below(300);
}

function changed(bytes: Buffer, at: number, change: (byte: number) => number): Buffer {
  const copy = Buffer.from(bytes);
  if (at < copy.length) copy[at] = change(copy[at] as number);
  return copy;
}

function spliced(bytes: Buffer, at: number, removed: number, added: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at + removed)]);
}
