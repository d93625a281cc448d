/** Reads Parquet files back as people do: DuckDB over a folder, hyparquet over one file. */
import { DuckDBInstance } from '@duckdb/node-api';
import { asyncBufferFromFile, type FileMetaData, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';

export type ParquetRow = Readonly<Record<string, unknown>>;

/** What a query of DuckDB gives; times as Dates, whole numbers of 64 bits as bigints. */
export async function queryDuckDb(sql: string): Promise<readonly ParquetRow[]> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
  const connection = await instance.connect();
  try {
    const reader = await connection.runAndReadAll(sql);
    return reader.getRowObjectsJS();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

export async function readParquet(path: string): Promise<readonly ParquetRow[]> {
  return parquetReadObjects({ file: await asyncBufferFromFile(path) });
}

export async function metadataOf(path: string): Promise<FileMetaData> {
  return parquetMetadataAsync(await asyncBufferFromFile(path));
}
