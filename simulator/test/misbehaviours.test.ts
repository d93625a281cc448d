import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { pause } from '@tapeline/core/pause';
import { malformedForms } from '../src/misbehaviours/malformed.ts';
import { type Misbehaviour, misbehaviourDescriptions, parseMisbehaviour } from '../src/misbehaviours/misbehaviour.ts';
import { type PriceClient, refused } from './support/price-client.ts';
import { simulatorsOfThisFile } from './support/simulators.ts';

const { start, connect } = simulatorsOfThisFile();

describe('at the upgrade', () => {
  it.each([
    [undefined, 200, 401],
    [401, 401, 401],
    [403, 403, 403],
  ] as const)('refuse-key with status %s answers HTTP %s with code %s', async (status, http, code) => {
    const simulator = await start({ misbehaviour: { kind: 'refuse-key', ...(status === undefined ? {} : { status }) } });
    const answer = await refused(simulator.url);
    expect([answer.status, JSON.parse(answer.body).code, answer.simulated]).toEqual([http, code, 'true']);
  });

  it('bad-gateway refuses the first so many, then all is well', async () => {
    const simulator = await start({ misbehaviour: { kind: 'bad-gateway', connections: 2 } });
    expect((await refused(simulator.url)).status).toBe(502);
    expect((await refused(simulator.url)).status).toBe(502);
    await connect(simulator);
    expect(simulator.attempts.map(({ status }) => status)).toEqual([502, 502, 101]);
  });

  it('is switched on and off while it runs, one kind or all', async () => {
    const simulator = await start();
    await connect(simulator);
    simulator.misbehave({ kind: 'bad-gateway' });
    simulator.misbehave({ kind: 'refuse-key' });
    expect((await refused(simulator.url)).status).toBe(502);
    simulator.behave('bad-gateway');
    expect((await refused(simulator.url)).status).toBe(200);
    simulator.behave();
    await connect(simulator);
  });
});

describe('at the subscription', () => {
  it('refuse-symbols names those it refuses, with the message of the vendor, and sends the others', async () => {
    const client = await subscribed('AAPL,BTC/USD,MSFT', { kind: 'refuse-symbols', symbols: ['AAPL', 'MSFT'] });
    await client.until(({ prices }) => prices.length > 10);
    expect(client.messages[0]).toMatchObject({
      status: 'warning',
      success: [{ symbol: 'BTC/USD' }],
      fails: [
        { symbol: 'AAPL', message: 'You are not authorized to access AAPL data.' },
        { symbol: 'MSFT', message: 'You are not authorized to access MSFT data.' },
      ],
    });
    expect(client.prices.every(({ symbol }) => symbol === 'BTC/USD')).toBe(true);
  });

  it('plan-exhausted refuses all', async () => {
    const client = await subscribed('AAPL,BTC/USD', { kind: 'plan-exhausted' });
    await client.until(({ messages }) => messages.length > 0);
    const message = 'You have run out of WebSocket credits, the limit of your plan is 8. Consider upgrading your plan.';
    expect(client.messages[0]).toMatchObject({
      status: 'error',
      success: [],
      fails: [
        { symbol: 'AAPL', message },
        { symbol: 'BTC/USD', message },
      ],
    });
  });

  it('null-success says null and sends prices all the same', async () => {
    const client = await subscribed('BTC/USD', { kind: 'null-success' });
    await client.until(({ prices }) => prices.length > 0);
    expect(client.messages[0]).toEqual({ event: 'subscribe-status', status: 'ok', success: null, fails: null });
  });

  it('unanswered says nothing and sends prices all the same', async () => {
    const client = await subscribed('BTC/USD', { kind: 'unanswered' });
    await client.until(({ prices }) => prices.length > 0);
    expect(client.of('subscribe-status')).toEqual([]);
  });
});

describe('on the connection', () => {
  it('drop ends it without a close code after exactly so many prices, the first connections only', async () => {
    const simulator = await start({ misbehaviour: { kind: 'drop', afterMessages: 5, connections: 1 } });
    const first = await connect(simulator);
    first.subscribe('BTC/USD,ETH/USD');
    expect(await first.closed()).toBe(1006);
    expect(first.prices).toHaveLength(5);
    const second = await connect(simulator);
    second.subscribe('BTC/USD,ETH/USD');
    await second.until(({ prices }) => prices.length > 20);
    expect(simulator.connections.map(({ closedMs }) => closedMs !== undefined)).toEqual([true, false]);
  });

  it('drop ends it with a close code after so many milliseconds', async () => {
    const simulator = await start({ misbehaviour: { kind: 'drop', afterMs: 50, code: 1012 } });
    const client = await connect(simulator);
    expect(await client.closed()).toBe(1012);
  });

  it('drop touches connections that are open already when it is switched on', async () => {
    const simulator = await start();
    const client = await connect(simulator);
    simulator.misbehave({ kind: 'drop' });
    expect(await client.closed()).toBe(1006);
  });

  it('mute keeps answering heartbeats and pings and sends no more prices, on the first connection only', async () => {
    const simulator = await start({ misbehaviour: { kind: 'mute', afterMessages: 20, connections: 1 } });
    const client = await connect(simulator);
    client.subscribe('BTC/USD,ETH/USD');
    await client.until(({ prices }) => prices.length === 20);
    await pause(200);
    client.say({ action: 'heartbeat' });
    client.socket.ping();
    await client.until(({ pongs }) => pongs === 1 && client.of('heartbeat').length === 1);
    expect(client.prices).toHaveLength(20);
    const second = await connect(simulator);
    second.subscribe('BTC/USD,ETH/USD');
    await second.until(({ prices }) => prices.length > 20);
  });

  it('mute keeps back the prices that repeat-last would send again', async () => {
    const simulator = await start({ misbehaviour: { kind: 'repeat-last' } });
    const client = await connect(simulator);
    client.subscribe('BTC/USD,ETH/USD');
    await client.until(({ prices }) => ['BTC/USD', 'ETH/USD'].every(symbol => prices.some(price => price.symbol === symbol)));
    simulator.misbehave({ kind: 'mute' });
    await pause(50);
    const sent = client.prices.length;
    client.subscribe('ETH/USD');
    await client.until(() => client.of('subscribe-status').length === 2);
    await pause(50);
    expect(client.prices).toHaveLength(sent);
  });

  it('dead sends nothing at all, no pong either, and leaves TCP open', async () => {
    const simulator = await start({ sayTime: true, misbehaviour: { kind: 'dead', afterMessages: 3 } });
    const client = await connect(simulator);
    client.subscribe('BTC/USD,ETH/USD');
    await client.until(({ prices }) => prices.length === 3);
    expect(client.of('simulated-time')).toHaveLength(4);
    client.say({ action: 'heartbeat' });
    client.socket.ping();
    await pause(250);
    expect([client.texts.length, client.pongs, client.socket.readyState]).toEqual([8, 0, 1]);
  });

  it('dead from the beginning does not answer a subscription', async () => {
    const client = await subscribed('BTC/USD', { kind: 'dead' });
    await pause(200);
    expect([client.texts, client.socket.readyState]).toEqual([[], 1]);
  });
});

describe('among the prices', () => {
  it('repeat-last sends the last prices again to a new session', async () => {
    const simulator = await start({ misbehaviour: { kind: 'repeat-last' } });
    const first = await connect(simulator);
    first.subscribe('BTC/USD,AAPL');
    await first.until(({ prices }) => ['BTC/USD', 'AAPL'].every(symbol => prices.some(price => price.symbol === symbol)));
    simulator.misbehave({ kind: 'mute', connections: 1 });
    await pause(150);
    const second = await connect(simulator);
    second.subscribe('AAPL,BTC/USD');
    await second.until(({ prices }) => prices.length >= 2);
    const last = (symbol: string): string | undefined =>
      first.texts.findLast(text => text.includes(`"symbol":"${symbol}"`) && text.includes('"price"'));
    expect(second.texts.slice(1, 3)).toEqual([last('AAPL'), last('BTC/USD')]);
  });

  it('duplicate sends each third price twice more', async () => {
    const client = await subscribed('BTC/USD,ETH/USD', { kind: 'duplicate', every: 3, copies: 2 });
    await client.until(({ prices }) => prices.length >= 10);
    const texts = client.texts.slice(1, 11);
    expect([texts[3], texts[4]]).toEqual([texts[2], texts[2]]);
    expect([texts[8], texts[9]]).toEqual([texts[7], texts[7]]);
    expect(texts[5]).not.toBe(texts[4]);
  });

  it('reorder moves every price within its group and loses none', async () => {
    let nowMs = 0;
    const clock = (): number => nowMs;
    const simulator = await start({ clock, market: { startMs: 1_795_000_000_000, ticksPerSecond: 400 } });
    const straight = await connect(simulator);
    const symbols = 'ETH/USD,SOL/USD,AAPL,EUR/USD';
    straight.subscribe(symbols);
    await straight.until(({ messages }) => messages.length === 1);
    const mixing = await start({
      clock,
      market: { startMs: 1_795_000_000_000, ticksPerSecond: 400 },
      misbehaviour: { kind: 'reorder', within: 4 },
    });
    const mixed = await connect(mixing);
    mixed.subscribe(symbols);
    await mixed.until(({ messages }) => messages.length === 1);
    nowMs = 900;
    await mixed.until(({ prices }) => prices.length >= 40);
    await straight.until(({ prices }) => prices.length >= 40);
    for (let group = 1; group <= 37; group += 4) {
      const before = straight.texts.slice(group, group + 4);
      const after = mixed.texts.slice(group, group + 4);
      expect([...after].sort()).toEqual([...before].sort());
      expect(after).not.toEqual(before);
    }
  });

  it('delay sends some prices after younger ones, with their own stamps', async () => {
    const simulator = await start({ misbehaviour: { kind: 'delay', every: 2, delayMs: 1_500 } });
    const client = await connect(simulator);
    client.subscribe('ETH/USD,SOL/USD');
    await client.until(({ prices }) => prices.some((price, i) => Number(price.timestamp) < Number(prices[i - 1]?.timestamp)));
    const stamps = client.prices.map(({ timestamp }) => Number(timestamp));
    const steps = stamps.slice(1).map((stamp, i) => stamp - (stamps[i] ?? 0));
    expect(Math.min(...steps)).toBeLessThanOrEqual(-1);
  });

  it('future stamps some prices ahead', async () => {
    const client = await subscribed('ETH/USD', { kind: 'future', every: 2, aheadMs: 3_600_000 });
    await client.until(({ prices }) => prices.length >= 4);
    const [first, second, third, fourth] = client.prices.map(({ timestamp }) => Number(timestamp));
    expect(Math.round((second! - first!) / 60)).toBe(60);
    expect(Math.round((fourth! - third!) / 60)).toBe(60);
  });

  it('malformed sends each form in turn, and every price besides', async () => {
    const client = await subscribed('ETH/USD', { kind: 'malformed' });
    const count = malformedForms.length;
    await client.until(({ texts }) => texts.length > 2 * count);
    const bad = client.texts.slice(1).filter((_, i) => i % 2 === 1);
    const good = client.texts.slice(1).filter((_, i) => i % 2 === 0);
    expect(good.every(text => JSON.parse(text).event === 'price' && JSON.parse(text).price > 0)).toBe(true);
    expect(() => JSON.parse(bad[0] ?? '')).toThrow();
    expect(bad[1]).toBe('upstream connect error or disconnect/reset before headers');
    const parsed = bad.slice(2, count).map(text => JSON.parse(text));
    const prices = good.slice(0, count).map(text => JSON.parse(text));
    expect(parsed.map(({ symbol, timestamp, price }) => [typeof symbol, typeof timestamp, typeof price])).toEqual([
      ['undefined', 'undefined', 'undefined'],
      ['number', 'string', 'number'],
      ['undefined', 'number', 'number'],
      ['string', 'undefined', 'number'],
      ['string', 'number', 'undefined'],
      ['string', 'number', 'object'],
      ['string', 'number', 'number'],
      ['string', 'number', 'number'],
      ['string', 'number', 'string'],
    ]);
    expect([parsed[5].price, parsed[6].price, parsed[7].price, parsed[8].price]).toEqual([
      null,
      0,
      -prices[9].price,
      String(prices[10].price),
    ]);
  });

  it('malformed keeps to one form when told', async () => {
    const client = await subscribed('ETH/USD', { kind: 'malformed', every: 2, form: 'null-price' });
    await client.until(({ texts }) => texts.length >= 7);
    expect(client.prices.slice(0, 6).map(({ price }) => price === null)).toEqual([false, false, true, false, false, true]);
  });

  it('unknown-events sends what nobody documented', async () => {
    const client = await subscribed('ETH/USD', { kind: 'unknown-events', every: 2 });
    await client.until(({ texts }) => texts.length >= 7);
    expect([client.messages[3], client.messages[6]]).toEqual([
      { event: 'maintenance', message: 'scheduled for the weekend' },
      { type: 'greeting', text: 'an object without an event' },
    ]);
  });

  it('huge sends one message of so many bytes on a connection', async () => {
    const client = await subscribed('ETH/USD', { kind: 'huge', afterMessages: 2, bytes: 200_000 });
    await client.until(({ prices }) => prices.length >= 5);
    expect(client.texts.map(text => text.length > 1_000)).toEqual(expect.arrayContaining([true]));
    expect(client.texts.filter(text => text.length > 1_000).map(text => text.length)).toEqual([200_000]);
    expect(client.texts.findIndex(text => text.length === 200_000)).toBe(3);
  });

  it('several work at once', async () => {
    const simulator = await start({
      misbehaviour: [{ kind: 'duplicate' }, { kind: 'drop', afterMessages: 6 }],
    });
    const client = await connect(simulator);
    client.subscribe('ETH/USD');
    expect(await client.closed()).toBe(1006);
    expect(client.prices.map(({ price, timestamp }) => [price, timestamp])).toHaveLength(6);
    expect(client.texts[1]).toBe(client.texts[2]);
  });
});

describe('a misbehaviour as text', () => {
  it.each([
    ['mute', { kind: 'mute' }],
    ['mute:afterMessages=20,connections=1', { kind: 'mute', afterMessages: 20, connections: 1 }],
    ['refuse-symbols:symbols=AAPL+BTC/USD,message=no', { kind: 'refuse-symbols', symbols: ['AAPL', 'BTC/USD'], message: 'no' }],
    ['refuse-key:status=403', { kind: 'refuse-key', status: 403 }],
    ['malformed:form=null-price', { kind: 'malformed', form: 'null-price' }],
  ])('reads %s', (text, expected) => {
    expect(parseMisbehaviour(text)).toEqual(expected);
  });

  it.each([
    ['moot', /expected one of refuse-key, bad-gateway, refuse-symbols/],
    ['mute:after=20', /Unrecognized key: "after"; expected options of mute are afterMessages, connections$/],
    ['mute:afterMessages=many', /afterMessages: .*number/],
    ['refuse-key:status=418', /status: /],
  ])('refuses %s and says what is expected', (text, message) => {
    expect(() => parseMisbehaviour(text)).toThrow(expect.objectContaining({ code: 'usage', message: expect.stringMatching(message) }));
  });

  it('is refused at the start too', async () => {
    await expect(start({ misbehaviour: { kind: 'mute', afterMessages: -1 } as Misbehaviour })).rejects.toMatchObject({ code: 'usage' });
  });

  it('is documented in the README with every option', async () => {
    const readme = await readFile(join(import.meta.dirname, '..', 'README.md'), 'utf8');
    const missing = misbehaviourDescriptions.flatMap(({ kind, options }) => {
      const row = readme.split('\n').find(line => line.startsWith(`| \`${kind}\` `));
      return row === undefined
        ? [kind]
        : options.filter(({ name }) => name !== 'connections' && !row.includes(`\`${name}\``)).map(({ name }) => `${kind}.${name}`);
    });
    expect(missing).toEqual([]);
  });
});

async function subscribed(symbols: string, misbehaviour: Misbehaviour): Promise<PriceClient> {
  const client = await connect(await start({ misbehaviour }));
  client.subscribe(symbols);
  return client;
}
