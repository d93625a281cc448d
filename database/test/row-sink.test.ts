import { describe, expect, it } from '@jest/globals';
import type { Statement } from '@tapeline/database/cassandra/cassandra-connection';
import type { SinkRow } from '@tapeline/database/cassandra/row-queue';
import { RowSink, type RowSinkOptions } from '@tapeline/database/cassandra/row-sink';
import { storeMetrics } from '@tapeline/database/store-metrics';
import { Registry } from 'prom-client';

interface Batch {
  /** Rows as `partition/key@version`. */
  readonly rows: readonly string[];
  done(): void;
  fail(error: Error): void;
}

/** A sink whose batches end when the test says so. */
function sinkOf(options: Partial<RowSinkOptions> = {}) {
  const batches: Batch[] = [];
  const registry = new Registry();
  const metrics = storeMetrics(registry);
  const sink = new RowSink({
    send: statements =>
      new Promise((done, fail) => {
        batches.push({ rows: statements.map(({ query }) => query), done, fail });
      }),
    replicasOf: () => '',
    written: () => undefined,
    waitingRows: metrics.waitingRows,
    inFlightRows: metrics.inFlightRows,
    ...options,
  });
  const gauges = async () => ({
    waiting: (await metrics.waitingRows.get()).values[0]?.value,
    inFlight: (await metrics.inFlightRows.get()).values[0]?.value,
  });
  return { sink, batches, gauges };
}

function aRow(text: string, params: readonly unknown[] = []): SinkRow {
  const [, partition = '', key = '', versionUs] = /^(.*)\/(.*)@(\d+)$/.exec(text) ?? [];
  return { table: 't', partition: [partition], key, versionUs: Number(versionUs), insert: (): Statement => ({ query: text, params }) };
}

const pause = () => new Promise<void>(resolve => setImmediate(resolve));
const rowsOf = (batches: readonly Batch[]) => batches.map(batch => batch.rows);

describe('the sink of Cassandra', () => {
  it('writes at once when it is idle, and makes one batch of what came while it was busy', async () => {
    const { sink, batches } = sinkOf({ maxInFlight: 1 });
    void sink.write([aRow('a/1@1')]);
    void sink.write([aRow('a/2@1'), aRow('b/1@1')]);
    void sink.write([aRow('a/3@1')]);
    await pause();
    expect(rowsOf(batches)).toEqual([['a/1@1']]);
    batches[0]?.done();
    await pause();
    expect(rowsOf(batches).slice(1)).toEqual([['a/2@1', 'a/3@1', 'b/1@1']]);
  });

  it('lets patient rows go when no others wait, and never fills all places with them', async () => {
    const { sink, batches } = sinkOf({ maxInFlight: 2, maxPatientInFlight: 1, batch: { rows: 2, bytes: 1_000 } });
    const patient = (text: string): SinkRow => ({ ...aRow(text), isPatient: true });
    void sink.write(['a/1@1', 'a/2@1', 'a/3@1'].map(patient));
    await pause();
    expect(rowsOf(batches)).toEqual([['a/1@1', 'a/2@1']]);
    void sink.write([aRow('b/1@1'), patient('a/4@1')]);
    void sink.write([aRow('b/2@1')]);
    await pause();
    expect(rowsOf(batches).slice(1)).toEqual([['b/1@1']]);
    batches[0]?.done();
    await pause();
    expect(rowsOf(batches).slice(2)).toEqual([['b/2@1']]);
    batches[1]?.done();
    batches[2]?.done();
    await pause();
    expect(rowsOf(batches).slice(3)).toEqual([['a/3@1', 'a/4@1']]);
  });

  it('gives up patient rows, too, when a row of the same write fails', async () => {
    const { sink, batches, gauges } = sinkOf({ maxInFlight: 1 });
    const written = sink.write([aRow('b/1@1'), { ...aRow('a/1@1'), isPatient: true }]);
    await pause();
    batches[0]?.fail(new Error('refused'));
    await expect(written).rejects.toThrow('refused');
    expect(rowsOf(batches)).toEqual([['b/1@1']]);
    expect(await gauges()).toEqual({ waiting: 0, inFlight: 0 });
  });

  it('puts rows in one batch only when their partitions live on the same nodes, and takes the nodes in turn', async () => {
    const { sink, batches } = sinkOf({ replicasOf: ([name = '']) => (name < 'm' ? 'one' : 'two'), batch: { rows: 2, bytes: 1_000 } });
    void sink.write(['a/1@1', 'z/1@1', 'b/1@1', 'c/1@1', 'y/1@1'].map(text => aRow(text)));
    await pause();
    expect(rowsOf(batches)).toEqual([['a/1@1', 'b/1@1'], ['z/1@1', 'y/1@1'], ['c/1@1']]);
  });

  it('keeps a batch within its rows and its bytes, and writes a row that is larger alone', async () => {
    const { sink, batches } = sinkOf({ batch: { rows: 3, bytes: 100 } });
    void sink.write(['a/1@1', 'a/2@1', 'a/3@1', 'a/4@1'].map(text => aRow(text)));
    void sink.write([aRow('b/1@1', ['x'.repeat(50)]), aRow('b/2@1', ['x'.repeat(50)]), aRow('b/3@1', ['x'.repeat(500)])]);
    await pause();
    expect(rowsOf(batches)).toEqual([['a/1@1', 'a/2@1', 'a/3@1'], ['a/4@1'], ['b/1@1'], ['b/2@1'], ['b/3@1']]);
  });

  it('writes of the versions that wait for a row the newest, in whatever order they came, and tells every writer', async () => {
    const { sink, batches } = sinkOf({ maxInFlight: 1 });
    const durable: string[] = [];
    void sink.write([aRow('a/1@1')]).then(() => durable.push('first'));
    void sink.write([aRow('a/1@3'), aRow('a/2@1')]).then(() => durable.push('newer'));
    void sink.write([aRow('a/1@2')]).then(() => durable.push('older'));
    await pause();
    batches[0]?.done();
    await pause();
    expect(durable).toEqual(['first']);
    expect(rowsOf(batches).slice(1)).toEqual([['a/1@3', 'a/2@1']]);
    batches[1]?.done();
    await pause();
    expect(durable.toSorted()).toEqual(['first', 'newer', 'older']);
  });

  it('has as many batches under way as the bound says, and tells what waits', async () => {
    const { sink, batches, gauges } = sinkOf({ maxInFlight: 2, batch: { rows: 2, bytes: 1_000 } });
    const writing = sink.write(['a/1@1', 'a/2@1', 'a/3@1', 'a/4@1', 'a/5@1', 'a/6@1', 'a/7@1'].map(text => aRow(text)));
    await pause();
    expect(batches).toHaveLength(2);
    expect(await gauges()).toEqual({ waiting: 3, inFlight: 4 });
    for (const at of [0, 1, 2, 3]) {
      batches[at]?.done();
      await pause();
    }
    await writing;
    expect(await gauges()).toEqual({ waiting: 0, inFlight: 0 });
  });

  it('takes no more in while as many rows wait as it may hold', async () => {
    const { sink, batches, gauges } = sinkOf({ maxInFlight: 1, maxWaitingRows: 2 });
    void sink.write([aRow('a/1@1')]);
    void sink.write([aRow('a/2@1'), aRow('a/3@1')]);
    void sink.write([aRow('a/4@1')]);
    void sink.write([aRow('a/5@1')]);
    await pause();
    expect(await gauges()).toEqual({ waiting: 2, inFlight: 1 });
    batches[0]?.done();
    await pause();
    batches[1]?.done();
    await pause();
    expect(rowsOf(batches)).toEqual([['a/1@1'], ['a/2@1', 'a/3@1'], ['a/4@1']]);
    batches[2]?.done();
    await pause();
    expect(rowsOf(batches)).toHaveLength(4);
  });

  it('takes in who comes behind a write that turns out to have no rows', async () => {
    const { sink, batches } = sinkOf({ maxInFlight: 1, maxWaitingRows: 1 });
    for (const rows of [[aRow('a/1@1')], [aRow('a/2@1')], [], [aRow('a/3@1')]]) void sink.write(rows);
    for (const index of [0, 1]) {
      await pause();
      batches[index]?.done();
    }
    await pause();
    expect(rowsOf(batches)).toEqual([['a/1@1'], ['a/2@1'], ['a/3@1']]);
  });

  it('reports a batch that failed to each writer with a row in it, once their other rows under way have ended, and to nobody else', async () => {
    const { sink, batches, gauges } = sinkOf({ maxInFlight: 2, batch: { rows: 2, bytes: 1_000 } });
    const told: string[] = [];
    const outcome = (name: string, writing: Promise<void>) =>
      void writing.then(
        () => told.push(`${name} durable`),
        error => told.push(`${name} ${error.message}`),
      );
    outcome('one', sink.write([aRow('a/1@1')]));
    outcome('two', sink.write(['a/2@1', 'a/3@1', 'a/4@1', 'a/5@1'].map(text => aRow(text))));
    outcome('three', sink.write([aRow('a/5@1'), aRow('a/6@1')]));
    await pause();
    expect(rowsOf(batches)).toEqual([['a/1@1'], ['a/2@1', 'a/3@1']]);
    batches[0]?.done();
    await pause();
    expect(rowsOf(batches)[2]).toEqual(['a/4@1', 'a/5@1']);
    batches[1]?.fail(new Error('no node answers'));
    await pause();
    expect(told).toEqual(['one durable']);
    expect(rowsOf(batches)[3]).toEqual(['a/6@1']);
    batches[2]?.done();
    batches[3]?.done();
    await pause();
    expect(told).toEqual(['one durable', 'two no node answers', 'three durable']);
    expect(await gauges()).toEqual({ waiting: 0, inFlight: 0 });
  });

  it('does not write what only waited for a writer that failed, and writes it when that tries again', async () => {
    const { sink, batches } = sinkOf({ maxInFlight: 1, batch: { rows: 1, bytes: 1_000 } });
    const rows = ['a/1@1', 'a/2@1', 'b/1@1'].map(text => aRow(text));
    const first = sink.write(rows);
    await pause();
    batches[0]?.fail(new Error('no node answers'));
    await expect(first).rejects.toThrow('no node answers');
    expect(batches).toHaveLength(1);
    const second = sink.write(rows);
    for (const at of [1, 2, 3]) {
      await pause();
      batches[at]?.done();
    }
    await second;
    expect(rowsOf(batches)).toEqual([['a/1@1'], ['a/1@1'], ['a/2@1'], ['b/1@1']]);
  });

  it('has nothing to do for no rows', async () => {
    const { sink, batches } = sinkOf();
    await sink.write([]);
    expect(batches).toEqual([]);
  });
});
