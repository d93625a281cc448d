import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { FeedStatus } from '../src/board-messages.ts';
import { linkTo, readLink } from '../src/browser/board-link.ts';
import { KeptChoices } from '../src/browser/kept-choices.ts';
import { connectionText, noticesOf } from '../src/browser/notices.ts';
import { paced } from '../src/browser/pace.ts';
import { type KeyPress, keyHelp, shortcutOf } from '../src/browser/shortcuts.ts';
import { mostWatched, neighbourOf, readWatchlist, withMoved, withoutSymbol, withSymbol } from '../src/browser/watchlist.ts';

describe('the watchlist', () => {
  const list = ['A', 'B', 'C'];

  it('takes a symbol once, at its end, while there is room', () => {
    expect([withSymbol(list, 'D'), withSymbol(list, 'B'), withSymbol(list, 'D', 3)]).toEqual([['A', 'B', 'C', 'D'], list, list]);
  });

  it('moves a symbol, no farther than to its ends', () => {
    expect([withMoved(list, 'A', 1), withMoved(list, 'A', 9), withMoved(list, 'C', -1), withMoved(list, 'X', 0)]).toEqual([
      ['B', 'A', 'C'],
      ['B', 'C', 'A'],
      ['C', 'A', 'B'],
      list,
    ]);
  });

  it('lets a symbol go and knows what comes in its place', () => {
    expect(withoutSymbol(list, 'B')).toEqual(['A', 'C']);
    expect([neighbourOf(list, 'A'), neighbourOf(list, 'C'), neighbourOf(['A'], 'A'), neighbourOf(list, 'X')]).toEqual([
      'B',
      'B',
      undefined,
      undefined,
    ]);
  });

  it('is read as far as it makes sense, whatever was kept', () => {
    expect(readWatchlist('["A","B","A",7,"",null]')).toEqual(['A', 'B']);
    expect([undefined, '', '{', '{"a":1}', 'null'].map(readWatchlist)).toEqual([undefined, undefined, undefined, undefined, undefined]);
    expect(readWatchlist(JSON.stringify(Array.from({ length: 290 }, (_, index) => `S${index}`)))?.length).toBe(mostWatched);
  });
});

describe('what the browser keeps', () => {
  it('comes back as it was chosen', () => {
    const kept = new Map<string, string>();
    const storage = { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, text: string) => void kept.set(key, text) };
    const choices = new KeptChoices(() => storage);
    expect([choices.watchlist, choices.indicators, choices.theme]).toEqual([undefined, ['sma', 'bollinger'], 'system']);
    choices.keepWatchlist(['B', 'A']);
    choices.keepIndicators(['rsi']);
    choices.keepTheme('dark');
    const later = new KeptChoices(() => storage);
    expect([later.watchlist, later.indicators, later.theme]).toEqual([['B', 'A'], ['rsi'], 'dark']);
    later.keepWatchlist(['C']);
    expect([choices.takeOver({ key: 'tapeline.watchlist' }), choices.watchlist]).toEqual([true, ['C']]);
    expect(choices.takeOver({ key: 'tapeline.theme' })).toBe(false);
  });

  it('lasts as long as the page where the browser refuses to keep it', () => {
    const choices = new KeptChoices(() => {
      throw new Error('the store is closed');
    });
    expect([choices.watchlist, choices.theme]).toEqual([undefined, 'system']);
    choices.keepTheme('dark');
    choices.keepWatchlist(['A']);
    expect([choices.watchlist, choices.theme]).toEqual([['A'], 'dark']);
  });
});

describe('a link', () => {
  it('names symbol and interval in the hash, and is read back', () => {
    const hash = linkTo('BTC/USD', '5m');
    expect(hash).toBe('#symbol=BTC%2FUSD&interval=5m');
    expect(readLink({ hash, search: '' })).toEqual({ symbol: 'BTC/USD', interval: '5m' });
  });

  it('may name them in the query; the hash counts first', () => {
    expect(readLink({ hash: '', search: '?symbol=A&interval=1h' })).toEqual({ symbol: 'A', interval: '1h' });
    expect(readLink({ hash: '#symbol=B', search: '?symbol=A&interval=1h' })).toEqual({ symbol: 'B', interval: '1h' });
    expect(readLink({ hash: '', search: '' })).toEqual({});
  });
});

describe('the keys', () => {
  const press = (key: string, more: Partial<KeyPress> = {}, isTyping = false) =>
    shortcutOf({ key, ctrlKey: false, metaKey: false, altKey: false, ...more }, isTyping);

  it('mean a command, an interval, or nothing', () => {
    expect([press('/'), press('?'), press('W'), press('3'), press('['), press('x')]).toEqual([
      { command: 'search' },
      { command: 'help' },
      { command: 'watchlist' },
      { intervalIndex: 2 },
      { intervalStep: -1 },
      undefined,
    ]);
  });

  it('are left to a field that is typed in and to the browser, but for Ctrl K', () => {
    expect([press('/', {}, true), press('t', { ctrlKey: true }), press('1', { altKey: true })]).toEqual([undefined, undefined, undefined]);
    expect([press('k', { ctrlKey: true }, true), press('K', { metaKey: true })]).toEqual([{ command: 'search' }, { command: 'search' }]);
  });

  it('are all in the help', () => {
    const texts = keyHelp.flatMap(group => group.keys.map(([key]) => key)).join(' ');
    for (const key of ['/', '?', 'I', 'T', 'W', 'C', 'A', 'N', '[', ']', '1']) expect(texts).toContain(key);
  });
});

describe('what is paced', () => {
  it('happens at once, then once in a while, and at last as it was asked for last', async () => {
    let asked = 0;
    const seen: number[] = [];
    const ask = paced(() => seen.push(asked), 50);
    for (; asked < 5; asked += 1) ask();
    expect(seen).toEqual([0]);
    await sleep(200);
    expect(seen).toEqual([0, 5]);
    ask();
    expect(seen).toEqual([0, 5, 5]);
  });
});

describe('the notices', () => {
  const feed = (fields: Partial<FeedStatus>): FeedStatus => ({
    ...{ feed: 'twelve-data/0', session: 1, condition: 'live', sinceMs: 0, simulated: false, watermarkMs: 0, symbols: 1 },
    ...{ refused: [], refusedCount: 0, ...fields },
  });

  it('say nothing while all is well', () => {
    expect(noticesOf({ feeds: [feed({})], problem: '', lost: undefined, refusal: '', nowMs: 1_000 })).toEqual([]);
  });

  it('say first that data is simulated, then what is wrong with the server, then with the feeds', () => {
    const lost = { sinceMs: 0, reason: 'the board stops' };
    const refused = [{ symbol: 'X', reason: 'not in your plan' }];
    const notices = noticesOf({
      feeds: [feed({ simulated: true, condition: 'gap', refused, refusedCount: 3 })],
      problem: 'p',
      lost,
      refusal: 'the board waits for too many',
      nowMs: 1,
    });
    expect(notices.map(({ kind, text }) => [kind, text])).toEqual([
      ['simulated', 'These prices are invented. They are no market.'],
      ['server', 'since 00:00:00 UTC: the board stops. What you see is old.'],
      ['refused', 'the board waits for too many'],
      ['gap', 'twelve-data/0 is disconnected since 00:00:00 UTC; bars of this time will be marked.'],
      ['refused', 'by twelve-data/0: X and 2 more (not in your plan)'],
    ]);
  });

  it('ask for the ingester only where the server itself lacks nothing', () => {
    const said = (problem: string) =>
      noticesOf({ feeds: [feed({ condition: 'silent' })], problem, lost: undefined, refusal: '', nowMs: 1 }).map(({ text }) => text);
    expect([said(''), said('Kafka is away')]).toEqual([
      ['nothing was heard from twelve-data/0 since 00:00:00 UTC; is its ingester running?'],
      ['Kafka is away', 'nothing was heard from twelve-data/0 since 00:00:00 UTC'],
    ]);
  });

  it('say of a recording that it was played to its end', () => {
    const notices = noticesOf({
      feeds: [feed({ feed: 'recording/0', condition: 'ended' })],
      problem: '',
      lost: undefined,
      refusal: '',
      nowMs: 1,
    });
    expect(notices).toEqual([
      { kind: 'ended', strong: 'ENDED', text: 'recording/0 was played to its end; its last price is of 00:00:00 UTC.' },
    ]);
  });

  it('count down to the next attempt', () => {
    expect([connectionText('open', 0), connectionText('lost', 2_100), connectionText('lost', 0), connectionText('connecting', 0)]).toEqual([
      'Connected',
      'Reconnecting in 3 s',
      'Connecting…',
      'Connecting…',
    ]);
  });
});
