/**
 * Writes a table as a Parquet file, a row group at a time: what is held is one group, however long the table is. Equal rows give equal bytes.
 * And reads what such a file says of itself.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { PipelineError } from '@tapeline/core/errors';
import { type KeyValue, parquetMetadataAsync } from 'hyparquet';
import { type BasicType, ByteWriter, type ColumnSource, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer';
import type { FoundFile } from './export-destination.ts';

export interface ParquetColumn<Row> {
  readonly name: string;
  readonly type: Extract<BasicType, 'STRING' | 'DOUBLE' | 'INT32' | 'INT64' | 'BOOLEAN' | 'TIMESTAMP'>;
  /** Rows may lack it. @default false */
  readonly isOptional?: boolean;
  /** Few values for many rows: each is written once in a row group. @default false */
  readonly isDictionary?: boolean;
  /** A `TIMESTAMP` in milliseconds since the Unix epoch. */
  of(row: Row): string | number | boolean | undefined;
}

export interface WrittenFile {
  readonly rows: number;
  readonly bytes: number;
}

/** What a file says of itself. */
export interface FileTotals {
  readonly rows: number;
  /** As they were counted when it was written; `undefined` in files of programs that counted none. */
  readonly changes: number | undefined;
}

/** In the file's own metadata. */
const changesKey = 'tapeline.changes';

/** Enough for readers to skip and to read in parallel, little enough to hold. */
const rowsOfGroup = 50_000;

/**
 * Writes pages of rows to a new file at `path`, durably.
 * @param changesOf how often a row was changed; the file remembers the sum
 */
export async function writeParquet<Row>(
  path: string,
  columns: readonly ParquetColumn<Row>[],
  pages: AsyncIterable<readonly Row[]>,
  changesOf?: (row: Row) => number,
): Promise<WrittenFile> {
  const file = await open(path, 'wx');
  try {
    const bytes = new FileWriter(file);
    const kvMetadata: KeyValue[] = [];
    const writer = new ParquetWriter({
      ...(changesOf === undefined ? {} : { kvMetadata }),
      writer: bytes,
      schema: schemaFromColumnData({ columnData: columns.map(column => sourceOf(column, [])) }),
      createdBy: 'tapeline',
    });
    let rows = 0;
    let changes = 0;
    for await (const group of groupsOf(pages)) {
      rows += group.length;
      if (changesOf !== undefined) for (const row of group) changes += changesOf(row);
      await writer.write({ columnData: columns.map(column => sourceOf(column, group)), rowGroupSize: rowsOfGroup });
    }
    kvMetadata.push({ key: changesKey, value: String(changes) });
    await writer.finish();
    await file.sync();
    return { rows, bytes: bytes.offset };
  } finally {
    await file.close();
  }
}

/** What a file says of itself; `undefined` for one that is no Parquet file. @throws PipelineError of the destination. */
export async function fileTotals(file: FoundFile): Promise<FileTotals | undefined> {
  try {
    const { num_rows: rows, key_value_metadata: metadata = [] } = await parquetMetadataAsync(file);
    const changes = metadata.find(({ key }) => key === changesKey)?.value;
    return { rows: Number(rows), changes: changes === undefined ? undefined : Number(changes) };
  } catch (error) {
    if (error instanceof PipelineError) throw error;
    return undefined;
  }
}

/** Bytes that leave for the file after each row group. */
class FileWriter extends ByteWriter {
  readonly #file: FileHandle;

  constructor(file: FileHandle) {
    super(1_048_576);
    this.#file = file;
  }

  async flush(): Promise<void> {
    await this.#file.writeFile(this.getBytes());
    this.index = 0;
  }

  override finish(): Promise<void> {
    return this.flush();
  }
}

async function* groupsOf<Row>(pages: AsyncIterable<readonly Row[]>): AsyncGenerator<readonly Row[]> {
  let group: Row[] = [];
  for await (const page of pages) {
    for (const row of page) {
      group.push(row);
      if (group.length < rowsOfGroup) continue;
      yield group;
      group = [];
    }
  }
  if (group.length > 0) yield group;
}

function sourceOf<Row>(
  { name, type, isOptional = false, isDictionary = false, of }: ParquetColumn<Row>,
  rows: readonly Row[],
): ColumnSource {
  const values = rows.map(of);
  const data = type === 'INT64' || type === 'TIMESTAMP' ? values.map(value => (value === undefined ? undefined : BigInt(value))) : values;
  return { name, type, nullable: isOptional, data, ...(isDictionary ? { encoding: 'RLE_DICTIONARY' as const } : {}) };
}
