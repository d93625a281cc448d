/** What browsers and spreadsheets send to the board, and what its page reads. */
import { intervals } from '@tapeline/core/intervals';
import { latestTimeMs } from '@tapeline/core/records';
import { barRoute } from '@tapeline/visualization/api/bar-table';
import { interval } from '@tapeline/visualization/api/known-parameters';
import { decodeAfter, encodeNext, timePlace } from '@tapeline/visualization/api/pages';
import { RequestError, readParameters } from '@tapeline/visualization/api/query-parameters';
import { instrumentRoute, latestRoute } from '@tapeline/visualization/api/symbol-tables';
import { alertRoute, gapRoute, tickRoute } from '@tapeline/visualization/api/time-tables';
import { isKnown } from '@tapeline/visualization/board-login';
import type { BoardRow } from '@tapeline/visualization/board-messages';
import { readIndicators } from '@tapeline/visualization/browser/indicator-choices';
import { RowReader } from '@tapeline/visualization/browser/row-frames';
import { readWatchlist } from '@tapeline/visualization/browser/watchlist';
import { maxSymbols, readClientMessage } from '@tapeline/visualization/client-message';
import { encodeRow, maxRowWords } from '@tapeline/visualization/socket/row-encoding';
import type { Dice } from '../dice.ts';
import { aPrice, aSymbol, tenOClockMs } from '../examples.ts';
import { expectPlain, expectSame, expectSentence, expectThat, orRefused, refused } from '../expectations.ts';
import type { FuzzedParser } from '../fuzzed-parser.ts';

const routes = [barRoute, tickRoute, latestRoute, instrumentRoute(), gapRoute, alertRoute];
const isRefusal = (error: unknown): boolean => error instanceof RequestError && error.status === 400;
const names = ['symbol', 'symbols', 'interval', 'from', 'to', 'limit', 'after', 'fill', 'indicators', 'search', 'rule', 'format'];

const queries: FuzzedParser = {
  name: 'api-queries',
  reads: 'query strings of the API, for every route, and places of pages',
  heldTo: 'refused with 400 and a sentence; times, limits and symbols are in their ranges; a place that was given out is read as it was',
  format: 'text',
  words: [
    ...names.map(name => `&${name}=`),
    '%',
    '%ff',
    '%00',
    '+',
    'BTC%2FUSD',
    '2024-02-31',
    '2024-11-04T10:00',
    '9999-12-31',
    'forward',
    'csv',
  ],
  slowness: 3,
  example: dice => dice.list(1, 5, () => aParameter(dice)).join('&'),
  check: input => {
    const query = new URLSearchParams(input.toString());
    for (const { parameters } of routes) {
      const values = orRefused(
        () => readParameters(query, parameters),
        error => {
          if (isRefusal(error)) expectSentence((error as Error).message, 'the refusal', 1_000);
          return isRefusal(error);
        },
      );
      if (values !== refused) checkValues(values as Readonly<Record<string, unknown>>);
    }
    const after = query.get('after') ?? input.toString();
    const place = orRefused(() => decodeAfter(['asked'], after, timePlace), isRefusal);
    if (place !== refused && place !== undefined)
      expectSame(decodeAfter(['asked'], encodeNext(['asked'], place), timePlace), place, 'the place');
  },
};

function checkValues(values: Readonly<Record<string, unknown>>): void {
  expectPlain(values, 'the values');
  for (const name of ['from', 'to']) {
    const timeMs = values[name];
    const isTime = timeMs === undefined || (Number.isSafeInteger(timeMs) && Number(timeMs) >= 0 && Number(timeMs) <= latestTimeMs);
    expectThat(isTime, `${name} is no time`, timeMs);
  }
  const { limit, symbol, symbols } = values;
  expectThat(limit === undefined || (Number.isInteger(limit) && Number(limit) >= 1 && Number(limit) <= 50_000), 'the limit is none', limit);
  const all = [symbol, ...(Array.isArray(symbols) ? symbols : [])].filter(each => each !== undefined);
  expectThat(all.length <= 501 && all.every(each => typeof each === 'string' && each !== '' && each.length <= 64), 'a symbol is none', all);
}

function aParameter(dice: Dice): string {
  const name = dice.pick(names);
  const time = () =>
    dice.pick([String(tenOClockMs), '2024-11-04', '2024-11-04T10:00:00Z', '2024-11-04T10:00:00%2B01:00', '2024-11-04T10:00']);
  const values: Readonly<Record<string, () => string>> = {
    symbol: () => encodeURIComponent(aSymbol(dice)),
    symbols: () => 'BTC/USD,AAPL',
    interval: () => dice.pick(interval.example === undefined ? ['1m'] : intervals),
    from: time,
    to: time,
    limit: () => String(dice.below(60_000)),
    after: () => encodeNext(['asked'], { fromMs: 0, timeMs: tenOClockMs, key: 'x', seen: 1 }),
    fill: () => 'forward',
    indicators: () => dice.pick(['true', 'false']),
  };
  return `${name}=${values[name]?.() ?? 'eur'}`;
}

const clientMessages: FuzzedParser = {
  name: 'client-messages',
  reads: "messages of the board's clients",
  heldTo: 'never throws: a message with one wish, or a refusal of a readable length; a message is read the same when it is written again',
  format: 'json',
  words: ['watch', 'symbols', 'subscribe', 'unsubscribe', 'symbol', 'interval', 'indicators', '1m'],
  example: dice =>
    JSON.stringify(
      dice.pick<unknown>([
        { watch: { symbols: dice.list(0, 5, () => aSymbol(dice)) } },
        { subscribe: { symbol: aSymbol(dice), interval: dice.pick(intervals), ...(dice.isOneIn(2) ? { indicators: true } : {}) } },
        { unsubscribe: {} },
      ]),
    ),
  check: input => {
    const read = readClientMessage(input.toString());
    if ('refusal' in read) return expectSentence(read.refusal, 'the refusal', 1_000);
    const { message } = read;
    expectPlain(message, 'the message');
    expectThat(Object.keys(message).length === 1, 'the message has not one wish', message);
    if ('watch' in message) expectThat(message.watch.symbols.length <= maxSymbols, 'too many symbols are watched');
    expectSame(readClientMessage(JSON.stringify(message)), read, 'the message written again');
  },
};

const rowFrames: FuzzedParser = {
  name: 'row-frames',
  reads: 'binary frames of rows, in the page',
  heldTo: 'refused with a RangeError; rows are those that a plain reader makes of it, and what was written is read as it was',
  format: 'bytes',
  example: dice =>
    frameOf(
      dice.list(0, 6, () => aRow(dice)),
      tenOClockMs,
    ),
  check: input => {
    const reader = new RowReader();
    reader.learn(boardSymbols.map((symbol, number) => [number, symbol]));
    const view = new DataView(input.buffer, input.byteOffset, input.length);
    const frame = orRefused(
      () => reader.read(view),
      error => error instanceof RangeError,
    );
    expectSame(
      frame,
      orRefused(
        () => plainFrameIn(input),
        error => error instanceof RangeError,
      ),
      'the frame',
    );
    if (frame === refused) return;
    // A row that is a right one is written and read as it was.
    const rows = frame.rows.filter(row => Object.values(row).every(value => typeof value === 'string' || Number.isFinite(value)));
    const again = frameOf(rows, tenOClockMs);
    const plain = (each: readonly BoardRow[]) => each.map(row => JSON.stringify(Object.entries(row).toSorted()));
    expectSame(plain(reader.read(new DataView(again.buffer, again.byteOffset, again.length)).rows), plain(rows), 'the rows written again');
  },
};

const boardSymbols = ['BTC/USD', 'ETH/USD', 'AAPL', '東証'] as const;

function aRow(dice: Dice): BoardRow {
  return {
    symbol: dice.pick(boardSymbols),
    price: aPrice(dice),
    timeMs: tenOClockMs + dice.below(10_000_000),
    ...(dice.isOneIn(2) ? { bid: aPrice(dice), ask: aPrice(dice) } : {}),
    ...(dice.isOneIn(2) ? { dayOpen: aPrice(dice) } : {}),
    ...(dice.isOneIn(2) ? { dayVolume: dice.below(1e6) } : {}),
  };
}

function frameOf(rows: readonly BoardRow[], baseMs: number): Buffer {
  const words = new Uint32Array(5 + rows.length * maxRowWords);
  const head = Buffer.from(words.buffer);
  head.writeUInt32LE(1, 0);
  head.writeDoubleLE(baseMs, 4);
  head.writeDoubleLE(baseMs, 12);
  let at = 5;
  for (const row of rows) at += encodeRow(words, at, Math.max(0, boardSymbols.indexOf(row.symbol as 'AAPL')), row, baseMs);
  return Buffer.from(words.buffer.slice(0, at * 4));
}

/** The same as the document says it, a field at a time. @throws RangeError */
function plainFrameIn(bytes: Buffer): { readonly nowMs: number; readonly rows: readonly BoardRow[] } {
  let at = 0;
  const take = <T>(length: number, read: (from: number) => T): T => {
    const value = read(at);
    at += length;
    return value;
  };
  const uint32 = () => take(4, from => bytes.readUInt32LE(from));
  const int32 = () => take(4, from => bytes.readInt32LE(from));
  const int16 = () => take(2, from => bytes.readInt16LE(from));
  const double = () => take(8, from => bytes.readDoubleLE(from));
  if (uint32() !== 1) throw new RangeError('another form');
  const [nowMs, baseMs] = [double(), double()];
  const rows: BoardRow[] = [];
  while (at < bytes.length) {
    const head = uint32();
    const has = (bit: number) => Math.floor(head / 2 ** bit) % 2 === 1;
    const symbol = boardSymbols[head % 2 ** 20];
    if (symbol === undefined) throw new RangeError('no symbol');
    const told = (name: string, value: number) => (Number.isNaN(value) ? {} : { [name]: value });
    if (has(20)) {
      const [price, bid, ask, dayVolume, dayOpen, timeMs] = [double(), double(), double(), double(), double(), double()] as const;
      rows.push({
        symbol,
        price,
        timeMs,
        ...told('bid', bid),
        ...told('ask', ask),
        ...told('dayVolume', dayVolume),
        ...told('dayOpen', dayOpen),
      });
      continue;
    }
    const power = 10 ** (Math.floor(head / 2 ** 24) % 16);
    const timeMs = baseMs + int32();
    const price = int32();
    const quote = has(21) ? { bid: (price + int16()) / power, ask: (price + int16()) / power } : {};
    const open = has(22) ? { dayOpen: int32() / power } : {};
    rows.push({ symbol, price: price / power, timeMs, ...quote, ...open, ...(has(23) ? { dayVolume: double() } : {}) });
  }
  return { nowMs, rows };
}

const pageChoices: FuzzedParser = {
  name: 'page-choices',
  reads: 'what a browser kept: the watchlist and the indicators',
  heldTo: 'never throws; at most 50 symbols, each once, of 1 to 64 characters; indicators are known ones',
  format: 'json',
  words: ['sma', 'ema', 'bollinger', 'vwap', 'rsi', 'macd', ','],
  example: dice => JSON.stringify(dice.list(0, 60, () => aSymbol(dice))),
  check: input => {
    const text = input.toString();
    const list = readWatchlist(text);
    if (list !== undefined) {
      expectThat(list.length <= 50 && new Set(list).size === list.length, 'the watchlist is none', list);
      expectThat(
        list.every(symbol => typeof symbol === 'string' && symbol !== '' && symbol.length <= 64),
        'a symbol is none',
        list,
      );
      expectSame(readWatchlist(JSON.stringify(list)), list, 'the watchlist kept again');
    }
    const indicators = readIndicators(text);
    expectSame(readIndicators(indicators.join()), indicators, 'the indicators kept again');
  },
};

const [token, pass] = ['0123456789abcdef', 'fedcba9876543210-_'];

const loginHeaders: FuzzedParser = {
  name: 'login-headers',
  reads: 'headers by which somebody is known to the board: Authorization, then Cookie',
  heldTo: 'never throws; known is who says the token as a bearer, or has the cookie, to the character',
  format: 'text',
  words: ['Bearer ', 'bearer', 'Basic ', 'tapeline-board=', ';', '; ', '=', ',', token, pass],
  example: dice =>
    `${dice.pick(['', `Bearer ${token}`, `Basic ${token}`])}\n${dice.pick(['', `a=b; tapeline-board=${pass}`, `tapeline-board=${token}`])}`,
  check: input => {
    const [authorization, ...rest] = input.toString().split('\n');
    const cookie = rest.join('\n');
    const known = isKnown({ authorization, cookie }, token, pass);
    if (known)
      expectThat(
        authorization?.endsWith(token) === true || cookie.includes(`tapeline-board=${pass}`),
        'a stranger is known',
        input.toString(),
      );
    expectThat(isKnown({ authorization: `Bearer ${token}`, cookie }, token, pass), 'a cookie keeps the token out', cookie);
    expectThat(
      !isKnown({ authorization, cookie }, `${token}${input}x`, `${pass}${input}x`),
      'another token is taken for ours',
      input.toString(),
    );
  },
};

export const boardParsers: readonly FuzzedParser[] = [queries, loginHeaders, clientMessages, rowFrames, pageChoices];
