/**
 * Messages of TwelveData's price stream as a server sends them, WebSocket frames and all, made once and sent again and again with the
 * second of the day written into the same bytes: a server that costs next to nothing.
 */
import { loadSymbols } from './load.ts';
import { seededRandom, zipf } from './seeded-random.ts';

export interface PriceFrames {
  readonly bytes: Buffer;
  /** Where each frame begins; one more for the end. */
  readonly starts: Int32Array;
  readonly count: number;
  /** Writes a stamp, in seconds, into the frames `[from, to)`. */
  stamp(from: number, to: number, seconds: number): void;
}

const zipfExponent = 0.75;
const stampDigits = 10;
const finalText = 0x81;

/** Symbols with what the vendor says of them in its answer to a subscription. */
export function acceptedSymbols(count: number): readonly { readonly symbol: string; readonly [field: string]: string }[] {
  return loadSymbols(count).map(symbol => ({ symbol, ...statusFactsOf(symbol) }));
}

/** A frame of one text message from a server. */
export function frameOf(text: string): Buffer {
  const payload = Buffer.from(text);
  if (payload.length < 126) return Buffer.concat([Buffer.from([finalText, payload.length]), payload]);
  const isLong = payload.length > 0xffff;
  const head = Buffer.alloc(isLong ? 10 : 4);
  head[0] = finalText;
  head[1] = isLong ? 127 : 126;
  if (isLong) head.writeBigUInt64BE(BigInt(payload.length), 2);
  else head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
}

/** Prices that walk, drawn from a seed: a tenth with bid and ask, the others with the day's volume. */
export function priceFrames(count: number, symbols: number, seed = 1): PriceFrames {
  const random = seededRandom(seed);
  const names = loadSymbols(symbols);
  const draw = zipf(symbols, zipfExponent, random);
  const cents = Int32Array.from(names, () => 500 + Math.floor(random() * 50_000));
  const volumes = Float64Array.from(names, () => Math.floor(random() * 1_000_000));
  const starts = new Int32Array(count + 1);
  const stampAt = new Int32Array(count);
  const frames: Buffer[] = [];
  let end = 0;
  for (let index = 0; index < count; index += 1) {
    const slot = draw();
    cents[slot] = Math.max(100, (cents[slot] ?? 0) + Math.floor(random() * 11) - 5);
    volumes[slot] = (volumes[slot] ?? 0) + 1 + Math.floor(random() * 499);
    const frame = frameOf(messageOf(names[slot] ?? '', cents[slot] ?? 0, volumes[slot] ?? 0));
    starts[index] = end;
    stampAt[index] = end + frame.indexOf('"timestamp":') + '"timestamp":'.length;
    frames.push(frame);
    end += frame.length;
  }
  starts[count] = end;
  const bytes = Buffer.concat(frames);
  const stamp = (from: number, to: number, seconds: number) => {
    const digits = String(seconds).padStart(stampDigits, '0');
    for (let index = from; index < to; index += 1) bytes.write(digits, stampAt[index] ?? 0, 'latin1');
  };
  return { bytes, starts, count, stamp };
}

function messageOf(symbol: string, cents: number, volume: number): string {
  const price = cents / 100;
  if (!isPair(symbol)) {
    const facts = `"currency":"USD","exchange":"NASDAQ","type":"Common Stock"`;
    return `{"event":"price","symbol":"${symbol}",${facts},"timestamp":1700000001,"price":${price},"day_volume":${volume}}`;
  }
  const [base, quote] = symbol.split('/');
  const facts = `"currency":"${quote}","currency_base":"${base}","currency_quote":"US Dollar","type":"Physical Currency"`;
  return `{"event":"price","symbol":"${symbol}",${facts},"timestamp":1700000001,"price":${price},"bid":${(cents - 1) / 100},"ask":${(cents + 1) / 100}}`;
}

function statusFactsOf(symbol: string): Readonly<Record<string, string>> {
  return isPair(symbol) ? { type: 'Physical Currency' } : { exchange: 'NASDAQ', country: 'United States', type: 'Common Stock' };
}

function isPair(symbol: string): boolean {
  return symbol.includes('/');
}
