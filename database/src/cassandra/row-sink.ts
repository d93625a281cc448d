/**
 * Natural batching: an idle sink writes at once, and while its writes are under way rows wait and make larger batches. A row costs the
 * server 4 to 8 times less in a batch, also when each row of it is of another partition, as long as they live on the same nodes.
 * Patient rows (ticks, latest prices) give way to all others: a bar does not wait behind the thousand prices of its second.
 */
import type { Gauge } from 'prom-client';
import type { Statement } from './cassandra-connection.ts';
import { RowQueue, type RowWriter, type SinkRow, type Take, type TakeLimits, type WaitingRow } from './row-queue.ts';

export interface RowSinkOptions {
  /** Makes a batch durable. */
  send(statements: readonly Statement[]): Promise<void>;
  /** The same text for partitions on the same nodes. */
  replicasOf(partition: readonly string[]): string;
  /** Told of the rows of a batch that is durable. */
  written(rows: readonly WaitingRow[]): void;
  readonly waitingRows: Gauge;
  readonly inFlightRows: Gauge;
  /** Batches under way at most. @default 8 */
  readonly maxInFlight?: number;
  /** Of these, batches of patient rows at most: the server is to have room for others. @default 4 */
  readonly maxPatientInFlight?: number;
  /** A write waits to be taken in while so many rows wait. @default 20,000 */
  readonly maxWaitingRows?: number;
  /** @default 100 rows and 48 KiB, below the 50 KiB at which Cassandra refuses a batch over several partitions */
  readonly batch?: TakeLimits;
}

/** Rows that wait alike, with a bound on their batches under way. */
interface Lane {
  readonly queue: RowQueue;
  readonly maxInFlight: number;
  inFlight: number;
}

export class RowSink {
  readonly #options: RowSinkOptions;
  /** In the order in which they are served. */
  readonly #lanes: { readonly usual: Lane; readonly patient: Lane };
  readonly #limits: TakeLimits;
  readonly #maxInFlight: number;
  readonly #maxWaitingRows: number;
  readonly #outside: (() => void)[] = [];

  constructor(options: RowSinkOptions) {
    this.#options = options;
    this.#limits = options.batch ?? { rows: 100, bytes: 48 * 1_024 };
    this.#maxInFlight = options.maxInFlight ?? 8;
    this.#maxWaitingRows = options.maxWaitingRows ?? 20_000;
    const laneOf = (maxInFlight: number): Lane => ({ queue: new RowQueue(options.replicasOf), maxInFlight, inFlight: 0 });
    this.#lanes = { usual: laneOf(this.#maxInFlight), patient: laneOf(options.maxPatientInFlight ?? 4) };
  }

  /**
   * Resolves when every row is durable, in this version or in a newer one. The rows are asked for before it resolves, and not later.
   * @throws the first failure, after its rows under way have ended; those that only waited are not written.
   */
  async write(rows: Iterable<SinkRow>): Promise<void> {
    while (this.#size >= this.#maxWaitingRows) await new Promise<void>(resolve => this.#outside.push(resolve));
    const writer: RowWriter = { left: 0, failure: undefined, settled: () => undefined };
    const before = this.#size;
    for (const row of rows) this.#lanes[row.isPatient === true ? 'patient' : 'usual'].queue.add(row, writer);
    this.#options.waitingRows.inc(this.#size - before);
    if (writer.left === 0) return this.#letIn();
    const settled = new Promise<void>(resolve => {
      writer.settled = resolve;
    });
    this.#sendWaiting();
    await settled;
    if (writer.failure !== undefined) throw writer.failure.reason;
  }

  /** Rows that wait. */
  get #size(): number {
    const { usual, patient } = this.#lanes;
    return usual.queue.size + patient.queue.size;
  }

  #sendWaiting(): void {
    const { usual, patient } = this.#lanes;
    for (const lane of [usual, patient]) {
      while (lane.inFlight < lane.maxInFlight && usual.inFlight + patient.inFlight < this.#maxInFlight) {
        const take = lane.queue.take(this.#limits);
        if (take === undefined) break;
        void this.#send(lane, take);
      }
    }
  }

  async #send(lane: Lane, { rows, statements }: Take): Promise<void> {
    const { send, written, waitingRows, inFlightRows } = this.#options;
    lane.inFlight += 1;
    waitingRows.dec(rows.length);
    inFlightRows.inc(rows.length);
    try {
      await send(statements);
      written(rows);
    } catch (reason) {
      this.#fail(rows, reason);
    }
    inFlightRows.dec(rows.length);
    lane.inFlight -= 1;
    settle(rows);
    this.#letIn();
    this.#sendWaiting();
  }

  /** One at a time: its rows let in the next, once they are sent. */
  #letIn(): void {
    if (this.#size < this.#maxWaitingRows) this.#outside.shift()?.();
  }

  #fail(rows: readonly WaitingRow[], reason: unknown): void {
    for (const { writers } of rows) for (const writer of writers) writer.failure ??= { reason };
    const withdrawn = Object.values(this.#lanes).flatMap(({ queue }) => queue.withdrawFailed());
    this.#options.waitingRows.dec(withdrawn.length);
    settle(withdrawn);
  }
}

function settle(rows: readonly WaitingRow[]): void {
  for (const { writers } of rows) {
    for (const writer of writers) {
      writer.left -= 1;
      if (writer.left === 0) writer.settled();
    }
  }
}
