import { describe, expect, it } from '@jest/globals';
import { reasonOf } from '@tapeline/core/errors';
import { partitionOf } from '@tapeline/core/partitioner';
import { feedTopic } from '@tapeline/core/topics';
import fc from 'fast-check';
import type { FeedEvent, PlainEvent } from '../src/feed.ts';
import { EverydayWay } from '../src/hot/everyday-way.ts';
import { numberEnd } from '../src/hot/price-tail.ts';
import type { TickRun } from '../src/hot/tick-run.ts';
import { logEntries } from '../src/log-entries.ts';
import { SessionMapper } from '../src/session-mapper.ts';
import { parseMessage } from '../src/twelve-data/messages.ts';
import { noonMs } from './support/events.ts';

const partitions = 3;
const feed = 'twelve-data/1';

/** What befalls a connection: texts that came together, symbols that come and go while it lasts, the clock's heartbeat. */
type Step =
  | { readonly kind: 'received'; readonly receivedTimeMs: number; readonly texts: readonly string[] }
  | { readonly kind: 'asked' | 'given-up'; readonly symbols: readonly string[]; readonly timeMs: number }
  | { readonly kind: 'heartbeat'; readonly timeMs: number };

interface Outcome {
  /** Values by topic and partition, in order. */
  readonly records: Readonly<Record<string, readonly string[]>>;
  /** For each step the markets that had a price. */
  readonly priced: readonly ReadonlySet<string | undefined>[];
}

function aMapper(resubscribes: boolean): SessionMapper {
  const mapper = new SessionMapper({ feed, feedClock: false, ...(resubscribes ? { resubscribedReason: 'resubscribed' } : {}) });
  mapper.beginSession(noonMs);
  return mapper;
}

/** What a step other than received texts gives out, in either way. */
function stepOf(mapper: SessionMapper, step: Exclude<Step, { readonly kind: 'received' }>): PlainEvent[] {
  if (step.kind === 'heartbeat') return mapper.heartbeat(step.timeMs);
  if (step.kind === 'given-up')
    return mapper.giveUp(
      step.symbols.map(name => name.toUpperCase()),
      step.timeMs,
    );
  mapper.asked(
    step.symbols,
    step.symbols.map(name => name.toUpperCase()),
  );
  return [];
}

/** The plain way alone. @param times of receipt, of each text of each step */
function plainly(steps: readonly Step[], times: readonly (readonly number[])[], resubscribes: boolean): Outcome {
  const mapper = aMapper(resubscribes);
  const events: PlainEvent[] = [];
  const priced = steps.map((step, index) => {
    const markets = new Set<string | undefined>();
    if (step.kind !== 'received') events.push(...stepOf(mapper, step));
    else {
      for (const [place, text] of step.texts.entries()) {
        const message = parseMessage(text);
        events.push(...mapper.receive({ message, receivedTimeMs: times[index]?.[place] ?? Number.NaN, text: () => text }));
        if (message.kind === 'price') markets.add(mapper.marketOf(message.symbol));
      }
    }
    return markets;
  });
  return { records: recordsOf(events), priced };
}

interface EverydayOutcome extends Outcome {
  readonly taken: number;
  readonly told: number;
  /** Of receipt, of each text of each step. */
  readonly times: readonly (readonly number[])[];
}

/** As a connection does it: what is everyday is taken, the rest goes the plain way and teaches. The clock goes on whenever it is looked at. */
function everyday(steps: readonly Step[], resubscribes = false): EverydayOutcome {
  const mapper = aMapper(resubscribes);
  const events: FeedEvent[] = [];
  const emit = (more: readonly FeedEvent[]) => {
    for (const event of more) {
      const last = events.at(-1);
      if (last?.kind === 'ticks') last.seal();
      events.push(event);
    }
  };
  let [nowMs, taken, told] = [0, 0, 0];
  let markets = new Set<string | undefined>();
  const times: number[][] = steps.map(() => []);
  const way = new EverydayWay({
    feed,
    partitions,
    mapper,
    nowMs: () => nowMs,
    emit,
    priced: market => {
      told += 1;
      markets.add(market);
    },
  });
  const receive = (text: string) => {
    const bytes = Buffer.from(`??${text}??`);
    if (way.take(bytes, 2, bytes.length - 2)) {
      taken += 1;
      return;
    }
    nowMs += 1;
    const message = parseMessage(text);
    const received = { message, receivedTimeMs: nowMs, text: () => text };
    const plain = mapper.receive(received);
    emit(plain);
    way.wentPlainly(received, plain);
    if (message.kind === 'price') markets.add(mapper.marketOf(message.symbol));
  };
  const priced = steps.map((step, index) => {
    markets = new Set();
    if (step.kind !== 'received') {
      emit(stepOf(mapper, step));
      if (step.kind === 'given-up') way.symbolsLeft();
    } else {
      nowMs = step.receivedTimeMs;
      way.bytesCame();
      for (const text of step.texts) {
        receive(text);
        times[index]?.push(nowMs);
      }
    }
    return markets;
  });
  return { records: recordsOf(events), priced, taken, told, times };
}

/** A record that its schema refuses is told by what it says of it. */
function recordsOf(events: readonly FeedEvent[]): Outcome['records'] {
  const records: Record<string, string[]> = {};
  const add = (topic: string, partition: number, value: string) => {
    records[`${topic}/${partition}`] ??= [];
    records[`${topic}/${partition}`]?.push(value);
  };
  for (const event of events) {
    if (event.kind === 'ticks') {
      for (const [partition, values] of valuesOf(event).entries()) for (const value of values) add(feedTopic.name, partition, value);
      continue;
    }
    try {
      for (const { topic, partition, value } of logEntries(event, partitions)) add(topic, partition, Buffer.from(value ?? []).toString());
    } catch (error) {
      add('refused', 0, reasonOf(error));
    }
  }
  return records;
}

function valuesOf(run: TickRun): string[][] {
  return run.blocks.map(block => {
    const values: string[] = [];
    const cursor = block.cursor();
    while (cursor.next()) {
      const { bytes, keyStart, keyEnd, valueStart, valueEnd } = cursor;
      const value = Buffer.from(bytes.subarray(valueStart, valueEnd)).toString();
      expect(Buffer.from(bytes.subarray(keyStart, keyEnd)).toString()).toBe(JSON.parse(value).symbol);
      values.push(value);
    }
    return values;
  });
}

const factsOf = {
  stock: '"currency":"USD","exchange":"NASDAQ","type":"Common Stock"',
  forex: '"currency":"USD","currency_base":"Gold Spot","currency_quote":"US Dollar","type":"Physical Currency"',
  crypto: '"currency_base":"Bitcoin","currency_quote":"US Dollar","exchange":"Coinbase Pro","type":"Digital Currency"',
  odd: '"currency":"USD","price":7,"exchange":"NYSE"',
  tailed: '"bid":3,"type":"Common Stock"',
  none: '"mic_code":null',
};
const number = fc.oneof(
  {
    weight: 40,
    arbitrary: fc.tuple(fc.integer({ min: 1, max: 9_999_999 }), fc.integer({ min: 0, max: 5 })).map(([a, b]) => String(a / 10 ** b)),
  },
  { weight: 1, arbitrary: fc.double({ min: 1e-9, max: 1e18, noNaN: true }).map(String) },
  fc.constantFrom(
    '0',
    '0.0',
    '1.50',
    '1e3',
    '0.0000001',
    '0.000001',
    '-1',
    '01',
    '123456789012345678',
    '999999999999999',
    '0.123456789012345',
    '1.',
    '.5',
    'null',
    '"3"',
    '5 ',
  ),
);
const optional = (name: string) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant('') }, { weight: 2, arbitrary: number.map(text => `,"${name}":${text}`) });
const symbol = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('AAPL', 'MSFT', 'BTC/USD', 'EUR/USD', 'XAU/USD') },
  fc.constantFrom('RY:TSX', 'Ä', 'a"b', '__proto__', 'x'.repeat(64), 'x'.repeat(65)),
);
const stampS = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: -3, max: 8 }).map(seconds => noonMs / 1_000 + seconds) },
  fc.constantFrom(0, noonMs / 1_000, noonMs / 1_000 - 60, noonMs / 1_000 - 86_400, noonMs / 1_000 + 43_200, 99_999_999_999),
);
const price = fc
  .record({
    symbol,
    facts: fc.oneof({ weight: 9, arbitrary: fc.constant(factsOf.stock) }, fc.constantFrom(...Object.values(factsOf))),
    stampS,
    price: number,
    bid: optional('bid'),
    ask: optional('ask'),
    volume: optional('day_volume'),
  })
  .map(
    ({ symbol: name, facts, stampS: stamp, price: text, bid, ask, volume }) =>
      `{"event":"price","symbol":${JSON.stringify(name)},${facts},"timestamp":${stamp},"price":${text}${bid}${ask}${volume}}`,
  );
const message = fc.oneof(
  { weight: 60, arbitrary: price },
  { weight: 2, arbitrary: price.map(text => text.replaceAll(',', ', ')) },
  fc.constantFrom(
    '{"event":"heartbeat","status":"ok"}',
    '{"event":"subscribe-status","status":"ok","success":[{"symbol":"AAPL","exchange":"LSE","type":"Common Stock"}],"fails":[]}',
    '{"event":"subscribe-status","status":"ok","success":[{"symbol":"MSFT"},{"symbol":"BTC/USD","type":"Digital Currency"}],"fails":[]}',
    '{"event":"subscribe-status","status":"warning","success":null,"fails":[{"symbol":"AAPL","message":"no"}]}',
    '{"event":"price","symbol":"AAPL","price":1,"timestamp":5}',
    '{"event":"price","symbol":"AAPL","meta":{"timestamp":5,"price":1}}',
    '{"event":"price","symbol":"AAPL"',
    '',
  ),
);
const receipt = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: noonMs - 1_000, max: noonMs + 9_000 }) },
  fc.integer({ min: noonMs + 40_000_000, max: noonMs + 46_000_000 }),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('received' as const),
      receivedTimeMs: receipt,
      texts: fc.array(message, { minLength: 1, maxLength: 12, size: 'max' }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('asked' as const, 'given-up' as const),
      symbols: fc.uniqueArray(symbol, { minLength: 1, maxLength: 3 }),
      timeMs: receipt,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('heartbeat' as const), timeMs: receipt }) },
);

const stock = (name: string, index: number) =>
  `{"event":"price","symbol":"${name}",${factsOf.stock},"timestamp":${noonMs / 1_000 + 1},"price":${(10_000 + index) / 100},"day_volume":${index + 1}}`;
const received = (...texts: string[]): Step => ({ kind: 'received', receivedTimeMs: noonMs + 1_100, texts });
const kindsOf = ({ records }: Outcome, partition: number) =>
  records[`${feedTopic.name}/${partition}`]?.map(value => {
    const { kind, symbols, symbol: name } = JSON.parse(value);
    return kind === 'session' ? symbols : (name ?? kind);
  });

describe('everyday prices', () => {
  it('are the records of the plain way, byte for byte, whatever comes between them and whichever symbols come and go', () => {
    let taken = 0;
    const property = fc.property(fc.array(step, { maxLength: 40, size: 'max' }), fc.boolean(), (steps, resubscribes) => {
      const fast = everyday(steps, resubscribes);
      const { records, priced } = plainly(steps, fast.times, resubscribes);
      expect(fast.records).toEqual(records);
      expect(fast.priced).toEqual(priced);
      taken += fast.taken;
    });
    fc.assert(property, { numRuns: 300 });
    expect(taken).toBeGreaterThan(1_000);
  }, 60_000);

  it('are nearly all where messages are as the vendor sends them, and tell of their market once for what came together', () => {
    const texts = Array.from({ length: 500 }, (_, index) => stock('AAPL', index));
    const later: Step = { kind: 'received', receivedTimeMs: noonMs + 1_200, texts };
    expect(everyday([received(...texts), later])).toMatchObject({ taken: 999, told: 2 });
  });

  it('are taken no more of a symbol that was given up, and come behind a session that names it when it is back', () => {
    const status = '{"event":"subscribe-status","status":"ok","success":[{"symbol":"AAPL","exchange":"NASDAQ","type":"Common Stock"}]}';
    const steps: Step[] = [
      received(stock('AAPL', 1), stock('AAPL', 2), stock('MSFT', 1), stock('MSFT', 2)),
      { kind: 'given-up', symbols: ['AAPL'], timeMs: noonMs + 1_200 },
      received(stock('AAPL', 3), stock('MSFT', 3), stock('MSFT', 4)),
      { kind: 'asked', symbols: ['AAPL'], timeMs: noonMs + 1_300 },
      received(stock('AAPL', 4), status, stock('AAPL', 5), stock('AAPL', 6)),
    ];
    const outcome = everyday(steps);
    expect(outcome.taken).toBe(4);
    expect(kindsOf(outcome, partitionOf('AAPL', partitions))).toEqual([
      ['AAPL'],
      'AAPL',
      'AAPL',
      ['AAPL', 'MSFT'],
      'MSFT',
      'MSFT',
      'heartbeat',
      ['MSFT'],
      'MSFT',
      'MSFT',
      ['MSFT', 'AAPL'],
      'AAPL',
      'AAPL',
    ]);
    expect(outcome.records['market-data.dead-letter/0']).toHaveLength(2);
  });

  it('take a number only as JavaScript would write it', () => {
    const property = fc.property(number, text => {
      const end = numberEnd(Buffer.from(`${text},`), 0, text.length + 1);
      if (end === text.length) expect(String(Number(text))).toBe(text);
      else expect(end === -1 || end < text.length).toBe(true);
    });
    fc.assert(property, { numRuns: 2_000 });
    for (const text of ['342.0157', '27631112', '0.000001', '69142.14', '999999999999999'])
      expect(numberEnd(Buffer.from(text), 0, text.length)).toBe(text.length);
  });
});
