import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../../test/support/eventually.ts';
import { type RunningMarket, startMarket } from './support/running-market.ts';
import { tenOClockMs } from './support/stocked-board.ts';

const at = (seconds: number) => tenOClockMs + seconds * 1_000;

interface Row {
  readonly startMs: number;
  readonly state: string;
  readonly flags: readonly string[];
}

interface Answer {
  readonly bars: readonly Row[];
  readonly missing?: { readonly fromMs: number; readonly toMs: number };
  readonly next?: string;
}

let running: RunningMarket;
let url: string;

/**
 * A price in each of ten seconds, which a processor stores before it goes away; then, from second 100 on, in each of 4,100, more than a
 * board holds; a gap until second 4,400, and a last price at 4,500.
 */
beforeAll(async () => {
  running = await startMarket({ now: () => at(4_510) });
  const { feed } = running;
  const priceAt = (second: number) => feed.tick({ symbol: 'BTC/USD', price: 100 + second, timeMs: at(second) + 500 });
  await feed.append(feed.session({ timeMs: at(0), symbols: ['BTC/USD'] }));
  await feed.append(...Array.from({ length: 10 }, (_, second) => priceAt(second)), feed.heartbeat(at(90)));
  const processor = running.startProcessor();
  await eventually('the first bars are stored', async () => (await storedSeconds()).length === 10);
  await processor.stop();
  for (let stretch = 0; stretch < 41; stretch += 1) {
    const seconds = Array.from({ length: 100 }, (_, second) => 100 + 100 * stretch + second);
    await feed.append(...seconds.map(priceAt), feed.heartbeat(at(200 + 100 * stretch)));
  }
  await feed.append(feed.session({ timeMs: at(4_400), symbols: ['BTC/USD'] }), priceAt(4_500), feed.heartbeat(at(4_510)));
  await eventually('the board has all of it', () => running.market.feeds()[0]?.watermarkMs === at(4_510));
  url = (await running.startBoard()).url;
}, 60_000);

afterAll(() => running.close());

function storedSeconds() {
  return running.store.bars({ symbol: 'BTC/USD', interval: '1s', fromMs: at(0), toMs: at(10_000) });
}

function get(query: string): Promise<Response> {
  return fetch(`${url}/api/bars?symbol=BTC/USD&interval=1s&${query}`);
}

async function bars(query: string): Promise<Answer> {
  return (await (await get(query)).json()) as Answer;
}

const secondsOf = ({ bars: rows }: Answer) => rows.map(row => (row.startMs - at(0)) / 1_000);
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

describe('bars of a store that lies far behind', () => {
  it('are those that are stored and those that the board holds, and it says which ones are missing', async () => {
    const answer = await bars(`from=${at(0)}&to=${at(5_000)}`);
    const seconds = secondsOf(answer);
    const held = seconds[10] ?? 0;
    expect(held).toBeGreaterThan(100);
    expect(held).toBeLessThan(4_000);
    expect(seconds).toEqual([...range(0, 10), ...range(held, 4_200), 4_500]);
    expect(answer.missing).toEqual({ fromMs: at(10), toMs: at(held) });
  });

  it('are not filled forward over what is missing, and are where the board knows', async () => {
    const { bars: plain } = await bars(`from=${at(0)}&to=${at(5_000)}`);
    const answer = await bars(`from=${at(0)}&to=${at(5_000)}&fill=forward`);
    const held = ((plain[10]?.startMs ?? 0) - at(0)) / 1_000;
    expect(secondsOf(answer)).toEqual([...range(0, 10), ...range(held, 4_501)]);
    expect(answer.missing).toEqual({ fromMs: at(10), toMs: at(held) });
    const filled = answer.bars.filter(row => row.state === 'filled-forward');
    expect(filled.map(row => (row.startMs - at(0)) / 1_000)).toEqual(range(4_200, 4_500));
    // The feed was away from its last price to its next session, which the store does not know either.
    expect(filled.map(row => row.flags.includes('gap'))).toEqual(range(4_200, 4_500).map(second => second < 4_400));
  });

  it('come in pages that end', async () => {
    const whole = secondsOf(await bars(`from=${at(0)}&to=${at(5_000)}&fill=forward`));
    const pages: number[][] = [];
    let after = '';
    do {
      const answer = await bars(`from=${at(0)}&to=${at(5_000)}&fill=forward&limit=700${after}`);
      pages.unshift([...secondsOf(answer)]);
      after = answer.next === undefined ? '' : `&after=${answer.next}`;
    } while (after !== '');
    expect(pages.flat()).toEqual(whole);
  });

  it('are nothing in the midst of what is missing', async () => {
    const inTheMidst = `from=${at(20)}&to=${at(50)}`;
    for (const query of [inTheMidst, `${inTheMidst}&fill=forward`]) {
      expect(await bars(query)).toMatchObject({ bars: [], missing: { fromMs: at(10) } });
    }
  });

  it('tell it in CSV by a header, and not of another time', async () => {
    expect((await get(`from=${at(0)}&to=${at(50)}&format=csv`)).headers.get('tapeline-missing')).toMatch(new RegExp(`^${at(10)}-\\d+$`));
    for (const query of [`from=${at(0)}&to=${at(10)}`, `from=${at(4_100)}&to=${at(5_000)}`, `to=${at(5_000)}&limit=5`]) {
      expect((await bars(query)).missing).toBeUndefined();
    }
  });

  it('are whole when the processors have caught up', async () => {
    const processor = running.startProcessor();
    await eventually('all bars are stored', async () => (await storedSeconds()).length > 4_100);
    await processor.stop();
    const answer = await bars(`from=${at(0)}&to=${at(5_000)}&fill=forward`);
    expect(secondsOf(answer)).toEqual(range(0, 4_501));
    expect(answer.missing).toBeUndefined();
  });
});
