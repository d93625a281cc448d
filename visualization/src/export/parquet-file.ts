/** Writes a table as a Parquet file, a row group at a time: what is held is one group, however long the table is. Equal rows give equal bytes. */
import { type FileHandle, open } from 'node:fs/promises';
import { type BasicType, ByteWriter, type ColumnSource, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer';

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

/** Enough for readers to skip and to read in parallel, little enough to hold. */
const rowsOfGroup = 50_000;

/** Writes pages of rows to a new file at `path`, durably. */
export async function writeParquet<Row>(
  path: string,
  columns: readonly ParquetColumn<Row>[],
  pages: AsyncIterable<readonly Row[]>,
): Promise<WrittenFile> {
  const file = await open(path, 'wx');
  try {
    const bytes = new FileWriter(file);
    const writer = new ParquetWriter({
      writer: bytes,
      schema: schemaFromColumnData({ columnData: columns.map(column => sourceOf(column, [])) }),
      createdBy: 'tapeline',
    });
    let rows = 0;
    for await (const group of groupsOf(pages)) {
      rows += group.length;
      await writer.write({ columnData: columns.map(column => sourceOf(column, group)), rowGroupSize: rowsOfGroup });
    }
    await writer.finish();
    await file.sync();
    return { rows, bytes: bytes.offset };
  } finally {
    await file.close();
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
