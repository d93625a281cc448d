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

export class RowSink {
  readonly #options: RowSinkOptions;
  readonly #queue: RowQueue;
  readonly #patient: RowQueue;
  readonly #limits: TakeLimits;
  readonly #maxInFlight: number;
  readonly #maxPatientInFlight: number;
  readonly #maxWaitingRows: number;
  readonly #outside: (() => void)[] = [];
  #inFlight = 0;
  #patientInFlight = 0;

  constructor(options: RowSinkOptions) {
    this.#options = options;
    this.#queue = new RowQueue(options.replicasOf);
    this.#patient = new RowQueue(options.replicasOf);
    this.#limits = options.batch ?? { rows: 100, bytes: 48 * 1_024 };
    this.#maxInFlight = options.maxInFlight ?? 8;
    this.#maxPatientInFlight = options.maxPatientInFlight ?? 4;
    this.#maxWaitingRows = options.maxWaitingRows ?? 20_000;
  }

  /**
   * Resolves when every row is durable, in this version or in a newer one. The rows are asked for before it resolves, and not later.
   * @throws the first failure, after its rows under way have ended; those that only waited are not written.
   */
  async write(rows: Iterable<SinkRow>): Promise<void> {
    while (this.#size >= this.#maxWaitingRows) await new Promise<void>(resolve => this.#outside.push(resolve));
    const writer: RowWriter = { left: 0, failure: undefined, settled: () => undefined };
    const before = this.#size;
    for (const row of rows) (row.isPatient === true ? this.#patient : this.#queue).add(row, writer);
    this.#options.waitingRows.inc(this.#size - before);
    if (writer.left === 0) return;
    const settled = new Promise<void>(resolve => {
      writer.settled = resolve;
    });
    this.#sendWaiting();
    await settled;
    if (writer.failure !== undefined) throw writer.failure.reason;
  }

  /** Rows that wait. */
  get #size(): number {
    return this.#queue.size + this.#patient.size;
  }

  #sendWaiting(): void {
    while (this.#inFlight < this.#maxInFlight) {
      const take = this.#queue.take(this.#limits);
      if (take === undefined) break;
      void this.#send(take);
    }
    while (this.#inFlight < this.#maxInFlight && this.#patientInFlight < this.#maxPatientInFlight) {
      const take = this.#patient.take(this.#limits);
      if (take === undefined) return;
      void this.#sendPatient(take);
    }
  }

  async #sendPatient(take: Take): Promise<void> {
    this.#patientInFlight += 1;
    await this.#send(take, () => {
      this.#patientInFlight -= 1;
    });
  }

  async #send({ rows, statements }: Take, ended = (): void => undefined): Promise<void> {
    const { send, written, waitingRows, inFlightRows } = this.#options;
    this.#inFlight += 1;
    waitingRows.dec(rows.length);
    inFlightRows.inc(rows.length);
    try {
      await send(statements);
      written(rows);
    } catch (reason) {
      this.#fail(rows, reason);
    }
    inFlightRows.dec(rows.length);
    this.#inFlight -= 1;
    ended();
    settle(rows);
    if (this.#size < this.#maxWaitingRows) this.#outside.shift()?.();
    this.#sendWaiting();
  }

  #fail(rows: readonly WaitingRow[], reason: unknown): void {
    for (const { writers } of rows) for (const writer of writers) writer.failure ??= { reason };
    const withdrawn = [...this.#queue.withdrawFailed(), ...this.#patient.withdrawFailed()];
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
