/**
 * What is known to go wrong with feeds, row by row (TWELVEDATA.md §4, and of §5 what touches ingestion), and the tests that hold our answer. Each row is a
 * test: it fails when one of the tests that it names is gone. Rows that no other file holds are tested below, against the simulator.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type Simulator, type SimulatorOptions, startSimulator } from '@tapeline/simulator/simulator';
import { logEntries } from '../src/log-entries.ts';
import { aLogger } from './support/logger.ts';
import { type RunningFeed, startFeed } from './support/running-feed.ts';

/** A fault, our answer, and the tests of it: a file of the repository, and names of tests in it. */
type Row = readonly [fault: string, answer: string, tests: Readonly<Record<string, readonly string[]>>];

const own = 'ingestion/test/conformance.test.ts';
const misbehaviours = 'ingestion/test/misbehaviours.test.ts';
const feedTests = 'ingestion/test/twelve-data-feed.test.ts';

/** TWELVEDATA.md §4, in its order. */
const wrongs: readonly Row[] = [
  [
    'socket open, no data ("mute")',
    'judged for the whole connection and by market hours; a quiet symbol costs no reconnect',
    {
      [misbehaviours]: [
        'leaves a mute feed after exactly the time that was set, and its gap starts at the last price',
        'does not leave a quiet feed before that time',
      ],
      [own]: ['leaves a feed that was lively and goes mute after 15 s, though no time was set'],
      'ingestion/test/market-pace.test.ts': [
        'is that of the liveliest market that is open, so that a quiet one costs no reconnect',
        'does not take the night for a silence, nor the time between two connections',
      ],
    },
  ],
  [
    'gap after a reconnect is invisible',
    'a record downstream, and a backfill',
    {
      [misbehaviours]: ['reconnects and resubscribes after a drop without a close code'],
      'stream-processing/test/fold-sessions.test.ts': ['flags every bar that touches the span from the last data to the next session'],
      'ingestion/test/backfill-queue.test.ts': ['delivers every window of a range once'],
      'ingestion/test/backfiller.test.ts': ['fills what a gap touched, and names the gap with the last record'],
    },
  ],
  [
    'late ticks dropped in silence',
    'correct the bar, count, side topic',
    {
      [misbehaviours]: ['gives a late price the time of its stamp and not of its receipt'],
      'stream-processing/test/fold-late-ticks.test.ts': [
        'corrects a closed bar within the horizon: revision + 1, given out again, with a higher version',
        'sends a tick beyond the horizon to the dead letters, and no bar or volume changes',
      ],
    },
  ],
  [
    'the last bar never closes',
    'event time moves with heartbeats',
    {
      [own]: ['says four times a second that it is connected while no price comes, and invents none'],
      'stream-processing/test/fold-bars.test.ts': [
        'gives a bar its open, high, low, close and count, and closes it by a heartbeat two seconds after its end',
      ],
    },
  ],
  [
    'flat bars while the feed is down',
    'none; a flag instead',
    {
      [own]: ['gives nothing but heartbeats that say so while it is down'],
      'stream-processing/test/fold-bars.test.ts': ['invents no bar for an interval without ticks'],
    },
  ],
  [
    "own bars differ from the vendor's",
    'reconcile, report',
    {
      'ingestion/test/comparison.test.ts': ['is equal within the tolerance of prices'],
      'ingestion/test/backfiller.test.ts': [
        'flags whole bars of a day that is over, once, and leaves those that are filled or partial',
        'tells a split and flags nothing',
      ],
    },
  ],
  [
    'retry storms',
    'jitter, 429 respected, one owner for a key',
    {
      'core/test/back-off.test.ts': ['takes any wait below the bound, down to none', 'is short again after a success'],
      [feedTests]: [
        'waits longer when the plan is used up for the minute',
        'waits longer each time when connections end after their first prices, as those of two users of one key do',
      ],
      [misbehaviours]: ['says loudly that the plan is used up, and keeps the connection instead of storming'],
      'ingestion/test/elected-ingester.test.ts': ['feed only while they lead; the standby opens no connection and is ready'],
    },
  ],
  [
    'partial refusal taken for a failure',
    'remember the refused symbols, retry them slowly',
    {
      [misbehaviours]: ['lives with refused symbols, and does not ask for them again at once, nor with a reconnect'],
      'ingestion/test/twelve-data-symbols.test.ts': ['asks for refused symbols again after the slow interval, on the same connection'],
    },
  ],
  [
    'memory grows',
    'bounded buffers and caches',
    {
      [misbehaviours]: ['leaves a server that sends a huge message, rather than holding it in memory'],
      'ingestion/test/twelve-data-behind.test.ts': ['accounts for ticks that nobody read in time in one gap record'],
      'ingestion/test/event-buffer.test.ts': ['is full by memory too'],
    },
  ],
  [
    'restart changes the answer',
    'the log is gone on with, and the fold is one function of it',
    {
      'ingestion/test/ingester.test.ts': ['goes on numbering where the log ends, with the gap from the last price'],
      'stream-processing/test/fold-determinism.test.ts': ['gives the same bytes wherever it is cut into snapshots'],
    },
  ],
  [
    'forming bar not readable',
    'emitted while it forms',
    {
      'stream-processing/test/fold-bars.test.ts': [
        'gives forming bars of every interval that merge closed small bars and the last ticks, without a version',
      ],
    },
  ],
  [
    'market hours, holidays, DST',
    'calendars by IANA zone',
    {
      'ingestion/test/market-hours.test.ts': [
        'of New York are 09:30 to 16:00 there, in winter and in summer',
        'of New York have no holidays and end at 13:00 on half days',
        'of New York are 04:00 to 20:00 there when extended hours are asked for, and other markets stay as they are',
      ],
    },
  ],
  ['the client gives up after ten attempts', 'never gives up', { [own]: ['serves again after twenty refusals in a row'] }],
  [
    'any answer but 101 taken for final',
    'only a refused key is, and only after three attempts',
    {
      [misbehaviours]: [
        'tries again after a 502, more often than it would with a refused key',
        'believes a refused key (HTTP %i) after three attempts, well within 15 s, and names the remedy',
        'takes a key that is accepted in the end',
      ],
    },
  ],
];

/** TWELVEDATA.md §5: faults of earlier systems that ingestion could repeat. */
const regressions: readonly Row[] = [
  [
    'the same history published over and over',
    'what the log has is not written again',
    {
      'standalone/test/feeds.test.ts': ['is played once into a log'],
      'ingestion/test/backfill-queue.test.ts': ['goes on where it stopped when it was killed: only the answer under way comes again'],
    },
  ],
  [
    'ticks of one stamp overwrite each other',
    'each has a sequence of its own',
    { [misbehaviours]: ['gives each copy of a duplicated price a sequence of its own'] },
  ],
  [
    'prices as 32-bit floats',
    'doubles, as the text says',
    { [own]: ['gives prices as the vendor wrote them, with records that have a key'] },
  ],
  [
    'records without a key',
    'ticks by symbol, the rest to every partition',
    { [own]: ['gives prices as the vendor wrote them, with records that have a key'] },
  ],
  [
    'first and last that depend on a shuffle',
    'the order of receipt is kept, with the times that prices have',
    { [misbehaviours]: ['keeps the order in which reordered prices came, with the times that they have'] },
  ],
  [
    'NaN or null stored as 0',
    'absent, or a dead letter',
    {
      'ingestion/test/messages.test.ts': ['has absent fields where the vendor has null, and no zeros'],
      [misbehaviours]: ['puts every malformed message into the dead letters, by field and reason, and loses no price'],
    },
  ],
  [
    'an unfinished bar stored as final',
    'it is left out until it is over',
    { 'ingestion/test/backfill-queue.test.ts': ['waits until the vendor had time to finish the last bar'] },
  ],
  [
    'market hours with a fixed UTC offset',
    'calendars by IANA zone',
    { 'ingestion/test/trading-day.test.ts': ['has 23 hours when clocks go forward and 25 when they go back'] },
  ],
  [
    'secrets printed to logs',
    'in no log line, error, address or record',
    {
      [feedTests]: ['sends the key in a header and never in the address', 'keeps the key out of what the vendor wrote'],
      'ingestion/test/main.e2e.test.ts': ['ends within 15 s when the key is refused, names the remedy, and prints the key nowhere'],
    },
  ],
  [
    '429 ignored',
    'waited for, the minute or the day',
    {
      'ingestion/test/credit-budget.test.ts': [
        'waits for the next day when the day is spent, and counts what falls near midnight on both days',
      ],
    },
  ],
  ['a dead socket never noticed', 'pings', { [misbehaviours]: ['leaves a dead connection, on which not even pings are answered'] }],
  [
    'no account of what was lost',
    'received = accepted + refused + lost, through 500 sessions that go wrong',
    {
      'standalone/test/storm.e2e.test.ts': ['over a log that stands still now and then: the vendor is held back, and nothing is lost'],
      'ingestion/test/pressed-ingester.test.ts': [
        'reads on when the log is away for longer than the bound, and accounts for what it drops in one gap',
      ],
    },
  ],
];

const root = join(import.meta.dirname, '../..');

describe.each([
  ['what goes wrong, and the answer', wrongs],
  ['what earlier systems got wrong', regressions],
] as const)('%s', (_, rows) => {
  it.each(rows)('%s: %s', (_fault, _answer, tests) => {
    for (const [file, names] of Object.entries(tests)) {
      const text = readFileSync(join(root, file), 'utf8');
      // Here the names stand in the table too.
      const before = file === own ? "it('" : "'";
      for (const name of names) expect([file, name, text.includes(`${before}${name}'`)]).toEqual([file, name, true]);
    }
  });
});

let simulator: Simulator | undefined;
let feed: RunningFeed | undefined;
afterEach(async () => {
  await feed?.stop();
  await simulator?.close();
});

async function meet(
  options: Omit<Parameters<typeof startFeed>[0], 'url'>,
  rest: Partial<SimulatorOptions> = {},
): Promise<{ readonly feed: RunningFeed; readonly simulator: Simulator }> {
  const { logger } = aLogger();
  simulator = await startSimulator({ seed: 11, logger, market: { instruments: ['BTC/USD'], ticksPerSecond: 100 }, ...rest });
  feed = startFeed({ url: simulator.url, ...options });
  return { feed, simulator };
}

describe('the feed, against the simulator,', () => {
  it('leaves a feed that was lively and goes mute after 15 s, though no time was set', async () => {
    const met = await meet({}, { misbehaviour: { kind: 'mute', afterMessages: 100, connections: 1 } });
    await met.feed.until('the next session', () => met.feed.of('session').length === 2, 60_000);
    const last = met.feed
      .of('tick')
      .filter(tick => tick.session === 1)
      .at(-1);
    expect(met.feed.of('session')[1]?.previous).toEqual({ session: 1, reason: 'mute', lastDataMs: last?.receivedTimeMs });
    expect((met.simulator.connections[0]?.closedMs ?? 0) - (last?.receivedTimeMs ?? 0)).toBeGreaterThanOrEqual(14_900);
  }, 90_000);

  it('says four times a second that it is connected while no price comes, and invents none', async () => {
    const met = await meet({}, { market: { instruments: ['BTC/USD'], ticksPerSecond: 0 } });
    await met.feed.until('heartbeats', () => met.feed.of('heartbeat').length >= 6);
    const heartbeats = met.feed.of('heartbeat');
    expect(heartbeats.every(heartbeat => heartbeat.connected)).toBe(true);
    expect((heartbeats[5]?.timeMs ?? 0) - (heartbeats[0]?.timeMs ?? 0)).toBeGreaterThanOrEqual(1_100);
    expect(new Set(met.feed.events.map(event => event.kind))).toEqual(new Set(['session', 'heartbeat']));
  });

  it('gives nothing but heartbeats that say so while it is down', async () => {
    const met = await meet({ random: () => 0.5 });
    await met.feed.until('a tick', () => met.feed.of('tick').length > 0);
    met.simulator.misbehave({ kind: 'bad-gateway', connections: 3 });
    met.simulator.dropConnections();
    await met.feed.until('the next session', () => met.feed.of('session').length === 2);
    const { events } = met.feed;
    const second = events.findIndex(event => event.kind === 'session' && event.session === 2);
    const last = events.findLastIndex((event, index) => index < second && event.kind === 'tick');
    const between = events.slice(last + 1, second).filter(event => event.kind !== 'heartbeat' || !event.connected);
    expect(between.length).toBeGreaterThan(2);
    expect(between.every(event => event.kind === 'heartbeat' && event.session === 1)).toBe(true);
  });

  it('serves again after twenty refusals in a row', async () => {
    const met = await meet({ random: () => 0 }, { misbehaviour: { kind: 'bad-gateway', connections: 20 } });
    await met.feed.until('a tick', () => met.feed.of('tick').length > 0);
    expect(met.simulator.attempts.map(attempt => attempt.status)).toEqual([...Array.from({ length: 20 }, () => 502), 101]);
  });

  it('gives prices as the vendor wrote them, with records that have a key', async () => {
    const met = await meet({ symbols: ['BTC/USD'] });
    await met.feed.until('ticks', () => met.feed.of('tick').length >= 50);
    for (const { price } of met.feed.of('tick')) expect(String(price).length).toBeLessThanOrEqual(9);
    for (const event of met.feed.events.slice(0, 60)) {
      if (event.kind === 'ticks') throw new Error('a run, where each tick comes alone');
      const keys = logEntries(event, 4).map(({ key }) => key);
      expect(keys).toEqual(event.kind === 'tick' ? ['BTC/USD'] : [undefined, undefined, undefined, undefined]);
    }
  });
});
