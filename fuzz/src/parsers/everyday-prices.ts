/** The hot way of prices, held to the plain one: frames of the socket, the tail of a message, messages of a session. */
import { reasonOf } from '@tapeline/core/errors';
import { feedTopic } from '@tapeline/core/topics';
import type { FeedEvent, PlainEvent } from '@tapeline/ingestion/feed';
import { EverydayFrames } from '@tapeline/ingestion/hot/everyday-frames';
import { EverydayWay } from '@tapeline/ingestion/hot/everyday-way';
import { PriceTail } from '@tapeline/ingestion/hot/price-tail';
import { logEntries } from '@tapeline/ingestion/log-entries';
import { SessionMapper } from '@tapeline/ingestion/session-mapper';
import { parseMessage } from '@tapeline/ingestion/twelve-data/messages';
import { Dice } from '../dice.ts';
import { aPrice, linesOf, tenOClockMs } from '../examples.ts';
import { expectSame, expectThat } from '../expectations.ts';
import type { FuzzedParser } from '../fuzzed-parser.ts';

const tailNames = ['price', 'bid', 'ask', 'day_volume'] as const;

const priceTails: FuzzedParser = {
  name: 'price-tails',
  reads: 'the end of a price message, by its bytes',
  heldTo: 'what it takes is JSON, and its numbers are written as JavaScript writes what JSON.parse reads',
  format: 'text',
  words: [',"price":', ',"bid":', ',"ask":', ',"day_volume":', '}', '0.', '1e5', '000'],
  example: dice => {
    const quote = dice.isOneIn(2) ? `,"bid":${aPrice(dice)},"ask":${aPrice(dice)}` : '';
    return `${dice.below(2_000_000_000)},"price":${aPrice(dice)}${quote}${dice.isOneIn(2) ? `,"day_volume":${dice.below(1e9)}` : ''}}`;
  },
  check: input => {
    const tail = new PriceTail();
    if (!tail.read(input, 0, input.length)) return;
    const said = JSON.parse(`{"timestamp":${input.toString('latin1')}`) as Readonly<Record<string, unknown>>;
    expectSame(said.timestamp, tail.stamp, 'the stamp');
    const spans = { price: [tail.priceStart, tail.priceEnd], bid: [tail.bidStart, tail.bidEnd], ask: [tail.askStart, tail.askEnd] };
    const all: Readonly<Record<string, readonly number[]>> = { ...spans, day_volume: [tail.volumeStart, tail.volumeEnd] };
    for (const name of tailNames) {
      const [start = -1, end = -1] = all[name] ?? [];
      const text = start < 0 ? undefined : input.toString('latin1', start, end);
      expectSame(text, said[name] === undefined ? undefined : String(said[name]), name);
    }
    expectThat(Object.keys(said).length === 2 + Number(tail.bidStart >= 0) * 2 + Number(tail.volumeStart >= 0), 'more stands in the tail');
  },
};

const partitions = 3;
const feed = 'twelve-data/1';

type Outcome = Readonly<Record<string, readonly string[]>>;

const everydayPrices: FuzzedParser = {
  name: 'everyday-prices',
  reads: 'messages of a session, a line each, taken by their bytes where they are everyday',
  heldTo: 'the same records in each partition as the plain way gives',
  format: 'lines',
  words: ['event', 'price', 'symbol', 'timestamp', 'bid', 'ask', 'day_volume', 'subscribe-status', 'heartbeat'],
  slowness: 3,
  example: dice => {
    const symbols = dice.list(1, 3, () => dice.pick(['BTC/USD', 'AAPL', 'EUR/USD', '東証']));
    const facts = dice.pick(['"exchange":"NASDAQ","type":"Common Stock"', '"type":"Digital Currency"', '"bid":3,"type":"Common Stock"']);
    let second = tenOClockMs / 1_000;
    const price = () => {
      second += dice.below(3);
      const quote = dice.isOneIn(2) ? `,"bid":${aPrice(dice)},"ask":${aPrice(dice)}` : '';
      const volume = dice.isOneIn(2) ? `,"day_volume":${dice.below(1e6)}` : '';
      return `{"event":"price","symbol":"${dice.pick(symbols)}",${facts},"timestamp":${second},"price":${aPrice(dice)}${quote}${volume}}`;
    };
    const accepted = {
      event: 'subscribe-status',
      status: 'ok',
      success: symbols.map(symbol => ({ symbol, type: 'Digital Currency' })),
      fails: null,
    };
    return [linesOf([accepted]), ...dice.list(2, 10, price)].join('\n');
  },
  check: input => {
    const texts = input.toString().split('\n');
    const { records, times } = everyday(texts);
    expectSame(records, plainly(texts, times), 'the records of the everyday way');
  },
};

function aMapper(): SessionMapper {
  const mapper = new SessionMapper({ feed, feedClock: false });
  mapper.beginSession(tenOClockMs);
  return mapper;
}

function plainly(texts: readonly string[], times: readonly number[]): Outcome {
  const mapper = aMapper();
  const events = texts.flatMap((text, place) =>
    mapper.receive({ message: parseMessage(text), receivedTimeMs: times[place] ?? Number.NaN, text: () => text }),
  );
  return recordsOf(events);
}

/** As a connection does it: what is everyday is taken, the rest goes the plain way and teaches. */
function everyday(texts: readonly string[]): { readonly records: Outcome; readonly times: readonly number[] } {
  const mapper = aMapper();
  const events: FeedEvent[] = [];
  const times: number[] = [];
  let nowMs = tenOClockMs;
  const emit = (more: readonly FeedEvent[]) => {
    for (const event of more) {
      const last = events.at(-1);
      if (last?.kind === 'ticks') last.seal();
      events.push(event);
    }
  };
  const way = new EverydayWay({ feed, partitions, mapper, nowMs: () => nowMs, emit, priced: () => undefined });
  for (const [place, text] of texts.entries()) {
    if (place % 3 === 0) {
      nowMs += 700;
      way.bytesCame();
    }
    const bytes = Buffer.from(`??${text}??`);
    if (!way.take(bytes, 2, bytes.length - 2)) {
      nowMs += 1;
      const received = { message: parseMessage(text), receivedTimeMs: nowMs, text: () => text };
      const plain = mapper.receive(received);
      emit(plain);
      way.wentPlainly(received, plain);
    }
    times.push(nowMs);
  }
  return { records: recordsOf(events), times };
}

/** A record that its schema refuses is told by what it says of it. */
function recordsOf(events: readonly FeedEvent[]): Outcome {
  const records: Record<string, string[]> = {};
  const add = (place: string, value: string) => {
    records[place] ??= [];
    records[place]?.push(value);
  };
  for (const event of events) {
    if (event.kind !== 'ticks') {
      for (const [place, value] of entriesOf(event)) add(place, value);
      continue;
    }
    for (const [partition, block] of event.blocks.entries()) {
      const cursor = block.cursor();
      while (cursor.next())
        add(`${feedTopic.name}/${partition}`, Buffer.from(cursor.bytes.subarray(cursor.valueStart, cursor.valueEnd)).toString());
    }
  }
  return records;
}

function entriesOf(event: PlainEvent): readonly (readonly [string, string])[] {
  try {
    return logEntries(event, partitions).map(({ topic, partition, value }) => [
      `${topic}/${partition}`,
      Buffer.from(value ?? []).toString(),
    ]);
  } catch (error) {
    return [['refused', reasonOf(error)]];
  }
}

const socketFrames: FuzzedParser = {
  name: 'socket-frames',
  reads: "the frames of a vendor's WebSocket, before its library does",
  heldTo: 'every byte is taken or passed on, once and in order, and the same messages are taken when the stream comes whole and in pieces',
  format: 'bytes',
  example: dice => Buffer.concat(dice.list(1, 6, () => aFrame(dice))),
  check: input => {
    const whole = framesOf([input]);
    expectSame(whole.all.toString('hex'), input.toString('hex'), 'what was taken and passed on');
    const dice = new Dice(input.length, input[0] ?? 0, input.at(-1) ?? 0);
    const pieces: Buffer[] = [];
    for (let at = 0; at < input.length; ) {
      const end = Math.min(input.length, at + dice.between(1, 40));
      pieces.push(input.subarray(at, end));
      at = end;
    }
    const cut = framesOf(pieces);
    expectSame(cut.all.toString('hex'), input.toString('hex'), 'what was taken and passed on in pieces');
    for (const text of cut.taken) expectThat(whole.taken.includes(text), 'a message was taken in pieces that is none in the whole', text);
  },
};

function aFrame(dice: Dice): Buffer {
  const payload = dice.isOneIn(8)
    ? dice.bytes(dice.pick([125, 126, 127, 300, 65_536]))
    : Buffer.from('{"event":"price"}'.slice(0, dice.below(18)));
  const first = dice.pick([0x81, 0x81, 0x81, 0x01, 0x80, 0x89, 0x8a, 0x82, 0x88]);
  const { length } = payload;
  if (length < 126) return Buffer.concat([Buffer.from([first, length]), payload]);
  const head = Buffer.alloc(length < 65_536 ? 4 : 10);
  head[0] = first;
  head[1] = length < 65_536 ? 126 : 127;
  if (length < 65_536) head.writeUInt16BE(length, 2);
  else head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}

function framesOf(pieces: readonly Buffer[]): { readonly all: Buffer; readonly taken: readonly string[] } {
  const all: Buffer[] = [];
  const taken: string[] = [];
  let end = 0;
  let piece: Buffer = Buffer.alloc(0);
  const frames = new EverydayFrames({
    take: (bytes, start, to) => {
      const text = Buffer.from(bytes.subarray(start, to));
      taken.push(text.toString('hex'));
      // The head stands between what came before in this piece and the message.
      all.push(piece.subarray(end, to));
      end = to;
      return true;
    },
    pass: bytes => {
      all.push(Buffer.from(bytes));
      end += bytes.length;
    },
  });
  for (const next of pieces) {
    piece = next;
    end = 0;
    frames.push(next);
  }
  return { all: Buffer.concat(all), taken };
}

export const everydayParsers: readonly FuzzedParser[] = [socketFrames, priceTails, everydayPrices];
