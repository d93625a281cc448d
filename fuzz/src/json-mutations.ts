/** Spoils JSON by what it says: wrong types, extreme numbers, deep nesting, long texts, keys twice, in another order or of prototypes. */
import type { Dice } from './dice.ts';

type Place = { readonly holder: Record<string, unknown> | unknown[]; readonly key: string | number };

/** Stands in the text for what no value of JavaScript would be written as. */
const mark = '\u0001raw\u0001';
const rawNumbers: readonly string[] = [
  ...['1e309', '-1e309', '1e-400', '-0', '0.0', '5e-324', '1.7976931348623157e308', '9007199254740993', '-1', '0', '1.5', '1e3'],
  ...['12345678901234567890', '1e15', '1e22', '8999999999999', '9000000000000', '8640000000000001', '2147483648', '4294967296', '100001'],
];
const wrongValues: readonly unknown[] = [
  null,
  true,
  false,
  0,
  '',
  'x',
  [],
  {},
  [null],
  ['a', 'b'],
  { a: 1 },
  '0',
  ' ',
  '2024-02-30',
  -1,
  1.5,
];
const oddTexts: readonly string[] = [
  ...['\ud800', '\udc00x', '\u0000', '\u2028', '\ud83d\udcb9', '"', '\\', '\n', 'é', '<script>', "'", '$&', '{symbol}', '9999-12-31', 'İı'],
];
const oddKeys = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '', 'v', 'kind', '0', 'length'];
/** As many places as are looked at: large inputs are spoilt near their begin. */
const mostPlaces = 400;
const deep = 12_000;
/** What copies of a part may come to, about: several changes after each other would grow without end. */
const mostCopied = 16_384;

/** Choices, and how many copies of a part there is room for. */
interface Room {
  readonly dice: Dice;
  readonly copies: number;
}

/** Gives back the text, cut, when it is no JSON any more. */
export function spoiltJson(text: string, words: readonly string[], dice: Dice): string {
  let root: { value: unknown };
  try {
    root = { value: JSON.parse(text) };
  } catch {
    return text.slice(0, dice.below(text.length + 1));
  }
  const places = placesIn(root);
  const place = dice.pick(places.length > 1 && !dice.isOneIn(30) ? places.slice(1) : places);
  const raw = changeAt(place, words, { dice, copies: Math.max(1, Math.min(300, Math.floor(mostCopied / text.length))) });
  const spoilt = written(root.value);
  return raw === undefined ? spoilt : spoilt.replace(JSON.stringify(mark), () => raw);
}

/** Changes the value at a place; gives the text that is to stand for the mark, when there is one. */
function changeAt(place: Place, words: readonly string[], { dice, copies }: Room): string | undefined {
  const value = (place.holder as Record<string, unknown>)[place.key];
  switch (dice.below(11)) {
    case 0:
      return put(place, dice.pick(wrongValues));
    case 1:
      return putRaw(place, dice.pick(rawNumbers));
    case 2:
      return remove(place);
    case 3:
      return putRaw(place, nested(dice));
    case 4:
      return put(place, dice.pick([dice.pick(oddTexts), 'x'.repeat(dice.below(600)), words.length === 0 ? 'y' : dice.pick(words)]));
    case 5:
      return put(place, nearly(value, { dice, copies }));
    case 6:
      return putRaw(place, withKey(value, dice.pick([...oddKeys, ...words]), dice));
    case 7:
      return put(place, Array.isArray(value) ? [...value, ...value] : [value]);
    case 8:
      return put(place, inOtherForm(value, dice));
    case 9:
      return putRaw(place, twice(value, dice));
    default:
      return put(place, manyOf(value, { dice, copies }));
  }
}

function put({ holder, key }: Place, value: unknown): undefined {
  // Not an assignment, which a key `__proto__` would make something else of.
  Object.defineProperty(holder, key, { value, writable: true, enumerable: true, configurable: true });
}

function putRaw(place: Place, text: string): string {
  put(place, mark);
  return text;
}

function remove({ holder, key }: Place): undefined {
  if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else delete holder[key];
}

function nested(dice: Dice): string {
  const depth = dice.isOneIn(4) ? dice.below(deep) : dice.below(40);
  return dice.isOneIn(2) ? `${'['.repeat(depth)}${']'.repeat(depth)}` : `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
}

function nearly(value: unknown, { dice, copies }: Room): unknown {
  if (typeof value === 'string') return spoiltText(value, { dice, copies });
  return typeof value === 'number' ? spoiltNumber(value, dice) : dice.pick(wrongValues);
}

function inOtherForm(value: unknown, dice: Dice): unknown {
  if (typeof value === 'string') return Number(value);
  if (typeof value === 'number') return String(value);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? reordered(value, dice) : dice.pick(wrongValues);
}

function manyOf(value: unknown, { dice, copies }: Room): unknown {
  if (Array.isArray(value) && value.length > 0)
    return Array.from({ length: dice.between(0, copies) }, (_, index) => value[index % value.length]);
  return typeof value === 'number' ? -value : { value };
}

function placesIn(root: { value: unknown }): readonly Place[] {
  const places: Place[] = [{ holder: root as Record<string, unknown>, key: 'value' }];
  for (let index = 0; index < places.length && places.length < mostPlaces; index += 1) {
    const { holder, key } = places[index] as Place;
    const value = (holder as Record<string, unknown>)[key];
    if (Array.isArray(value)) places.push(...value.slice(0, 20).map((_, at) => ({ holder: value, key: at })));
    else if (typeof value === 'object' && value !== null)
      places.push(...Object.keys(value).map(name => ({ holder: value as Record<string, unknown>, key: name })));
  }
  return places;
}

function spoiltText(text: string, { dice, copies }: Room): string {
  const at = dice.below(text.length + 1);
  return dice.pick([
    text.slice(0, at),
    `${text.slice(0, at)}${dice.pick(oddTexts)}${text.slice(at)}`,
    text.repeat(dice.between(1, Math.min(40, copies))),
    text.toUpperCase(),
    ` ${text} `,
    `${text.slice(0, at)}${text.slice(at + 1)}`,
  ]);
}

function spoiltNumber(value: number, dice: Dice): unknown {
  return dice.pick([value + 1, value - 1, -value, value / 3, value * 1e6, value * 1e-6, Math.trunc(value), String(value), value + 0.5]);
}

/** An object as JSON, with one key more: at its begin or its end, and perhaps there already. */
function withKey(value: unknown, key: string, dice: Dice): string {
  const added = `${JSON.stringify(key)}:${dice.pick(['1', '{"polluted":true}', '[]', '"x"', 'null', '{"__proto__":{"polluted":true}}'])}`;
  const text = written(value);
  if (text === '{}' || !text.startsWith('{')) return `{${added}}`;
  return dice.isOneIn(2) ? `{${added},${text.slice(1)}` : `${text.slice(0, -1)},${added}}`;
}

/** An object with one of its keys twice, with another value the second time; any other value in a list twice. */
function twice(value: unknown, dice: Dice): string {
  const text = written(value);
  const keys = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
  if (keys.length === 0) return `[${text},${text}]`;
  return `${text.slice(0, -1)},${JSON.stringify(dice.pick(keys))}:${dice.pick(['1', '"x"', 'null', '1e309', '[]'])}}`;
}

function reordered(value: object, dice: Dice): object {
  const entries = Object.entries(value);
  const from = dice.below(entries.length);
  return Object.fromEntries([...entries.slice(from), ...entries.slice(0, from)].toReversed());
}

/** JSON of a value that may be nested deeper than `JSON.stringify` can go. */
function written(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'null';
  } catch {
    return '['.repeat(deep);
  }
}
