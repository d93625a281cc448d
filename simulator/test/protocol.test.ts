import { describe, expect, it } from '@jest/globals';
import { pause } from '@tapeline/core/pause';
import { connected, type Message, refused } from './support/price-client.ts';
import { simulatorsOfThisFile } from './support/simulators.ts';

const { start, connect } = simulatorsOfThisFile();
const startMs = Date.parse('2026-11-20T15:00:00Z');

describe('connecting', () => {
  it('marks every upgrade as simulated', async () => {
    const simulator = await start();
    const client = await connect(simulator);
    expect(client.headers['x-simulated']).toBe('true');
    expect(simulator.url).toBe(`ws://127.0.0.1:${simulator.port}/v1/quotes/price`);
    expect((await refused(simulator.url.replace('price', 'other'))).status).toBe(404);
    const plain = await fetch(simulator.url.replace('ws:', 'http:'));
    expect([plain.status, plain.headers.get('x-simulated')]).toEqual([404, 'true']);
  });

  it('accepts the key in the header and in the query, and refuses any other with HTTP 200 and code 401 in the body', async () => {
    const simulator = await start({ apiKey: 'right' });
    const inHeader = await connected(simulator.url, { headers: { 'X-TD-APIKEY': 'right' } });
    const inQuery = await connected(`${simulator.url}?apikey=right`);
    const answers = [
      await refused(simulator.url),
      await refused(`${simulator.url}?apikey=wrong`),
      await refused(simulator.url, { headers: { 'X-TD-APIKEY': 'wrong' } }),
    ];
    for (const { status, body, simulated } of answers) {
      expect([status, simulated]).toEqual([200, 'true']);
      expect(JSON.parse(body)).toMatchObject({
        code: 401,
        status: 'error',
        message: expect.stringMatching(/^\*\*apikey\*\* parameter is incorrect/),
      });
    }
    expect(simulator.attempts.map(({ status, keyIn }) => [status, keyIn])).toEqual([
      [101, 'header'],
      [101, 'query'],
      [200, 'nowhere'],
      [200, 'query'],
      [200, 'header'],
    ]);
    expect(simulator.connections).toHaveLength(2);
    inHeader.socket.terminate();
    inQuery.socket.terminate();
  });

  it('closes the oldest of a key when a fourth connection opens', async () => {
    const simulator = await start();
    const clients = [await connect(simulator), await connect(simulator), await connect(simulator), await connect(simulator)];
    expect(await clients[0]?.closed()).toBe(1006);
    expect(clients.slice(1).map(({ socket }) => socket.readyState)).toEqual([1, 1, 1]);
    const other = await connected(`${simulator.url}?apikey=another`);
    expect(clients[1]?.socket.readyState).toBe(1);
    other.socket.terminate();
  });

  it('says which port is taken', async () => {
    const simulator = await start();
    await expect(start({ port: simulator.port })).rejects.toMatchObject({
      code: 'configuration.invalid',
      message: expect.stringMatching(/^the simulator cannot listen on 127\.0\.0\.1 port \d+: .*EADDRINUSE/),
    });
  });
});

describe('subscribing', () => {
  it('accepts a text with spaces around the commas, an exchange after a colon, and unknown symbols among known ones', async () => {
    const client = await connect(await start());
    client.subscribe(' AAPL , RY:TSX,EUR/USD ,FOO,');
    await client.until(({ prices }) => prices.length >= 40 && new Set(prices.map(({ symbol }) => symbol)).size >= 3);
    const [status] = client.of('subscribe-status');
    expect(status).toMatchObject({
      status: 'warning',
      fails: [
        {
          symbol: 'FOO',
          message: 'Symbol FOO was not found. Please check that it is spelt correctly and that the data is available on your plan.',
        },
      ],
    });
    expect(status?.success).toHaveLength(3);
    expect(status?.success).toEqual(
      expect.arrayContaining([
        { symbol: 'AAPL', exchange: 'NASDAQ', country: 'United States', type: 'COMMON_STOCK' },
        { symbol: 'RY', exchange: 'TSX', country: 'Canada', type: 'COMMON_STOCK' },
        { symbol: 'EUR/USD', type: 'PHYSICAL_CURRENCY' },
      ]),
    );
    expect(client.messages[0]?.event).toBe('subscribe-status');
    expect(new Set(client.prices.map(({ symbol }) => symbol))).toEqual(new Set(['AAPL', 'EUR/USD', 'RY']));
    expect(client.prices.find(({ symbol }) => symbol === 'AAPL')).toMatchObject({ type: 'Common Stock', currency: 'USD' });
    expect(new Set(client.prices.filter(({ symbol }) => symbol === 'RY').map(({ exchange }) => exchange))).toEqual(new Set(['TSX']));
  });

  it('accepts a list of objects and symbols, and says null where nothing failed', async () => {
    const client = await connect(await start());
    client.subscribe([
      { symbol: 'AAPL', exchange: 'NASDAQ' },
      { symbol: 'RY', mic_code: 'XNYS' },
      { symbol: 'BTC/USD', type: 'Digital Currency' },
      'MSFT',
    ]);
    await client.until(({ messages }) => messages.length > 0);
    const [status] = client.messages;
    expect(status).toMatchObject({ event: 'subscribe-status', status: 'ok', fails: null });
    expect(symbolsOf(status).sort()).toEqual(['AAPL', 'BTC/USD', 'MSFT', 'RY']);
  });

  it('lists what succeeded in one order now and in another then', async () => {
    const client = await connect(await start({ market: { ticksPerSecond: 0 } }));
    for (let i = 0; i < 12; i += 1) client.subscribe('AAPL,MSFT,NVDA,TSLA');
    await client.until(({ messages }) => messages.length === 12);
    const orders = client.messages.map(message => symbolsOf(message).join());
    expect(new Set(orders).size).toBeGreaterThan(3);
  });

  it('says error when no symbol is left', async () => {
    const client = await connect(await start());
    client.subscribe('FOO');
    await client.until(({ messages }) => messages.length > 0);
    expect(client.messages[0]).toMatchObject({ status: 'error', success: [], fails: [{ symbol: 'FOO' }] });
  });

  it('ends for some symbols with unsubscribe and for all with reset', async () => {
    const simulator = await start();
    const client = await connect(simulator);
    client.subscribe('AAPL,BTC/USD');
    await client.until(({ prices }) => prices.length > 10);
    client.say({ action: 'unsubscribe', params: { symbols: 'AAPL' } });
    await client.until(({ messages }) => messages.some(({ event }) => event === 'unsubscribe-status'));
    expect(simulator.connections[0]?.symbols).toEqual(['BTC/USD']);
    const before = client.prices.length;
    await client.until(({ prices }) => prices.length > before + 10);
    expect(client.prices.slice(before).every(({ symbol }) => symbol === 'BTC/USD')).toBe(true);
    client.say({ action: 'reset' });
    await client.until(({ messages }) => messages.some(({ event }) => event === 'reset-status'));
    expect(simulator.connections[0]?.symbols).toEqual([]);
  });

  it('answers a heartbeat, a ping, and what it cannot parse', async () => {
    const simulator = await start();
    const client = await connect(simulator);
    client.say({ action: 'heartbeat' });
    client.say('{"action":"subscr');
    client.say({ action: 'dance' });
    client.say({ action: 'subscribe', params: { symbols: [17] } });
    client.socket.ping();
    await client.until(({ messages, pongs }) => messages.length === 4 && pongs === 1);
    const cannotParse = '{"event":"subscribe-status","status":"error","messages":["Cant parse message"]}';
    expect(client.texts).toEqual(['{"event":"heartbeat","status":"ok"}', cannotParse, cannotParse, cannotParse]);
    expect(simulator.connections[0]).toMatchObject({ messagesReceived: 4, pingsReceived: 1 });
    expect(simulator.connections[0]?.messages.slice(0, 2)).toEqual([{ action: 'heartbeat' }, '{"action":"subscr']);
  });
});

describe('prices', () => {
  it('are those of the seed and the market time, on every connection', async () => {
    let nowMs = 0;
    const simulator = await start({ clock: () => nowMs, market: { startMs, ticksPerSecond: 200 } });
    const clients = [await connect(simulator), await connect(simulator)];
    for (const client of clients) client.subscribe('BTC/USD,ETH/USD');
    for (const client of clients) await client.until(({ messages }) => messages.length === 1);
    nowMs = 1_000;
    for (const client of clients) await client.until(({ prices }) => prices.length >= 20);
    await pause(100);
    expect(clients[0]?.texts.slice(1)).toEqual(clients[1]?.texts.slice(1));
    expect(clients[0]?.prices[0]?.timestamp).toBe(startMs / 1_000);
    expect(simulator.connections[0]?.pricesSent).toBe(clients[0]?.prices.length);
  });

  it('say the time before each, and heartbeat answers do not', async () => {
    let nowMs = 0;
    const simulator = await start({ sayTime: true, clock: () => nowMs, market: { startMs, ticksPerSecond: 100 } });
    const client = await connect(simulator);
    client.subscribe('BTC/USD');
    await client.until(({ messages }) => messages.length === 2);
    client.say({ action: 'heartbeat' });
    await client.until(({ messages }) => messages.length === 3);
    nowMs = 700;
    await client.until(({ prices }) => prices.length > 2);
    const events = client.messages.map(({ event }) => event);
    expect(events.slice(0, 5)).toEqual(['simulated-time', 'subscribe-status', 'heartbeat', 'simulated-time', 'price']);
    expect(client.of('simulated-time').slice(0, 2)).toEqual([
      { event: 'simulated-time', timeMs: startMs },
      { event: 'simulated-time', timeMs: startMs + 700 },
    ]);
  });

  it('come on after a clock that jumped, without what was in between', async () => {
    let nowMs = 0;
    const simulator = await start({ clock: () => nowMs, market: { startMs, ticksPerSecond: 200 } });
    const client = await connect(simulator);
    client.subscribe('ETH/USD');
    await client.until(({ messages }) => messages.length === 1);
    nowMs = 3_600_000;
    await pause(100);
    nowMs = 3_600_500;
    await client.until(({ prices }) => prices.length > 0);
    expect(client.prices[0]?.timestamp).toBe(startMs / 1_000 + 3_600);
  });

  it('come by the ten thousand when 50,000 a second are asked for', async () => {
    const simulator = await start({ market: { ticksPerSecond: 50_000 } });
    const client = await connect(simulator);
    client.subscribe([
      'BTC/USD',
      'ETH/USD',
      'AAPL',
      'MSFT',
      'NVDA',
      'TSLA',
      'AMZN',
      'GOOGL',
      'META',
      'EUR/USD',
      'USD/JPY',
      'GBP/USD',
      'SOL/USD',
    ]);
    await client.until(({ texts }) => texts.length >= 1);
    const beganMs = performance.now();
    await client.until(({ texts }) => texts.length > 10_000);
    expect(performance.now() - beganMs).toBeLessThan(9_000);
  });
});

it('drops all connections, and closes with clients connected', async () => {
  const simulator = await start();
  const client = await connect(simulator);
  simulator.dropConnections();
  expect(await client.closed()).toBe(1006);
  const other = await connect(simulator);
  await simulator.close();
  expect(await other.closed()).toBe(1006);
  expect(simulator.connections.map(({ number, closeCode }) => [number, closeCode])).toEqual([
    [1, 1006],
    [2, 1006],
  ]);
});

function symbolsOf(status: Message | undefined): string[] {
  return ((status?.success ?? []) as { symbol: string }[]).map(({ symbol }) => symbol);
}
