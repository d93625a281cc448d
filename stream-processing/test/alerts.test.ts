/** What each condition gives, with the alerts written out. The oracle (fold-oracle.test.ts) has the same for every log. */
import { describe, expect, it } from '@jest/globals';
import type { Alert } from '@tapeline/core/alerts';
import type { FeedRecord } from '@tapeline/core/records';
import { PartitionFold } from '../src/fold/partition-fold.ts';
import { HotFold } from '../src/hot/hot-fold.ts';
import { aHeartbeat, aHistory, aSession, aTick, at, feed, foldOf, foldOptions } from './support/builders.ts';
import { hotRun, plainRun, type RunOutputs } from './support/hot-run.ts';
import { expectPureSource } from './support/pure-source.ts';

type Rule = Readonly<Record<string, unknown>>;

function rulesRecord(rules: readonly Rule[], timeMs = at(0)): FeedRecord {
  return { v: 1, kind: 'alert-rules', rules: [...rules], receivedTimeMs: timeMs };
}

/** A session at ten o'clock with these rules, then a bar of a minute for each close, one tick each. */
function minutes(rules: readonly Rule[], closes: readonly number[], dayVolumes: readonly number[] = []): readonly FeedRecord[] {
  const ticks = closes.flatMap((price, minute) => {
    const volume = dayVolumes[minute] === undefined ? {} : { dayVolume: dayVolumes[minute] };
    return [aTick({ timeMs: at(60 * minute + 30), price, ...volume }), aHeartbeat({ timeMs: at(60 * minute + 63) })];
  });
  return [aSession({ timeMs: at(0) }), rulesRecord(rules), ...ticks];
}

function alertsOf(records: readonly FeedRecord[], options: Partial<typeof foldOptions> = {}): readonly Alert[] {
  const given = foldOf(records, options).outputs.flatMap(output => (output.kind === 'alert' ? [output.alert] : []));
  const all = { ...foldOptions, ...options };
  // Ticks that a builder made have their fields in another order.
  const withoutTicks = ({ others, ...rest }: RunOutputs) => ({
    ...rest,
    others: others.filter(text => !text.startsWith('{"kind":"tick"')),
  });
  expect(withoutTicks(hotRun(records, all))).toEqual(withoutTicks(plainRun(records, all)));
  return given;
}

/** Minute of the bar that ended, after ten o'clock. */
function told(alerts: readonly Alert[]): readonly string[] {
  return alerts.map(({ rule, timeMs, value }) => `${rule} ${(timeMs - at(0)) / 60_000} ${value}`);
}

/** The next session, whose feed was away for so long after the first second. */
function gapOf(ms: number): FeedRecord {
  const timeMs = at(1) + ms;
  return aSession({ timeMs, session: 2, previous: { session: 1, reason: 'socket closed', lastDataMs: at(1) } });
}

const high: Rule = { name: 'high', condition: 'level', symbols: '*', above: 100 };

describe('alerts of bars', () => {
  it('tell a level once, and again after the value was back by the hysteresis', () => {
    expect(told(alertsOf(minutes([high], [99, 100, 101, 99, 102])))).toEqual(['high 2 100', 'high 5 102']);
    expect(told(alertsOf(minutes([{ ...high, hysteresis: 5 }], [101, 96, 102, 95, 103, 94.9, 104])))).toEqual(['high 1 101', 'high 7 104']);
    const low = { name: 'low', condition: 'level', symbols: '*', below: 50, hysteresis: 1 };
    expect(told(alertsOf(minutes([low], [51, 50, 51, 49, 51.1, 48])))).toEqual(['low 2 50', 'low 6 48']);
  });

  it('say what they are about', () => {
    const records = minutes([{ ...high, severity: 'critical' }], [101]);
    const [alert] = alertsOf(records);
    const bar = foldOf(records).bars('1m')[0];
    expect(alert).toEqual({
      v: 1,
      kind: 'alert',
      id: `high|BTC/USD|${at(60)}`,
      rule: 'high',
      condition: 'level',
      severity: 'critical',
      symbol: 'BTC/USD',
      interval: '1m',
      timeMs: at(60),
      value: 101,
      threshold: 100,
      message: 'BTC/USD: close 101 (1m) is at or above 100',
      versionUs: bar?.versionUs,
    });
  });

  it('fill in the message of the rule', () => {
    const message = '{rule} {severity} {symbol} {interval} {value} {threshold} {time}';
    const [alert] = alertsOf(minutes([{ ...high, message }], [101]));
    expect(alert?.message).toBe('high warning BTC/USD 1m 101 100 2024-11-04 10:01:00 UTC');
    const [cut] = alertsOf(minutes([{ ...high, message: '{symbol}😀'.repeat(29) }], [101]).map(long));
    expect([cut?.message.length, cut?.message.isWellFormed()]).toEqual([500, true]);
  });

  it('round ratios to three digits, tell prices and volumes as they are, and long spans in minutes and hours', () => {
    const message = '{value}';
    const fall = { name: 'fall', condition: 'drop', symbols: '*', percent: 1, window: '2m', message };
    const messages = (...given: Parameters<typeof minutes>) => alertsOf(minutes(...given)).map(alert => alert.message);
    expect(messages([fall], [301.25, 297.13])).toEqual(['1.37 %']);
    expect(messages([{ ...high, message }], [87_654.321])).toEqual(['87654.321']);
    const unusual = { name: 'unusual', condition: 'volume', symbols: '*', times: 2, bars: 2 };
    expect(messages([unusual], [1, 1, 1, 1], [0, 10.5, 20, 43])).toEqual([
      'BTC/USD: volume 23 (1m) is 2.3 times the mean of the 2 bars before',
    ]);
    const lacking = { name: 'lacking', condition: 'gap', symbols: '*', longer: '1s', message };
    const spans = [2_940, 59_960, 71_400, 3_600_000, 3_650_953, 100_000_000].map(
      ms => alertsOf([aSession({ timeMs: at(0) }), rulesRecord([lacking]), aTick({ timeMs: at(1) }), gapOf(ms)])[0]?.message,
    );
    expect(spans).toEqual(['2.9 s', '1 min', '1 min 11 s', '1 h', '1 h 51 s', '27 h 46 min 40 s']);
  });

  it('hold an alert back while its cooldown lasts, and give it then if the value is still beyond', () => {
    const rule = { ...high, cooldown: '3m' };
    expect(told(alertsOf(minutes([rule], [101, 99, 102, 103, 104])))).toEqual(['high 1 101', 'high 4 103']);
    expect(told(alertsOf(minutes([rule], [101, 99, 102, 99, 98])))).toEqual(['high 1 101']);
  });

  it('tell a cross only after the other side was seen', () => {
    const closes = [...Array.from({ length: 12 }, () => 100), 101, 102, 98, 104, 99];
    const over = { name: 'over', condition: 'cross', symbols: '*', slow: 'ema12', direction: 'over' };
    const under = { ...over, name: 'under', direction: 'under' };
    expect(told(alertsOf(minutes([over, under], closes)))).toEqual(['over 13 101', 'under 15 98', 'over 16 104', 'under 17 99']);
    // The first average is known in minute 12; a price that is above it from there on has crossed nothing.
    expect(told(alertsOf(minutes([over], [...Array.from({ length: 11 }, () => 100), 110, 120, 130])))).toEqual([]);
  });

  it('compare drops and spikes with the extreme of the window', () => {
    const drop = { name: 'drop', condition: 'drop', symbols: '*', percent: 5, window: '3m', hysteresis: 1 };
    expect(told(alertsOf(minutes([drop], [100, 98, 96, 95, 98, 93.1, 93.1, 98])))).toEqual(['drop 6 5']);
    const spike = { ...drop, name: 'spike', condition: 'spike' };
    expect(told(alertsOf(minutes([spike], [100, 104, 105, 104, 110.25])))).toEqual(['spike 3 5', 'spike 5 6.00961538462']);
    const [alert] = alertsOf(minutes([drop], [100, 90]));
    expect([alert?.message, alert?.threshold]).toEqual(['BTC/USD: down by 10 % within 3m, to 90', 5]);
  });

  it('compare volumes with a bound, and with the mean of the bars before', () => {
    const closes = [1, 1, 1, 1, 1, 1];
    const dayVolumes = [0, 10, 20, 30, 90, 91];
    const much = { name: 'much', condition: 'volume', symbols: '*', above: 60 };
    const unusual = { name: 'unusual', condition: 'volume', symbols: '*', times: 6, bars: 3 };
    const alerts = alertsOf(minutes([much, unusual], closes, dayVolumes));
    expect(told(alerts)).toEqual(['much 5 60', 'unusual 5 6']);
    expect(alerts[1]?.message).toBe('BTC/USD: volume 60 (1m) is 6 times the mean of the 3 bars before');
  });

  it('look at the symbols and intervals that they name, and at nothing else', () => {
    expect(alertsOf(minutes([{ ...high, symbols: ['ETH/USD'] }], [101]))).toEqual([]);
    expect(alertsOf(minutes([{ ...high, interval: '1h' }], [101]))).toEqual([]);
    expect(told(alertsOf(minutes([{ ...high, interval: '5s', symbols: ['BTC/USD'] }], [101])))).toEqual([`high ${35 / 60} 101`]);
  });

  it('are changed by no late tick, no correction and no history', () => {
    const before = minutes([high], [99, 99, 99]);
    const late = [
      aTick({ timeMs: at(40), receivedTimeMs: at(190), price: 500 }),
      // A straggler for an empty window makes its bar, of revision 0.
      aTick({ timeMs: at(185), receivedTimeMs: at(186), price: 99 }),
      aHeartbeat({ timeMs: at(200) }),
      aTick({ timeMs: at(190), receivedTimeMs: at(201), price: 900 }),
      aTick({ timeMs: at(170), receivedTimeMs: at(202), price: 300 }),
      aHistory({ high: 700, close: 700, receivedTimeMs: at(203) }),
    ];
    const everySecond = { ...high, name: 'second', interval: '1s' };
    expect(alertsOf([...before, ...late])).toEqual([]);
    const withSeconds = [...before.slice(0, 1), rulesRecord([high, everySecond]), ...before.slice(2), ...late];
    expect(alertsOf(withSeconds)).toEqual([]);
    expect(
      foldOf(withSeconds)
        .bars('1s')
        .filter(bar => bar.close > 100 && bar.revision === 0).length,
    ).toBeGreaterThan(0);
  });

  it('go on over a change of the rules where a rule stays as it is', () => {
    const first = minutes([high, { ...high, name: 'other' }], [101]);
    const reload = rulesRecord([{ ...high, name: 'new' }, high, { ...high, name: 'other', above: 90 }], at(65));
    const rest = [aTick({ timeMs: at(90), price: 102 }), aHeartbeat({ timeMs: at(123) })];
    expect(told(alertsOf([...first, reload, ...rest]))).toEqual(['high 1 101', 'other 1 101', 'new 2 102', 'other 2 102']);
    expect(told(alertsOf([...first, rulesRecord([]), ...rest]))).toEqual(['high 1 101', 'other 1 101']);
  });

  it('keep the rules of before where a record holds broken ones, which is a dead letter', () => {
    const [session, rules, ...rest] = minutes([high], [101]);
    const broken = rulesRecord([
      { ...high, name: 'fine' },
      { name: 'broken', condition: 'level' },
    ]);
    const records = [session, rules, broken, ...rest].filter(record => record !== undefined);
    expect(told(alertsOf(records))).toEqual(['high 1 101']);
    expect(foldOf(records).kinds('dead-letter')).toEqual([
      expect.objectContaining({ reason: 'malformed', detail: expect.stringContaining('rules[1] "broken".symbols: must be "*"') }),
    ]);
  });

  it('change no version of anything else', () => {
    const bars = (records: readonly FeedRecord[]) => foldOf(records).outputs.filter(({ kind }) => kind !== 'alert');
    expect(bars(minutes([high], [101, 99, 101]).map(long))).toEqual(bars(minutes([], [101, 99, 101]).map(long)));
  });
});

describe('market hours', () => {
  const rule = { ...high, marketHours: 'NYSE', interval: '15m' };

  /** One price in every quarter of an hour from 12:00 to 22:00 UTC; above the bound from 13:00 on. */
  function day(date: string): readonly FeedRecord[] {
    const startMs = Date.parse(`${date}T12:00:00Z`);
    const dayEnd = { tradingDay: date, tradingDayEndMs: Date.parse(`${date}T00:00:00Z`) + 29 * 3_600_000 };
    const quarters = Array.from({ length: 40 }, (_, index) => startMs + index * 900_000);
    const ticks = quarters.flatMap((timeMs, index) => [
      aTick({ timeMs: timeMs + 1_000, price: index >= 4 ? (index % 2 === 0 ? 101 : 99) : 90, ...dayEnd }),
      aHeartbeat({ timeMs: timeMs + 903_000 }),
    ]);
    return [aSession({ timeMs: startMs }), rulesRecord([rule], startMs), ...ticks];
  }

  it.each([
    // Winter time: 14:30 to 21:00 UTC. The bar that ends with the market is one of its.
    ['2024-11-04', '14:45', '20:45'],
    // The Friday before the clocks went back: 13:30 to 20:00.
    ['2024-11-01', '13:45', '19:45'],
    // The Friday before and the Monday after they went forward.
    ['2025-03-07', '14:45', '20:45'],
    ['2025-03-10', '13:45', '19:45'],
    // Early close at 13:00 New York.
    ['2024-11-29', '14:45', '17:45'],
  ])('count by the clock of the exchange: %s', (date, first, last) => {
    const times = alertsOf(day(date)).map(({ timeMs }) => new Date(timeMs).toISOString().slice(11, 16));
    expect([times[0], times.at(-1)]).toEqual([first, last]);
  });

  it('hold the bar that ends with the session, and not the one that ends as it opens', () => {
    const only = (clock: string) =>
      day('2024-11-04').map(record => {
        if (record.kind !== 'tick') return record;
        return { ...record, price: new Date(record.timeMs).toISOString().slice(11, 16) === clock ? 101 : 90 };
      });
    expect(alertsOf(only('14:15'))).toEqual([]);
    expect(alertsOf(only('14:30')).map(({ timeMs }) => new Date(timeMs).toISOString().slice(11, 16))).toEqual(['14:45']);
    expect(alertsOf(only('20:45')).map(({ timeMs }) => new Date(timeMs).toISOString().slice(11, 16))).toEqual(['21:00']);
    expect(alertsOf(only('21:00'))).toEqual([]);
  });

  it('are touched by a gap that has a part in them, and not by one that ends as they begin', () => {
    const openMs = Date.UTC(2024, 10, 4, 14, 30);
    const atWork = { name: 'gap', condition: 'gap', symbols: '*', longer: '1m', marketHours: 'NYSE' };
    const cut = (fromMs: number, toMs: number) => [
      aSession({ timeMs: openMs - 7_200_000 }),
      rulesRecord([atWork], openMs - 7_200_000),
      aSession({ timeMs: toMs, session: 2, previous: { session: 1, reason: 'socket closed', lastDataMs: fromMs } }),
    ];
    expect(alertsOf(cut(openMs - 3_600_000, openMs))).toEqual([]);
    expect(alertsOf(cut(openMs - 3_600_000, openMs + 1)).map(({ value }) => value)).toEqual([3_600_001]);
    const closeMs = openMs + 6.5 * 3_600_000;
    expect(alertsOf(cut(closeMs, closeMs + 3_600_000))).toEqual([]);
    expect(alertsOf(cut(closeMs - 1, closeMs + 3_600_000)).length).toBe(1);
  });

  it('are none on a holiday', () => {
    expect(alertsOf(day('2024-11-28'))).toEqual([]);
  });
});

describe('alerts of silence', () => {
  const quiet = { name: 'quiet', condition: 'stale', symbols: '*', longer: '10s' };
  const away = { name: 'away', condition: 'stale', feeds: '*', longer: '10s', severity: 'critical' };
  const beats = (from: number, to: number, connected = true) =>
    Array.from({ length: to - from }, (_, index) => aHeartbeat({ timeMs: at(from + index), connected }));

  it('tell once of a symbol that is silent while its feed is connected', () => {
    const records = [aSession({ timeMs: at(0) }), rulesRecord([quiet]), ...beats(1, 30), aTick({ timeMs: at(30) }), ...beats(31, 60)];
    const alerts = alertsOf(records);
    expect(alerts.map(({ id, value, threshold, message }) => ({ id, value, threshold, message }))).toEqual([
      ...[11, 41].map(second => ({
        id: `quiet|BTC/USD|${at(second)}`,
        value: 11_000,
        threshold: 10_000,
        message: 'BTC/USD: no price for 11 s, though twelve-data/0 is connected',
      })),
    ]);
  });

  it('go on counting when the session tells its symbols again, and count from then on for one that came', () => {
    const again = (second: number, symbols: readonly string[]) => aSession({ timeMs: at(second), symbols: [...symbols] });
    const first = [again(0, ['BTC/USD']), rulesRecord([quiet]), aTick({ timeMs: at(1) })];
    const refusedOnce = [...beats(2, 8), again(8, ['BTC/USD']), ...beats(9, 20)];
    expect(alertsOf([...first, ...refusedOnce]).map(({ id, value }) => [id, value])).toEqual([[`quiet|BTC/USD|${at(12)}`, 11_000]]);
    const came = [...beats(2, 20), again(20, ['BTC/USD', 'constructor']), ...beats(21, 28), again(28, ['BTC/USD', 'constructor'])];
    const records = [...first, ...came, ...beats(29, 40)];
    const all = [
      [`quiet|BTC/USD|${at(12)}`, 11_000],
      [`quiet|constructor|${at(31)}`, 11_000],
    ];
    expect(alertsOf(records).map(({ id, value }) => [id, value])).toEqual(all);
  });

  it('do not count the time before the market opens, nor while the feed is away', () => {
    const openMs = Date.UTC(2024, 10, 4, 14, 30);
    const rule = { ...quiet, longer: '5m', marketHours: 'NYSE' };
    const everyMinute = Array.from({ length: 40 }, (_, index) => aHeartbeat({ timeMs: openMs + (index - 20) * 60_000 }));
    const records = [aSession({ timeMs: at(0) }), rulesRecord([rule]), aTick({ timeMs: at(1) }), ...everyMinute];
    expect(alertsOf(records).map(({ timeMs, value }) => [timeMs - openMs, value])).toEqual([[360_000, 360_000]]);
    const cut = [aSession({ timeMs: at(0) }), rulesRecord([quiet]), aTick({ timeMs: at(1) }), ...beats(2, 100, false)];
    const back = [
      aSession({ timeMs: at(100), session: 2 }),
      ...[105, 110, 111].map(second => aHeartbeat({ timeMs: at(second), session: 2 })),
    ];
    expect(alertsOf([...cut, ...back]).map(({ timeMs }) => timeMs)).toEqual([at(111)]);
  });

  it('tell of a feed from one partition only, once for each time that it is away', () => {
    const lost = [aSession({ timeMs: at(0) }), rulesRecord([away]), ...beats(1, 5), ...beats(5, 40, false)];
    const again = [aSession({ timeMs: at(40), session: 2 }), aHeartbeat({ timeMs: at(60), session: 2, connected: false })];
    expect(alertsOf([...lost, ...again])).toEqual([
      expect.objectContaining({
        id: `away|${feed}|${at(15)}`,
        feed,
        value: 11_000,
        severity: 'critical',
        message: `${feed}: disconnected for 11 s`,
      }),
      expect.objectContaining({ id: `away|${feed}|${at(60)}`, value: 20_000 }),
    ]);
    expect(alertsOf([...lost, ...again], { partition: 1, partitions: 2 })).toEqual([]);
  });

  it('tell of gaps that are longer than the rule allows', () => {
    const rule = { name: 'gap', condition: 'gap', symbols: '*', longer: '30s' };
    const next = (session: number, from: number, to: number) =>
      aSession({ timeMs: at(to), session, previous: { session: session - 1, reason: 'socket closed', lastDataMs: at(from) } });
    const records = [aSession({ timeMs: at(0) }), rulesRecord([rule]), aTick({ timeMs: at(1) }), next(2, 1, 31), next(3, 40, 100)];
    expect(alertsOf(records)).toEqual([
      expect.objectContaining({
        id: `gap|BTC/USD|${at(100)}`,
        value: 60_000,
        message: 'BTC/USD: no data for 1 min, until 2024-11-04 10:01:40 UTC',
      }),
    ]);
  });
});

describe('snapshots', () => {
  const records = minutes([high], [99, 101, 102]);

  it('of folds without rules are as before, so that a former program reads them', () => {
    const bare = records.filter(({ kind }) => kind !== 'alert-rules');
    const { fold } = foldOf(bare);
    expect(JSON.parse(Buffer.from(fold.encode()).toString())).toMatchObject({ format: 3 });
    expect(hotFoldOf(bare).snapshotFormat).toBe(3);
    expect(Buffer.from(hotFoldOf(bare).encode()).toString('latin1')).not.toContain('"alerts"');
  });

  it('of folds with rules have another format, which a former program refuses, and hold what they remember', () => {
    const { fold } = foldOf(records);
    expect(JSON.parse(Buffer.from(fold.encode()).toString())).toMatchObject({
      format: 4,
      alerts: { rules: [expect.objectContaining({ name: 'high' })], states: [[0, 'BTC/USD', { armed: false, alertMs: at(120) }]] },
    });
    expect(hotFoldOf(records).snapshotFormat).toBe(4);
    expect(() =>
      PartitionFold.decode(Buffer.from(Buffer.from(fold.encode()).toString().replace('"format":4', '"format":5')), foldOptions),
    ).toThrow(/the snapshot has format 5, this fold reads 3 and 4: run the program that made it, or run tapeline rebuild/);
  });
});

it('names no clock, no randomness and no I/O in the source of alerts', () => {
  expectPureSource('alerts', ['follow-alert-rules.ts', 'rules-file.ts']);
});

function hotFoldOf(records: readonly FeedRecord[]): HotFold {
  const fold = new HotFold(foldOptions);
  for (const record of records) fold.apply(record, fold.results());
  return fold;
}

/** With a symbol as long as one may be. */
function long(record: FeedRecord): FeedRecord {
  const name = 'S'.repeat(64);
  if (record.kind === 'tick') return { ...record, symbol: name, sequence: Math.round(record.timeMs / 1_000) };
  return record.kind === 'session' ? { ...record, symbols: [name] } : record;
}
