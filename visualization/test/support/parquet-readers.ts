/** Reads Parquet files back as people do: DuckDB over a folder, hyparquet over one file. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { asyncBufferFromFile, type FileMetaData, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';

export type ParquetRow = Readonly<Record<string, unknown>>;

/** In a thread of its own: DuckDB's binding would keep the process of the test alive. */
const program = `
const { parentPort, workerData } = require('node:worker_threads');
const { DuckDBInstance } = require('@duckdb/node-api');
DuckDBInstance.create(':memory:', { threads: '2' })
  .then(instance => instance.connect())
  .then(connection => connection.runAndReadAll(workerData))
  .then(reader => parentPort.postMessage(reader.getRowObjectsJS()));
`;

/** What a query of DuckDB gives; times as Dates, whole numbers of 64 bits as bigints. */
export async function queryDuckDb(sql: string): Promise<readonly ParquetRow[]> {
  const worker = new Worker(program, { eval: true, workerData: sql });
  try {
    const [rows] = await once(worker, 'message');
    return rows;
  } finally {
    await worker.terminate();
  }
}

export async function readParquet(path: string): Promise<readonly ParquetRow[]> {
  return parquetReadObjects({ file: await asyncBufferFromFile(path) });
}

export async function metadataOf(path: string): Promise<FileMetaData> {
  return parquetMetadataAsync(await asyncBufferFromFile(path));
}
