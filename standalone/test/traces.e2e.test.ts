/** A tick's whole way in one trace, told by processes that know nothing of each other, to a collector on a real socket; and a collector that is away. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@tapeline/core/logging';
import { describeWithServers } from '@tapeline/services/for-tests';
import { type Simulator, startSimulator } from '@tapeline/simulator/simulator';
import { WebSocket } from 'ws';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../../core/test/support/otlp-receiver.ts';
import { eventually } from '../../test/support/eventually.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { testCluster } from './support/cluster.ts';
import { type RunningProcess, startProgram } from './support/processes.ts';

const logger = createLogger({ name: 'test', level: 'silent', secrets: [] });
let collector: OtlpReceiver;
let feed: Simulator;
beforeEach(async () => {
  collector = await startOtlpReceiver();
  feed = await startSimulator({ seed: 1, logger });
});
afterEach(async () => {
  await feed.close();
  await collector.close();
});

const traced = () => ({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, TRACE_SAMPLING: '10' });
const addressOf = (running: RunningProcess, words: RegExp) =>
  eventually(`an address, after ${running.stderr().slice(-1_000)}`, () => words.exec(running.stdout())?.[1], 60_000);

function watch(url: string): WebSocket {
  const screen = new WebSocket(`${url.replace('http', 'ws')}/ws`);
  screen.once('open', () => screen.send(JSON.stringify({ watch: { symbols: ['BTC/USD', 'ETH/USD'] } })));
  return screen;
}

const steps = ['receive', 'append', 'fetch', 'fold', 'close', 'write', 'push'];

/** The spans of a tick of which every step is told; those of a step that is told twice are two. */
function wholeTrace(): readonly ReceivedSpan[] | undefined {
  const traces = Map.groupBy(collector.spans, ({ traceId }) => traceId);
  return [...traces.values()].find(spans => steps.every(step => spans.some(({ name }) => name === step)));
}

function expectInOrder(spans: readonly ReceivedSpan[]): void {
  const byId = new Map(spans.map(span => [span.spanId, span]));
  const [root] = spans.filter(({ name }) => name === 'receive');
  expect(root?.parentSpanId).toBeUndefined();
  const parents = { append: 'receive', fetch: 'receive', fold: 'fetch', close: 'fold', write: 'close', push: 'fold' };
  for (const span of spans) {
    expect(span.endMs).toBeGreaterThanOrEqual(span.startMs);
    const parent = byId.get(span.parentSpanId ?? '');
    if (span.name === 'receive') continue;
    expect([span.name, parent?.name]).toEqual([span.name, parents[span.name as keyof typeof parents]]);
    // What follows begins where the former ended, or while it still ran: a bar may be given out before its batch is folded.
    if (span.name !== 'close') expect(span.startMs).toBeGreaterThanOrEqual(parent?.endMs ?? Number.POSITIVE_INFINITY);
    expect(span.startMs).toBeGreaterThanOrEqual(parent?.startMs ?? Number.POSITIVE_INFINITY);
  }
  const places = spans.map(({ attributes }) => [
    attributes['messaging.destination.partition.id'],
    attributes['messaging.kafka.offset'],
    attributes['tapeline.symbol'],
    attributes['tapeline.session'],
  ]);
  expect(new Set(places.map(place => JSON.stringify(place))).size).toBe(1);
  expect(Number(places[0]?.[1]) % 10).toBe(0);
}

describeWithServers('the traces of the stages, on Kafka and Cassandra', (kafka, cassandra) => {
  it('tell the whole way of a tick, from the vendor to the store and to a screen, in one trace with its times in order', async () => {
    const cluster = await testCluster({ kafka, cassandra });
    const board = startProgram('visualization/src/main.ts', {
      env: { ...cluster.env, ...traced(), BAR_INTERVALS: '1s,5s', KAFKA_GROUP: cluster.groupName('traced') },
    });
    try {
      const settings = { ...traced(), BAR_INTERVALS: '1s,5s' };
      cluster.startIngester({ ...settings, TWELVE_DATA_URL: feed.url, SYMBOLS: 'BTC/USD,ETH/USD' });
      cluster.startProcessor('traced', settings);
      const screen = watch(await addressOf(board, /^(http:\S+)$/m));
      const spans = await eventually('a whole trace', wholeTrace, 90_000);
      screen.close();
      expectInOrder(spans);
      const services = Map.groupBy(spans, ({ service }) => service);
      expect([...services.keys()].toSorted()).toEqual(['ingester', 'live-board', 'stream-processor']);
      expect(new Set(services.get('ingester')?.map(({ name }) => name))).toEqual(new Set(['receive', 'append']));
      expect(new Set(services.get('stream-processor')?.map(({ name }) => name))).toEqual(new Set(['fetch', 'fold', 'close', 'write']));
      expect(new Set(services.get('live-board')?.map(({ name }) => name))).toEqual(new Set(['fetch', 'fold', 'push']));
      const [write] = spans.filter(({ name }) => name === 'write');
      expect(write?.attributes).toMatchObject({ 'messaging.system': 'kafka', 'db.system.name': 'cassandra', 'tapeline.interval': '1s' });
      expect(write?.attributes['messaging.destination.name']).toBe(`${cluster.env.KAFKA_TOPIC_PREFIX}market-data.feed`);
    } finally {
      await board.end('SIGKILL');
      await cluster.close();
    }
  }, 240_000);
});

describe('the traces of the one process', () => {
  let folder: string;
  beforeEach(() => {
    folder = temporaryFolder('traces');
  });
  const start = (env: Readonly<Record<string, string>>) =>
    startProgram('standalone/src/main.ts', {
      args: ['start'],
      env: { DATA_DIR: folder, HTTP_PORT: '0', TWELVE_DATA_URL: feed.url, SYMBOLS: 'BTC/USD,ETH/USD', BAR_INTERVALS: '1s,5s', ...env },
    });

  it('tell the same way', async () => {
    const running = start(traced());
    try {
      const screen = watch(await addressOf(running, /Tapeline is at (http:\S+)/));
      const spans = await eventually('a whole trace', wholeTrace, 60_000);
      screen.close();
      expectInOrder(spans);
      expect(await running.end()).toBe(0);
    } finally {
      await running.end('SIGKILL');
    }
  }, 120_000);

  it('are dropped, counted and said once while the collector is away, and bars go on', async () => {
    await collector.close();
    const running = start(traced());
    try {
      const url = await addressOf(running, /Tapeline is at (http:\S+)/);
      const metrics = async () => await (await fetch(`${url}/metrics`)).text();
      const counted = async (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(await metrics())?.[1] ?? '0') > 0;
      await eventually('spans are dropped', () => counted('tapeline_trace_spans_dropped_total\\{reason="refused"\\}'), 60_000);
      await eventually('bars are made', () => counted('tapeline_stream_processor_bars_total\\{interval="1s"\\}'), 60_000);
      expect(await running.end()).toBe(0);
      expect(running.stderr().match(/the collector of traces does not take spans/g)).toHaveLength(1);
    } finally {
      await running.end('SIGKILL');
    }
  }, 120_000);

  it('are none without a collector', async () => {
    const running = start({});
    try {
      const url = await addressOf(running, /Tapeline is at (http:\S+)/);
      expect(await (await fetch(`${url}/metrics`)).text()).toContain('tapeline_trace_spans_exported_total 0');
      expect(await running.end()).toBe(0);
    } finally {
      await running.end('SIGKILL');
    }
    expect(collector.requests).toEqual([]);
  }, 120_000);
});
