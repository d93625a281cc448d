import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { distributionOf, spreadOf } from '../src/distribution.ts';
import { reportOf } from '../src/report.ts';
import { merged } from '../src/report-sections.ts';
import { type BenchResult, Results } from '../src/results.ts';

function costOf(subject: string, round: number, cpuMicrosPerTick: number): BenchResult {
  return {
    figure: 'cost',
    subject,
    round,
    parameters: { topicTicks: 10_000_000, symbols: 1_000 },
    values: { cpuMicrosPerTick, ticksPerSecond: 1_600_000, peakResidentBytes: 157_286_400, startupCpuSeconds: 1.25 },
    command: `npm run bench -- cost --subjects ${subject} --ticks 10000000 --symbols 1000`,
    commit: 'abc',
    at: '2026-11-21T08:00:00.000Z',
    machine: '2 × a processor',
  };
}

describe('the report', () => {
  const report = reportOf([
    costOf('tapeline', 1, 0.9),
    costOf('tapeline', 1, 0.45),
    costOf('tapeline', 2, 0.47),
    costOf('tapeline', 3, 0.44),
    costOf('kafkajs', 1, 6.75),
    { ...costOf('kafkajs', 1, 99), parameters: { topicTicks: 20_000_000, symbols: 1_000 } },
  ]);

  it('gives least, median and greatest of the rounds, a round that was measured again only once', () => {
    expect(report).toContain('0.440 · **0.450** · 0.470 | 1.0 | 1,600,000 | 150 | 1.3 | 3 |');
  });

  it('gives the ratio to the peers from the medians on one topic, and says which goals are reached', () => {
    expect(report).toContain('| less CPU for a tick than kafkajs eachMessage | 13 times | 16 times | 15 times | reached |');
    expect(report).toContain('| CPU time for a tick, everything on | 0.5 µs | 0.4 µs | 0.45 µs | reached |');
  });

  it('says with which command it is measured again', () => {
    expect(report).toContain('`npm run bench -- cost --ticks 10000000 --symbols 1000`');
  });
});

describe('the report of the fan-out', () => {
  const alone = {
    updatesPerCpuSecond: 5_500_000,
    updatesPerSecond: 1e6,
    p50Ms: 1,
    p99Ms: 4,
    echoP50Ms: 0,
    echoP99Ms: 1,
    beyondEchoMs: 3,
    bytesPerUpdate: 28.4,
  };
  const beside = Object.fromEntries(Object.entries(alone).map(([name, value]) => [`stalled ${name}`, value]));
  const result = (round: number, values: Readonly<Record<string, number>>): BenchResult => ({
    ...costOf('a random list each', round, 1),
    figure: 'fan-out',
    parameters: { clients: 2_000, symbols: 1_000, watched: 50, stalled: 100, seconds: 20 },
    values: { ...alone, ...beside, ...values },
    command: 'npm run bench -- fan-out',
  });
  const report = reportOf([
    result(1, { 'stalled updatesPerCpuSecond': 5_225_000 }),
    result(2, { beyondEchoMs: 6 }),
    result(3, { updatesPerCpuSecond: 5_600_000, 'stalled updatesPerCpuSecond': 5_225_000 }),
  ]);

  it('gives rows for a second of CPU and the times, with and without stalled clients', () => {
    const row = '2,000 × 50 of 1,000 | 1,000,000 | 5.50 · **5.50** · 5.60 | 1.0 · 4.0 | 0.0 · 1.0 | 28.4 | 3 |';
    expect(report).toContain(`| a random list each | ${row}`);
    expect(report).toContain('| a random list each; 100 stalled clients more | 2,000 × 50 of 1,000 | 1,000,000 | 5.22 · **5.22** · 5.50 |');
  });

  it('says which goals are reached', () => {
    expect(report).toContain('| rows that clients of the board decode for a second of its CPU | 5 M | 5 M | 5.5 M | aim reached |');
    expect(report).toContain('| board to client, p99, beyond an idle echo | 5 ms | 5 ms | 3 ms | aim reached |');
    expect(report).toContain('| what 100 stalled clients change of both | 10 % | 10 % | 5 % | aim reached |');
  });
});

describe('the report of the whole chain', () => {
  const account = { sent: 600_000, inLog: 599_000, inGaps: 1_000, refused: 0, unaccounted: 0, twiceInLog: 0 };
  const times = { ackP50Ms: 4, ackP99Ms: 20, barP50Ms: 130, barP99Ms: 300, lagMost: 900, lagAtEnd: 5, drainSeconds: 0.2, mostHeldBytes: 0 };
  const usage = { 'cpu ingester': 0.25, 'rss ingester': 150 * 2 ** 20 };
  const load = (round: number, values: Readonly<Record<string, number>>): BenchResult => ({
    ...costOf('10k', round, 1),
    figure: 'load',
    parameters: { meanPerSecond: 10_000, bursts: false, symbols: 1_000, seconds: 60 },
    values: { ...account, ...times, ...usage, ...values },
    command: 'npm run bench -- load --profiles 10k',
  });
  const soak = (minutes: number, growth: number): BenchResult => ({
    ...costOf('the whole chain', 1, 1),
    figure: 'soak',
    parameters: { minutes, rate: 20_000, symbols: 1_000 },
    values: {
      'rss ingester': 200 * 2 ** 20,
      'growth ingester': growth * 2 ** 20,
      'allowed ingester': 10 * 2 ** 20,
      'flat ingester': growth < 10 ? 1 : 0,
    },
    command: `npm run bench -- soak --minutes ${minutes}`,
  });
  const report = reportOf([
    load(1, { bars: 50, differentBars: 0 }),
    load(2, { ackP99Ms: 30, inLog: 600_000, inGaps: 0 }),
    soak(2, 500),
    soak(60, 4),
  ]);

  it('gives the account of all rounds together, and the bars of those that were replayed', () => {
    expect(report).toContain('| 10k | 1,200,000 | 1,199,000 | 1,000 | 0 | 0 | 0 | 50 of 50 | 2 |');
  });

  it('gives times, lag, cores and memory', () => {
    expect(report).toContain('| 10k | 10,000 | 4.0 · **4.0** · 4.0 | 20.0 · **25.0** · 30.0 | 130.0 · **130.0** · 130.0 |');
    expect(report).toContain('| 10k | 0.25 · 150 |');
  });

  it('says that ticks were lost, and judges the longest soak only', () => {
    expect(report).toContain('| ticks lost or unaccounted for under load | 0 ticks | 0 ticks | 1,000 ticks | missed |');
    expect(report).toContain(
      '| growth of a process in the soak beyond flat (3 % or 10 MiB an hour) | 0 MiB | 0 MiB | 0 MiB | aim reached |',
    );
  });
});

describe('results', () => {
  let folder = '';
  beforeEach(() => {
    folder = temporaryFolder('results');
  });

  it('knows what was measured already, whatever the order of the parameters', () => {
    const results = new Results(folder);
    const one = { figure: 'cost', subject: 'tapeline', round: 1, parameters: { a: 1, b: 2 } };
    expect(results.has(one)).toBe(false);
    results.add({ ...one, values: { x: 1 }, command: 'none' });
    expect(results.has({ ...one, parameters: { b: 2, a: 1 } })).toBe(true);
    expect(results.has({ ...one, round: 2 })).toBe(false);
  });

  it('passes over a line that was cut off', () => {
    writeFileSync(join(folder, 'cost.jsonl'), `${JSON.stringify(costOf('tapeline', 1, 1))}\n{"figure":"co`);
    expect(new Results(folder).all()).toHaveLength(1);
  });
});

describe('many samples', () => {
  it('have a middle and an end by rank', () => {
    const samples = Array.from({ length: 200 }, (_, index) => 200 - index);
    expect(distributionOf(samples)).toEqual({ count: 200, p50: 100, p99: 198, highest: 200 });
    expect(() => distributionOf([])).toThrow('there are no samples');
    expect(spreadOf([3, 1, 2])).toEqual({ min: 1, median: 2, max: 3 });
    expect(spreadOf([4, 1])).toEqual({ min: 1, median: 2.5, max: 4 });
  });
});

describe('a report beside an earlier one', () => {
  const former = `${reportOf([costOf('tapeline', 1, 0.3), costOf('kafkajs', 1, 6)])}\n## Soak\n\nwords\n\n### 60 minutes\n\nas it was\n`;
  const wide = { ...costOf('tapeline', 1, 0.5), parameters: { topicTicks: 10_000_000, symbols: 12_000 } };
  const memory = { ...wide, figure: 'memory', values: { bytesPerSymbol: 4_012 } };
  const both = merged(former, reportOf([wide, memory]));

  it('keeps the sections and the goals that were not measured again, and puts the new ones in their places', () => {
    expect(both.match(/^##.*$/gm)).toEqual([
      '## Goals',
      '## CPU time for a tick, and catch-up',
      '### 12000 symbols, 10,000,000 ticks',
      '### 1000 symbols, 10,000,000 ticks',
      '## Memory of the fold',
      '## Soak',
      '### 60 minutes',
    ]);
    expect(both).toContain('| less CPU for a tick than kafkajs eachMessage | 13 times | 16 times | 20 times | aim reached |');
    expect(both).toContain('| memory for a symbol of 12,000 | 4 KB | 2 KB | 3.92 KB | reached |');
    expect(both).toContain('as it was');
  });

  it('has the new figures of what was measured again, and says when', () => {
    const again = merged(former, reportOf([{ ...costOf('tapeline', 1, 0.4), at: '2026-11-22T08:00:00.000Z', commit: 'def' }]));
    expect(again).toContain('| CPU time for a tick, everything on | 0.5 µs | 0.4 µs | 0.4 µs | aim reached |');
    expect(again).toContain('Measured 2026-11-22 at def on 2 × a processor.');
    expect(again).not.toContain('2026-11-21');
  });

  it('is the same when it is written again', () => {
    expect(merged(both, reportOf([wide, memory]))).toBe(both);
  });
});
