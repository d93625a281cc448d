import { describe, expect, it } from '@jest/globals';
import { deadLetter } from '@tapeline/core/dead-letters';
import { PipelineError } from '@tapeline/core/errors';
import { encodeRecord } from '@tapeline/core/record-codec';
import { Registry } from 'prom-client';
import { eventually } from '../../test/support/eventually.ts';
import { type TickRun, TickRuns } from '../src/hot/tick-run.ts';
import { LogWriter, type LogWriterOptions } from '../src/log-writer.ts';
import { aGap, aHeartbeat, aSession, aTick, noonMs } from './support/events.ts';
import { aLogger, type LogLines } from './support/logger.ts';
import { logAway, MemoryLog } from './support/memory-log.ts';

function writerOf(log: MemoryLog, options: Partial<LogWriterOptions> = {}): { writer: LogWriter; lines: LogLines; registry: Registry } {
  const { logger, lines } = aLogger();
  const registry = new Registry();
  return { writer: new LogWriter({ log, feed: 'twelve-data/0', logger, registry, random: () => 0.01, ...options }), lines, registry };
}

const refused = deadLetter({ reason: 'future', detail: 'timestamp', origin: 'twelve-data/0 session 1', timeMs: noonMs, value: '{}' });

function sum(writer: LogWriter): number {
  const { accepted, refused: dead, lost, buffered } = writer.totals;
  return accepted + dead + lost + buffered;
}

describe('the log writer', () => {
  it("puts a tick into its symbol's partition and a heartbeat into all", async () => {
    const log = new MemoryLog(4);
    const { writer } = writerOf(log);
    writer.write(aSession());
    writer.write(aTick({ symbol: 'BTC/USD' }));
    writer.write(aTick({ symbol: 'ETH/BTC', sequence: 2 }));
    writer.write(aHeartbeat());
    writer.write(refused);
    await writer.close(1_000);
    const kinds = [0, 1, 2, 3].map(partition => log.records(partition).map(record => record.kind));
    // murmur2 puts BTC/USD into partition 1 of 4 and ETH/BTC into partition 3, as Kafka's own client does.
    expect(kinds).toEqual([
      ['session', 'heartbeat'],
      ['session', 'tick', 'heartbeat'],
      ['session', 'heartbeat'],
      ['session', 'tick', 'heartbeat'],
    ]);
    expect(log.deadLetters()).toMatchObject([{ reason: 'future' }]);
  });

  it('has a problem while the log answers nothing, with what waits', async () => {
    const log = new MemoryLog(2);
    const { writer } = writerOf(log, { patienceMs: 50 });
    log.hold();
    writer.write(aTick());
    expect(writer.problem).toBeUndefined();
    expect(await eventually('a problem', () => writer.problem)).toBe('the log has taken nothing for 0 s: 1 record waits');
    log.resume();
    await eventually('none', () => writer.problem === undefined);
    await writer.close(1_000);
  });

  it('writes runs of ticks and what stands between them in order, and counts what they had grown to when it took them', async () => {
    const log = new MemoryLog(2);
    const { writer } = writerOf(log);
    const runs = new TickRuns(2);
    const grow = (run: TickRun, sequence: number) => {
      const tick = aTick({ sequence });
      const value = encodeRecord(tick);
      run.blocks[1]?.add(Buffer.from('BTC/USD'), value, 0, value.length);
      run.added(tick.timeMs, tick.receivedTimeMs);
    };
    log.hold();
    writer.write(aSession());
    await eventually('a write is under way', () => log.inFlight === 1);
    const [first, second] = [runs.take(1), runs.take(1)];
    grow(first, 1);
    writer.write(first);
    expect(writer.totals).toMatchObject({ received: 1, buffered: 1 });
    grow(first, 2);
    writer.write(aHeartbeat());
    grow(second, 3);
    writer.write(second);
    writer.write(refused);
    log.resume();
    await writer.close(1_000);
    expect(log.records(1).map(record => (record.kind === 'tick' ? record.sequence : record.kind))).toEqual([
      'session',
      1,
      2,
      'heartbeat',
      3,
    ]);
    expect(log.records(0).map(record => record.kind)).toEqual(['session', 'heartbeat']);
    expect(log.deadLetters()).toHaveLength(1);
    expect(log.appends).toHaveLength(2);
    expect(writer.totals).toEqual({ received: 4, accepted: 3, refused: 1, lost: 0, buffered: 0 });
    expect(runs.take(2)).toBe(second);
  });

  it('keeps one append in flight that takes all that waits', async () => {
    const log = new MemoryLog(1);
    log.hold();
    const { writer } = writerOf(log);
    writer.write(aTick({ sequence: 1 }));
    await eventually('a write is under way', () => log.inFlight === 1);
    for (let sequence = 2; sequence <= 50; sequence += 1) writer.write(aTick({ sequence }));
    log.resume();
    await writer.close(1_000);
    expect(log.appends).toEqual([1, 49]);
    expect(log.mostInFlight).toBe(1);
    expect(log.records(0).map(record => 'sequence' in record && record.sequence)).toEqual(
      Array.from({ length: 50 }, (_, index) => index + 1),
    );
  });

  it('writes nothing twice and nothing out of order when the log was away', async () => {
    const log = new MemoryLog(1);
    log.fail(logAway);
    const { writer, lines } = writerOf(log);
    for (let sequence = 1; sequence <= 5; sequence += 1) writer.write(aTick({ sequence }));
    await eventually('the failure is told', () => lines.some(line => line.level === 50));
    expect(sum(writer)).toBe(5);
    log.fail();
    await writer.close(5_000);
    expect(log.records(0)).toMatchObject([1, 2, 3, 4, 5].map(sequence => ({ sequence })));
    expect(lines.map(line => line.msg)).toEqual([
      'the log takes no records: no broker answers; 5 wait, still trying',
      'the log takes records again',
    ]);
    expect(writer.totals).toEqual({ received: 5, accepted: 5, refused: 0, lost: 0, buffered: 0 });
  });

  it('drops ticks when it is full, counts them, and tells of them as soon as the log takes records', async () => {
    const log = new MemoryLog(1);
    log.hold();
    const { writer } = writerOf(log, { limitEvents: 10 });
    writer.write(aTick({ sequence: 1 }));
    await eventually('a write is under way', () => log.inFlight === 1);
    for (let sequence = 2; sequence <= 30; sequence += 1) writer.write(aTick({ sequence, timeMs: noonMs + sequence }));
    writer.write(aHeartbeat({ timeMs: noonMs + 31 }));
    expect(writer.totals).toEqual({ received: 30, accepted: 0, refused: 0, lost: 19, buffered: 11 });
    log.resume();
    await eventually('the records before it are written', () => writer.totals.accepted === 11);
    writer.write(aHeartbeat({ timeMs: noonMs + 250 }));
    await writer.close(1_000);
    const records = log.records(0);
    expect(records.slice(0, 11).map(record => record.kind)).toEqual(Array(11).fill('tick'));
    expect(records.slice(11)).toMatchObject([
      { kind: 'gap', reason: 'log unavailable', symbols: ['BTC/USD'], fromMs: noonMs + 12, toMs: noonMs + 31, lost: 19 },
      { kind: 'heartbeat', timeMs: noonMs + 250 },
    ]);
    expect(writer.totals).toEqual({ received: 30, accepted: 11, refused: 0, lost: 19, buffered: 0 });
  });

  it('counts so that received is accepted, refused, lost and buffered, in the metrics too', async () => {
    const log = new MemoryLog(2);
    log.hold();
    const { writer, registry } = writerOf(log, { limitEvents: 6 });
    for (let sequence = 1; sequence <= 20; sequence += 1) {
      writer.write(sequence % 3 === 0 ? refused : aTick({ sequence }));
      expect(sum(writer)).toBe(writer.totals.received);
    }
    writer.write(aGap({ lost: 7 }));
    expect(writer.totals.received).toBe(27);
    expect(sum(writer)).toBe(27);
    log.resume();
    await writer.close(1_000);
    expect(sum(writer)).toBe(27);
    const metrics = await registry.metrics();
    const value = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(metrics)?.[1]);
    expect(value('tapeline_ingester_ticks_received_total')).toBe(27);
    expect(
      value('tapeline_ingester_ticks_accepted_total') +
        value('tapeline_ingester_ticks_refused_total\\{reason="future"\\}') +
        value('tapeline_ingester_ticks_lost_total') +
        value('tapeline_ingester_ticks_buffered'),
    ).toBe(27);
    expect(value('tapeline_ingester_ticks_lost_total')).toBe(
      7 + 20 - value('tapeline_ingester_ticks_accepted_total') - value('tapeline_ingester_ticks_refused_total\\{reason="future"\\}'),
    );
  });

  it('makes a source wait that can wait, and loses nothing', async () => {
    const log = new MemoryLog(1);
    const { writer } = writerOf(log, { limitEvents: 8, batchEvents: 3 });
    for (let sequence = 1; sequence <= 500; sequence += 1) {
      writer.write(aTick({ sequence }));
      await writer.room(new AbortController().signal);
    }
    await writer.close(1_000);
    expect(log.records(0)).toHaveLength(500);
    expect(writer.totals.lost).toBe(0);
  });

  it('makes a source wait no longer than until the signal', async () => {
    const log = new MemoryLog(1);
    log.hold();
    const { writer } = writerOf(log, { limitEvents: 2 });
    const stop = new AbortController();
    writer.write(aTick());
    await eventually('a write is under way', () => log.inFlight === 1);
    for (let sequence = 2; sequence <= 3; sequence += 1) writer.write(aTick({ sequence }));
    const room = writer.room(stop.signal);
    stop.abort();
    await room;
    expect(writer.hasRoom).toBe(false);
    log.resume();
    await writer.close(1_000);
  });

  it('gives up flushing at the deadline, and says how many are lost', async () => {
    const log = new MemoryLog(1);
    log.fail(logAway);
    const { writer, lines } = writerOf(log);
    for (let sequence = 1; sequence <= 5; sequence += 1) writer.write(aTick({ sequence }));
    const startMs = performance.now();
    await writer.close(200);
    expect(performance.now() - startMs).toBeLessThan(2_000);
    expect(writer.totals).toEqual({ received: 5, accepted: 0, refused: 0, lost: 5, buffered: 0 });
    expect(lines.at(-1)).toMatchObject({ level: 50, lost: 5 });
  });

  it('gives up at the deadline on an append that hangs', async () => {
    const log = new MemoryLog(1);
    log.hold();
    const { writer } = writerOf(log);
    writer.write(aTick());
    await writer.close(100);
    expect(writer.totals).toMatchObject({ lost: 1, buffered: 0 });
    log.resume();
  });

  it('goes on trying while the disk is full, and says so', async () => {
    const log = new MemoryLog(1);
    log.fail(new PipelineError('log.full', 'the log is full: free disk space', { retriable: false }));
    const { writer, lines } = writerOf(log);
    writer.write(aTick());
    await eventually('a full log is told', () => lines.some(line => line.level === 50 && line.code === 'log.full'));
    log.fail();
    await writer.close(5_000);
    expect(log.records(0)).toHaveLength(1);
  });

  it('fails with what will not work however often it is tried', async () => {
    const log = new MemoryLog(1);
    log.fail(new PipelineError('data-dir.unusable', 'not a log', { retriable: false }));
    const { writer } = writerOf(log);
    writer.write(aTick());
    await expect(writer.failed).rejects.toMatchObject({ code: 'data-dir.unusable' });
    await expect(writer.close(100)).rejects.toMatchObject({ code: 'data-dir.unusable' });
    expect(sum(writer)).toBe(1);
  });

  it('puts a record that its own schema refuses into the dead letters, and goes on', async () => {
    const log = new MemoryLog(1);
    const { writer } = writerOf(log);
    writer.write(aTick({ price: -1 }));
    writer.write(aTick({ sequence: 2 }));
    await writer.close(1_000);
    expect(log.records(0)).toMatchObject([{ sequence: 2 }]);
    expect(log.deadLetters()).toMatchObject([{ reason: 'malformed', detail: expect.stringContaining('price') }]);
  });
});
