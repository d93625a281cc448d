import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { pause } from '@tapeline/core/pause';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import type { Simulator } from '../src/simulator.ts';
import type { PriceClient } from './support/price-client.ts';
import { simulatorsOfThisFile } from './support/simulators.ts';

const november = join(import.meta.dirname, '..', '..', 'core', 'test', 'fixtures', 'twelvedata-2024-11-part1.jsonl');
const { start, connect } = simulatorsOfThisFile();
let folder = '';
beforeAll(async () => {
  folder = temporaryFolder('simulator');
});

const twoSessions = [
  '{"receivedTimeMs":1000,"session":"begin"}',
  '{"receivedTimeMs":1010,"message":{"event":"subscribe-status","status":"ok","success":[{"symbol":"A"}],"fails":null}}',
  '{"receivedTimeMs":1100,"message":{"event":"price","symbol":"A","timestamp":1,"price":10}}',
  '{"receivedTimeMs":1100,"message":"<html>"}',
  '{"receivedTimeMs":1400,"message":{"event":"price","symbol":"A","timestamp":1,"price":11}}',
  '{"receivedTimeMs":9000,"session":"end","reason":"no pong"}',
  '{"receivedTimeMs":20000,"session":"begin"}',
  '{"receivedTimeMs":20010,"message":{"event":"subscribe-status","status":"ok","success":[{"symbol":"A"}],"fails":null}}',
  '{"receivedTimeMs":20020,"message":{"event":"price","symbol":"A","timestamp":20,"price":12}}',
  '{"receivedTimeMs":20030,"session":"end","reason":"connection closed without a code"}',
  '',
].join('\n');

describe('a recording of the real feed', () => {
  it('gives 207 prices in 20 sessions, each ended without a close code save the last', async () => {
    const simulator = await start({ recording: { path: november, speed: 'max' } });
    const clients = await playAll(simulator);
    expect(clients).toHaveLength(20);
    const prices = clients.flatMap(client => client.prices);
    expect(prices).toHaveLength(207);
    expect(prices.filter(({ symbol }) => symbol === 'BTC/USD')).toHaveLength(179);
    expect(prices.filter(({ symbol }) => symbol === 'ETH/BTC')).toHaveLength(28);
    expect(clients.every(client => client.messages[0]?.event === 'subscribe-status')).toBe(true);
    expect(clients[0]?.texts[1]).toBe(
      '{"event":"price","symbol":"BTC/USD","currency_base":"Bitcoin","currency_quote":"US Dollar","exchange":"Coinbase Pro","type":"Digital Currency","timestamp":1730598420,"price":69142.14}',
    );
    expect(await Promise.all(clients.slice(0, -1).map(client => client.closed()))).toEqual(Array(19).fill(1006));
    expect(clients[19]?.socket.readyState).toBe(1);
  });

  it('says the time of each line, and a minute more at the end; heartbeats are answered without a time', async () => {
    const simulator = await start({ sayTime: true, recording: { path: november, speed: 'max' } });
    const clients = await playAll(simulator);
    const last = clients.at(-1)!;
    await last.until(client => client.messages.at(-1)?.timeMs === 1730860024046 + 60_000);
    const times = clients.flatMap(client => client.of('simulated-time'));
    expect(times).toHaveLength(227 + 1);
    expect(times.slice(0, 3).map(({ timeMs }) => timeMs)).toEqual([1730598486777, 1730598486778, 1730602137731]);
    for (const client of clients) {
      expect(
        client.messages.every(({ event }, i) => event === 'simulated-time' || client.messages[i - 1]?.event === 'simulated-time'),
      ).toBe(true);
    }
    const before = last.texts.length;
    last.say({ action: 'heartbeat' });
    await last.until(({ texts }) => texts.length > before);
    expect(last.texts.slice(before)).toEqual(['{"event":"heartbeat","status":"ok"}']);
  });
});

describe('a recording with session lines', () => {
  it('is played as they say: the begin is told when a connection opens, before it subscribes', async () => {
    const simulator = await start({ sayTime: true, recording: { path: await recordingOf(twoSessions), speed: 'max' } });
    const first = await connect(simulator);
    await first.until(({ texts }) => texts.length === 1);
    expect(first.texts).toEqual(['{"event":"simulated-time","timeMs":1000}']);
    first.subscribe('A');
    expect(await first.closed()).toBe(1006);
    expect(first.texts.slice(1)).toEqual([
      '{"event":"simulated-time","timeMs":1010}',
      '{"event":"subscribe-status","status":"ok","success":[{"symbol":"A"}],"fails":null}',
      '{"event":"simulated-time","timeMs":1100}',
      '{"event":"price","symbol":"A","timestamp":1,"price":10}',
      '{"event":"simulated-time","timeMs":1100}',
      '<html>',
      '{"event":"simulated-time","timeMs":1400}',
      '{"event":"price","symbol":"A","timestamp":1,"price":11}',
    ]);
    const second = await connect(simulator);
    second.subscribe('A');
    await simulator.whenPlayed();
    await second.until(({ texts }) => texts.length === 6);
    expect(second.messages.map(({ event, timeMs }) => timeMs ?? event)).toEqual([20000, 20010, 'subscribe-status', 20020, 'price', 80020]);
    expect(second.socket.readyState).toBe(1);
  });

  it('gives the session to the first who subscribes, not to one who only looks in', async () => {
    const simulator = await start({ recording: { path: await recordingOf(twoSessions), speed: 'max' } });
    const idle = await connect(simulator);
    const client = await connect(simulator);
    client.subscribe('A');
    expect(await client.closed()).toBe(1006);
    expect(client.prices.map(({ price }) => price)).toEqual([10, 11]);
    idle.subscribe('A');
    await idle.until(({ prices }) => prices.length === 1);
    expect(idle.prices.map(({ price }) => price)).toEqual([12]);
  });

  it('keeps its own speed, or a multiple of it', async () => {
    const simulator = await start({ recording: { path: await recordingOf(twoSessions), speed: 2 } });
    const client = await connect(simulator);
    const beganMs = performance.now();
    client.subscribe('A');
    await client.until(({ prices }) => prices.length === 2);
    expect(performance.now() - beganMs).toBeGreaterThan(180);
    expect(performance.now() - beganMs).toBeLessThan(2_000);
  });

  it('passes over the rest of a session whose client left', async () => {
    const simulator = await start({ recording: { path: await recordingOf(twoSessions), speed: 0.5 } });
    const first = await connect(simulator);
    first.subscribe('A');
    await first.until(({ prices }) => prices.length === 1);
    first.socket.terminate();
    const second = await connect(simulator);
    second.subscribe('A');
    await simulator.whenPlayed();
    await second.until(({ prices }) => prices.length === 1);
    expect(second.prices.map(({ price }) => price)).toEqual([12]);
  });

  it('lets prices pass through misbehaviours, and holds none back when a session ends', async () => {
    const simulator = await start({
      recording: { path: await recordingOf(twoSessions), speed: 'max' },
      misbehaviour: { kind: 'reorder', within: 5 },
    });
    const client = await connect(simulator);
    client.subscribe('A');
    expect(await client.closed()).toBe(1006);
    expect(client.prices.map(({ price }) => price)).toEqual([11, 10]);
  });

  it('accepts and tells nothing to a client that comes when all is played', async () => {
    const simulator = await start({ sayTime: true, recording: { path: await recordingOf(twoSessions), speed: 'max' } });
    for (let i = 0; i < 2; i += 1) (await connect(simulator)).subscribe('A');
    await simulator.whenPlayed();
    const late = await connect(simulator);
    late.subscribe('A');
    await late.until(({ texts }) => texts.length === 2);
    expect(late.messages).toEqual([
      { event: 'simulated-time', timeMs: 80020 },
      { event: 'subscribe-status', status: 'ok', success: [{ symbol: 'A' }], fails: null },
    ]);
  });

  it('closes in the middle of a session that is played slowly', async () => {
    const simulator = await start({ recording: { path: await recordingOf(twoSessions), speed: 0.001 } });
    const client = await connect(simulator);
    client.subscribe('A');
    await client.until(({ texts }) => texts.length === 1);
    await simulator.close();
    expect(await client.closed()).toBe(1006);
  });
});

it('plays as fast as the client reads, and no faster', async () => {
  const price = { event: 'price', symbol: 'A', timestamp: 1, price: 1, padding: 'x'.repeat(2_000) };
  const lines = Array.from({ length: 20_000 }, (_, i) => JSON.stringify({ receivedTimeMs: i, message: { ...price, timestamp: i } }));
  const simulator = await start({ recording: { path: await recordingOf(`${lines.join('\n')}\n`), speed: 'max' } });
  const client = await connect(simulator);
  client.subscribe('A');
  await client.until(({ texts }) => texts.length > 0);
  client.socket.pause();
  await pause(500);
  const sent = simulator.connections[0]?.pricesSent ?? 0;
  expect(sent).toBeLessThan(19_000);
  await pause(200);
  expect(simulator.connections[0]?.pricesSent).toBe(sent);
  client.socket.resume();
  await client.until(({ texts }) => texts.length === 20_000);
});

describe('what cannot be played', () => {
  it('is refused at the start with the number of the line', async () => {
    const path = await recordingOf(`${twoSessions}{"receivedTimeMs":20040,"message":{"event":"pri`);
    await expect(start({ recording: { path, speed: 'max' } })).rejects.toMatchObject({
      code: 'recording.malformed',
      message: expect.stringMatching(/ line 11 is not JSON/),
    });
    await expect(start({ recording: { path: join(folder, 'absent'), speed: 'max' } })).rejects.toMatchObject({
      code: 'recording.unreadable',
    });
    await expect(start({ recording: { path: november, speed: 0 } })).rejects.toMatchObject({
      code: 'usage',
      message: 'speed must be a number above 0 or "max", was 0',
    });
  });

  it('is played at once when there is nothing in it', async () => {
    const simulator = await start({ recording: { path: await recordingOf(''), speed: 'max' } });
    await simulator.whenPlayed();
  });
});

/** Connects again and again, as an ingester does, until the recording is played. */
async function playAll(simulator: Simulator): Promise<PriceClient[]> {
  const clients: PriceClient[] = [];
  const played = simulator.whenPlayed().then(() => 'played');
  for (let state = ''; state !== 'played'; ) {
    const client = await connect(simulator);
    clients.push(client);
    client.subscribe('BTC/USD,ETH/BTC,AAPL');
    state = await Promise.race([played, client.closed().then(() => 'closed')]);
  }
  await clients.at(-1)?.until(({ prices }) => prices.at(-1)?.price === 72183.52);
  return clients;
}

async function recordingOf(text: string): Promise<string> {
  const path = join(folder, `${Math.random()}.jsonl`);
  await writeFile(path, text);
  return path;
}
