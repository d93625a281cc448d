/**
 * Rows that wait to be written, by the nodes that hold them and within these by partition, first come first out. A newer version of a
 * row that still waits takes its place: then one write makes both durable.
 */
import type { Statement } from './cassandra-connection.ts';

/** One version of a row, and how to write it. */
export interface SinkRow {
  readonly table: string;
  /** Values of the partition key. */
  readonly partition: readonly string[];
  /** The same for versions of the row of which the newer replaces the older whole, and for no other row of the partition. */
  readonly key: string | number;
  readonly versionUs: number;
  /** Nobody looks for it at once: it goes when no other row waits. @default false */
  readonly isPatient?: boolean;
  insert(): Statement;
}

/** Somebody who waits until rows are durable. */
export interface RowWriter {
  /** Rows of this writer that are not durable yet. */
  left: number;
  /** Why its rows are not durable. */
  failure: { readonly reason: unknown } | undefined;
  /** Called when none is left. */
  settled: () => void;
}

export interface WaitingRow {
  row: SinkRow;
  readonly writers: RowWriter[];
}

export interface Take {
  readonly rows: readonly WaitingRow[];
  readonly statements: readonly Statement[];
}

export interface TakeLimits {
  readonly rows: number;
  /** As Cassandra measures a batch; a single row may be larger. */
  readonly bytes: number;
}

type Partition = Map<string | number, WaitingRow>;

/** Room that a cell takes beside its value: write time, expiry, column. */
const cellBytes = 24;
const numberBytes = 8;

export class RowQueue {
  readonly #replicasOf: (partition: readonly string[]) => string;
  readonly #groups = new Map<string, Map<string, Partition>>();
  readonly #partitions = new Map<string, { readonly group: string; readonly rows: Partition }>();
  #size = 0;

  /** `replicasOf` gives the same text for partitions on the same nodes. */
  constructor(replicasOf: (partition: readonly string[]) => string) {
    this.#replicasOf = replicasOf;
  }

  /** Rows that wait. */
  get size(): number {
    return this.#size;
  }

  add(row: SinkRow, writer: RowWriter): void {
    writer.left += 1;
    const rows = this.#partitionOf(row);
    const waiting = rows.get(row.key);
    if (waiting === undefined) {
      rows.set(row.key, { row, writers: [writer] });
      this.#size += 1;
      return;
    }
    waiting.writers.push(writer);
    if (row.versionUs > waiting.row.versionUs) waiting.row = row;
  }

  /** Rows for one batch: of nodes in turn, oldest partitions first, each as far as the limits allow. */
  take(limits: TakeLimits): Take | undefined {
    const [first] = this.#groups;
    if (first === undefined) return undefined;
    const [name, group] = first;
    const taken = { rows: [] as WaitingRow[], statements: [] as Statement[], bytes: 0 };
    for (const [text, rows] of group) {
      if (!takeFrom(rows, taken, limits)) break;
      group.delete(text);
      this.#partitions.delete(text);
    }
    this.#groups.delete(name);
    if (group.size > 0) this.#groups.set(name, group);
    this.#size -= taken.rows.length;
    return taken;
  }

  /** Takes out the rows that only writers with a failure wait for. */
  withdrawFailed(): readonly WaitingRow[] {
    const withdrawn: WaitingRow[] = [];
    for (const [text, { group, rows }] of this.#partitions) {
      for (const [key, waiting] of rows) {
        if (waiting.writers.some(writer => writer.failure === undefined)) continue;
        rows.delete(key);
        withdrawn.push(waiting);
      }
      if (rows.size === 0) this.#remove(group, text);
    }
    this.#size -= withdrawn.length;
    return withdrawn;
  }

  #partitionOf({ table, partition }: SinkRow): Partition {
    const text = `${table}\n${partition.join('\n')}`;
    const known = this.#partitions.get(text);
    if (known !== undefined) return known.rows;
    const rows: Partition = new Map();
    const group = this.#replicasOf(partition);
    this.#partitions.set(text, { group, rows });
    const partitions = this.#groups.get(group);
    if (partitions === undefined) this.#groups.set(group, new Map([[text, rows]]));
    else partitions.set(text, rows);
    return rows;
  }

  #remove(group: string, text: string): void {
    this.#partitions.delete(text);
    const partitions = this.#groups.get(group);
    partitions?.delete(text);
    if (partitions?.size === 0) this.#groups.delete(group);
  }
}

/** True when the partition was taken whole. */
function takeFrom(rows: Partition, taken: { rows: WaitingRow[]; statements: Statement[]; bytes: number }, limits: TakeLimits): boolean {
  for (const [key, waiting] of rows) {
    if (taken.rows.length === limits.rows) return false;
    const statement = waiting.row.insert();
    const bytes = bytesOf(statement);
    if (taken.rows.length > 0 && taken.bytes + bytes > limits.bytes) return false;
    rows.delete(key);
    taken.rows.push(waiting);
    taken.statements.push(statement);
    taken.bytes += bytes;
  }
  return true;
}

function bytesOf({ params }: Statement): number {
  let bytes = 0;
  for (const value of params) {
    if (typeof value === 'string') bytes += cellBytes + value.length;
    else if (typeof value === 'number') bytes += cellBytes + numberBytes;
  }
  return bytes;
}
