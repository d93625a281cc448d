import { afterEach, describe, expect, it } from '@jest/globals';
import * as conventions from '@opentelemetry/semantic-conventions/incubating';
import { readConfiguration, secretsOf } from '@tapeline/core/configuration';
import { createLogger } from '@tapeline/core/logging';
import { encodeRecord } from '@tapeline/core/record-codec';
import { openConfiguredTracing } from '@tapeline/core/tracing/configured-tracing';
import { otlpSender } from '@tapeline/core/tracing/otlp-sender';
import { type TickSpan, tickSpan } from '@tapeline/core/tracing/span';
import { SpanQueue } from '@tapeline/core/tracing/span-queue';
import { sampledTick } from '@tapeline/core/tracing/tick-trace';
import { type RecordRange, sampledIn, type Tracing } from '@tapeline/core/tracing/tracing';
import { Registry } from 'prom-client';
import { type OtlpReceiver, startOtlpReceiver } from './support/otlp-receiver.ts';

const logger = createLogger({ name: 'test', level: 'silent', secrets: [] });
const tenOClockMs = Date.UTC(2024, 10, 4, 10);
const receivers: OtlpReceiver[] = [];
afterEach(async () => {
  for (const receiver of receivers.splice(0)) await receiver.close();
});

async function receiver(): Promise<OtlpReceiver> {
  const started = await startOtlpReceiver();
  receivers.push(started);
  return started;
}

function aTickRecord(over: { readonly symbol?: string; readonly receivedTimeMs?: number } = {}): Uint8Array {
  const { symbol = 'BTC/USD', receivedTimeMs = tenOClockMs + 400 } = over;
  const times = { sourceTimeMs: tenOClockMs, receivedTimeMs, timeMs: receivedTimeMs };
  const day = { tradingDay: '2024-11-04', tradingDayEndMs: tenOClockMs + 50_400_000 };
  return encodeRecord({ v: 1, kind: 'tick', feed: 'twelve-data/0', session: 7, sequence: 1, symbol, price: 101, ...times, ...day });
}

function aHeartbeat(): Uint8Array {
  return encodeRecord({
    v: 1,
    kind: 'heartbeat',
    feed: 'twelve-data/0',
    session: 7,
    timeMs: tenOClockMs,
    connected: true,
    openMarkets: [],
  });
}

const place = { topic: 'market-data.feed', partition: 3, offset: 200 };

function aSampledTick(value = aTickRecord(), at = place) {
  const sampled = sampledTick(at, value);
  if (sampled === undefined) throw new TypeError('expected a tick');
  return sampled;
}

/** Records at these offsets. */
function rangeOf(records: ReadonlyMap<number, Uint8Array | undefined>): RecordRange & { readonly walks: () => number } {
  const offsets = [...records.keys()];
  let walks = 0;
  return {
    topic: 'market-data.feed',
    partition: 3,
    fromOffset: offsets[0] ?? 0,
    lastOffset: offsets.at(-1) ?? -1,
    walks: () => walks,
    cursor: () => {
      walks += 1;
      let at = -1;
      return {
        next: () => {
          at += 1;
          return at < offsets.length;
        },
        get offset() {
          return offsets[at] ?? -1;
        },
        get bytes() {
          return records.get(this.offset) ?? new Uint8Array(0);
        },
        get valueStart() {
          return records.get(this.offset) === undefined ? -1 : 0;
        },
        get valueEnd() {
          return records.get(this.offset)?.length ?? -1;
        },
      };
    },
  };
}

const tracingOf = (every: number): Tracing => ({ every, topicPrefix: 'a.', emit: () => undefined, unfinished: () => undefined });

describe('a tick that is followed', () => {
  it('is the same trace for whoever reads it, and another one in another log', () => {
    const first = aSampledTick();
    expect(first.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(first.rootSpanId).toMatch(/^[0-9a-f]{16}$/);
    expect(aSampledTick()).toEqual(first);
    const others = [
      aSampledTick(aTickRecord(), { ...place, offset: 300 }),
      aSampledTick(aTickRecord(), { ...place, topic: 'b.market-data.feed' }),
      aSampledTick(aTickRecord({ receivedTimeMs: tenOClockMs + 401 })),
    ];
    expect(new Set([first, ...others].map(({ traceId }) => traceId)).size).toBe(4);
  });

  it('is found by its offset, holes and other records passed over, with one walk for a range', () => {
    const records = new Map<number, Uint8Array | undefined>();
    for (const offset of [98, 99, 100, 101, 199, 201, 300, 400, 500]) records.set(offset, aTickRecord());
    records.set(300, aHeartbeat());
    records.set(400, undefined);
    records.set(500, Buffer.from('{"v":1'));
    const range = rangeOf(records);
    expect(sampledIn(range, tracingOf(100)).map(({ place: { topic, offset } }) => [topic, offset])).toEqual([['a.market-data.feed', 100]]);
    expect(range.walks()).toBe(1);
  });

  it('is not looked for where none can be', () => {
    const range = rangeOf(new Map([101, 102, 103].map(offset => [offset, aTickRecord()])));
    expect(sampledIn(range, tracingOf(100))).toEqual([]);
    expect(range.walks()).toBe(0);
  });
});

describe('a span', () => {
  it('names its parent: the root is known to all, and what a stage says again is a span of its own', () => {
    const sampled = aSampledTick();
    const times = { startMs: tenOClockMs, endMs: tenOClockMs + 5 };
    const [receive, append, again] = [
      tickSpan('receive', sampled, times),
      tickSpan('append', sampled, times),
      tickSpan('append', sampled, times),
    ];
    expect([receive.spanId, receive.parentSpanId]).toEqual([sampled.rootSpanId, undefined]);
    expect([append.parentSpanId, again.parentSpanId]).toEqual([sampled.rootSpanId, sampled.rootSpanId]);
    expect(append.spanId).not.toBe(again.spanId);
  });

  it('never ends before it starts: a stamp may be ahead of its receipt', () => {
    const { startMs, endMs } = tickSpan('receive', aSampledTick(), { startMs: 10, endMs: 4 });
    expect([startMs, endMs]).toEqual([4, 4]);
  });

  it('uses names of the OpenTelemetry conventions', () => {
    const { attributes } = tickSpan('append', aSampledTick(), { startMs: 1, endMs: 2 });
    const known = new Set<unknown>(Object.values(conventions).filter(value => typeof value === 'string'));
    const foreign = Object.keys(attributes).filter(name => !name.startsWith('tapeline.'));
    expect(foreign.length).toBeGreaterThan(2);
    const used = [...foreign, 'messaging.system', 'messaging.consumer.group.name', 'db.system.name', 'db.operation.name'];
    expect(used.filter(name => !known.has(name))).toEqual([]);
  });
});

function aSpan(): TickSpan {
  return tickSpan('append', aSampledTick(), { startMs: tenOClockMs + 400.25, endMs: tenOClockMs + 402 });
}

async function dropped(registry: Registry): Promise<Record<string, number>> {
  const values = (await registry.getSingleMetric('tapeline_trace_spans_dropped_total')?.get())?.values ?? [];
  return Object.fromEntries(values.map(({ labels, value }) => [String(labels.reason), value]));
}

/** What the log says when spans cannot be sent there. */
async function complaintAt(endpoint: string): Promise<string> {
  const said: string[] = [];
  const telling = createLogger({ name: 'test', level: 'info', secrets: [], destination: { write: line => said.push(line) } });
  const sender = otlpSender({ endpoint, headers: {}, service: 'ingester', timeoutMs: 2_000 });
  const queue = new SpanQueue({ send: spans => sender.send(spans), registry: new Registry(), logger: telling, gatherMs: 1 });
  queue.add(aSpan());
  await queue.close(20_000);
  return said.join('');
}

describe('spans on their way', () => {
  it('arrive at a collector as they were, with the headers that it wants', async () => {
    const collector = await receiver();
    const sender = otlpSender({ endpoint: `${collector.url}/`, headers: { 'api-key': 'k=1' }, service: 'ingester' });
    const span = aSpan();
    await sender.send([span]);
    await sender.close();
    const { name, traceId, spanId, parentSpanId, startMs, endMs, attributes } = span;
    expect(collector.spans).toEqual([{ service: 'ingester', kind: 4, name, traceId, spanId, parentSpanId, startMs, endMs, attributes }]);
    expect(collector.requests.map(({ path, headers }) => [path, headers['api-key']])).toEqual([['/v1/traces', 'k=1']]);
  });

  it('are bounded while nothing takes them, and what is too much is counted', async () => {
    const registry = new Registry();
    const { promise: never } = Promise.withResolvers<void>();
    const queue = new SpanQueue({ send: () => never, registry, logger, limit: 10, batch: 4, gatherMs: 1 });
    for (let index = 0; index < 25; index += 1) queue.add(aSpan());
    expect(await dropped(registry)).toEqual({ full: 15 });
    await queue.close(20);
    expect((await dropped(registry)).full).toBeGreaterThanOrEqual(21);
  });

  it.each(['refuses', 'hangs'] as const)('are counted as dropped by a collector that %s, and nobody waits for it', async behaviour => {
    const collector = await receiver();
    collector.behaviour = behaviour;
    const registry = new Registry();
    const sender = otlpSender({ endpoint: collector.url, headers: {}, service: 'ingester', timeoutMs: 200 });
    const queue = new SpanQueue({ send: spans => sender.send(spans), registry, logger, gatherMs: 1 });
    queue.add(aSpan());
    await queue.close(20_000);
    expect(await dropped(registry)).toMatchObject({ refused: 1 });
    collector.behaviour = 'takes';
    queue.add(aSpan());
    await queue.close(20_000);
    expect(collector.spans.length).toBe(1);
  });

  it.each([
    [404, 'without /v1/traces'],
    [401, 'see which OTEL_EXPORTER_OTLP_HEADERS it wants'],
    [400, 'right (OTLP over HTTP, mostly port 4318) and reachable'],
  ])('that are refused with %d say so and what helps, and no text of the collector', async (status, remedy) => {
    const collector = await receiver();
    collector.behaviour = 'refuses';
    collector.refusal = status;
    const said = await complaintAt(collector.url);
    expect(said).toContain(`"failure":${status},`);
    expect(said).toContain(remedy);
    expect(said).not.toContain('a text of its own');
  });

  it('that nobody is there for say so', async () => {
    const gone = await receiver();
    await gone.close();
    expect(await complaintAt(gone.url)).toMatch(/"failure":"ECONNREFUSED"/);
  });

  it('are not made at all without a collector', async () => {
    const shell = { service: 'ingester', registry: new Registry(), logger };
    expect(await openConfiguredTracing(readConfiguration({}), shell)).toBeUndefined();
  });
});

describe('the headers for a collector', () => {
  it('are refused without being said when they are none', () => {
    const wrong = () => readConfiguration({ OTEL_EXPORTER_OTLP_HEADERS: 'a-canary' });
    expect(wrong).toThrow(/OTEL_EXPORTER_OTLP_HEADERS must be names and values of headers/);
    expect(wrong).not.toThrow(/a-canary/);
  });

  it('are secrets, each of them', () => {
    const configuration = readConfiguration({ OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20a-canary, x=another' });
    expect(secretsOf(configuration)).toEqual(expect.arrayContaining(['Bearer a-canary', 'another']));
  });
});
