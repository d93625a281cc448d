/** The ends of a tick record, which seldom change, read by their shape: feed and session before it, the trading day behind. */
import { dayNumber, dayText } from './trading-days.ts';

export interface TickHead {
  /** Bytes up to the sequence. */
  readonly length: number;
  readonly feed: string;
  readonly session: number;
}

export interface TickTail {
  /** Days since 1970-01-01. */
  readonly tradingDay: number;
  readonly tradingDayEndMs: number;
}

/** Length of the tail of a record. */
export const tailLength = ',"tradingDay":"2024-11-04","tradingDayEndMs":1730764800000}'.length;

const headShape = /^\{"v":1,"kind":"tick","feed":"([ !#-[\]-~]{1,64})","session":([1-9]\d{0,14}),"sequence":/;
const tailShape = /^,"tradingDay":"(\d{4}-\d{2}-\d{2})","tradingDayEndMs":([1-8]\d{12})\}$/;
const longestHead = 160;
const kindAt = '{"v":1,"kind":"'.length;
const firstOfTick = 't'.charCodeAt(0);

/** False for a record that is surely no tick as our encoder writes it: heartbeats come often, and are told by one byte. */
export function mayBeTick(bytes: Uint8Array, start: number): boolean {
  return bytes[start + kindAt] === firstOfTick;
}

/** How a record begins; `undefined` when it is none that our encoder writes. */
export function headOf(record: Uint8Array): TickHead | undefined {
  const match = headShape.exec(textOf(record.subarray(0, longestHead)));
  if (match === null) return undefined;
  const [text, feed = '', session] = match;
  return { length: text.length, feed, session: Number(session) };
}

/** How it ends. */
export function tailOf(record: Uint8Array): TickTail | undefined {
  const match = tailShape.exec(textOf(record.subarray(-tailLength)));
  if (match === null) return undefined;
  const [, date = '', endMs] = match;
  const tradingDay = dayNumber(date);
  if (Number.isNaN(tradingDay) || dayText(tradingDay) !== date) return undefined;
  return { tradingDay, tradingDayEndMs: Number(endMs) };
}

function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
