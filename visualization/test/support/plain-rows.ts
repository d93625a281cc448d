/** The binary rows of README.md written plainly: by the decimal text of each number, a field at a time. What the fast way is held equal to. */
import type { BoardRow } from '../../src/board-messages.ts';

export interface NumberedRow {
  readonly number: number;
  readonly row: BoardRow;
}

/** The payload of a message with these rows. */
export function plainFrame(rows: readonly NumberedRow[], { nowMs, baseMs }: { readonly nowMs: number; readonly baseMs: number }): Buffer {
  const head = Buffer.alloc(20);
  head.writeUInt32LE(1, 0);
  head.writeDoubleLE(nowMs, 4);
  head.writeDoubleLE(baseMs, 12);
  return Buffer.concat([head, ...rows.map(({ number, row }) => plainRow(number, row, baseMs))]);
}

export function plainRow(number: number, row: BoardRow, baseMs: number): Buffer {
  return shortRow(number, row, baseMs) ?? exactRow(number, row);
}

function shortRow(number: number, { price, bid, ask, dayOpen, dayVolume, timeMs }: BoardRow, baseMs: number): Buffer | undefined {
  if ((bid === undefined) !== (ask === undefined) || !isInt32(timeMs - baseMs)) return undefined;
  const prices = [price, bid, ask, dayOpen].filter(value => value !== undefined);
  const decimals = Math.max(...prices.map(decimalsOf));
  if (decimals > 9) return undefined;
  const whole = (value: number) => Number(value.toFixed(decimals).replace('.', ''));
  if (!prices.every(value => isInt32(whole(value)))) return undefined;
  const parts = [int32(timeMs - baseMs), int32(whole(price))];
  let head = number + decimals * 2 ** 24;
  if (bid !== undefined && ask !== undefined) {
    const [below, above] = [whole(bid) - whole(price), whole(ask) - whole(price)];
    if (Math.max(Math.abs(below), Math.abs(above)) > 32_767) return undefined;
    const quote = Buffer.alloc(4);
    quote.writeInt16LE(below, 0);
    quote.writeInt16LE(above, 2);
    parts.push(quote);
    head += 2 ** 21;
  }
  if (dayOpen !== undefined) {
    parts.push(int32(whole(dayOpen)));
    head += 2 ** 22;
  }
  if (dayVolume !== undefined) {
    parts.push(double(dayVolume));
    head += 2 ** 23;
  }
  const first = Buffer.alloc(4);
  first.writeUInt32LE(head);
  return Buffer.concat([first, ...parts]);
}

function exactRow(number: number, { price, bid, ask, dayOpen, dayVolume, timeMs }: BoardRow): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(number + 2 ** 20);
  return Buffer.concat([head, ...[price, bid, ask, dayVolume, dayOpen, timeMs].map(value => double(value ?? Number.NaN))]);
}

/** Digits behind the point in the shortest decimal text. */
function decimalsOf(value: number): number {
  const [digits = '', exponent = '0'] = String(value).split('e');
  return Math.max(0, (digits.split('.')[1]?.length ?? 0) - Number(exponent));
}

function isInt32(value: number): boolean {
  return Number.isInteger(value) && value >= -(2 ** 31) && value < 2 ** 31;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

function double(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}
