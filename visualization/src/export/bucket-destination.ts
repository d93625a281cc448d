/** Exports to a bucket of an S3-compatible object store: each file is written to a temporary folder of this machine, and uploaded at once. */
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { PipelineError } from '@tapeline/core/errors';
import { type ExportDestination, exportError, type FoundFile } from './export-destination.ts';

export interface BucketOptions {
  readonly bucket: string;
  /** Of all names, without a slash around it. */
  readonly prefix?: string | undefined;
  /** AWS when absent. */
  readonly endpoint?: string | undefined;
  readonly region: string;
  /** Those that the SDK finds (of the pod, of the machine) when absent. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
}

/** What one upload can hold. */
const mostBytes = 5 * 1_024 ** 3;
const attempts = 4;
const waitMs = 500;
/** A store that takes a connection and says nothing would be waited for without end. */
const patience = { connectionTimeout: 10_000, socketTimeout: 60_000 };
const nothing = () => undefined;

export class BucketDestination implements ExportDestination {
  readonly name: string;
  readonly #options: BucketOptions;
  readonly #client: S3Client;

  constructor(options: BucketOptions) {
    const { bucket, prefix, endpoint, region, credentials } = options;
    this.name = `s3://${[bucket, prefix].filter(Boolean).join('/')}`;
    this.#options = options;
    this.#client = new S3Client({
      region,
      maxAttempts: attempts,
      requestHandler: patience,
      // It would warn of each upload that it cannot send again; that is done here, from the file.
      logger: { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing },
      // Stores other than AWS have no names of buckets in DNS, and know no checksums in trailers.
      ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      ...(credentials === undefined ? {} : { credentials }),
    });
  }

  async find(path: string, signal: AbortSignal): Promise<FoundFile | undefined> {
    try {
      const command = new HeadObjectCommand({ Bucket: this.#options.bucket, Key: this.#keyOf(path) });
      const { ContentLength: byteLength = 0 } = await this.#client.send(command, { abortSignal: signal });
      return { byteLength, slice: (start, end = byteLength) => this.#slice(path, { start, end, signal }) };
    } catch (error) {
      if (error instanceof S3ServiceException && error.name === 'NotFound') return undefined;
      throw this.#failure(`cannot look for ${path} in ${this.name}`, error);
    }
  }

  async put<T>(path: string, write: (temporaryPath: string) => Promise<T>, signal: AbortSignal): Promise<T> {
    const folder = await mkdtemp(join(tmpdir(), 'tapeline-export-'));
    try {
      const temporary = join(folder, basename(path));
      const written = await write(temporary);
      await this.#upload(path, temporary, signal);
      return written;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async close(): Promise<void> {
    this.#client.destroy();
  }

  async #slice(
    path: string,
    { start, end, signal }: { readonly start: number; readonly end: number; readonly signal: AbortSignal },
  ): Promise<ArrayBuffer> {
    try {
      const command = new GetObjectCommand({ Bucket: this.#options.bucket, Key: this.#keyOf(path), Range: `bytes=${start}-${end - 1}` });
      const { Body: body } = await this.#client.send(command, { abortSignal: signal });
      return Uint8Array.from((await body?.transformToByteArray()) ?? []).buffer;
    } catch (error) {
      throw this.#failure(`cannot read ${path} in ${this.name}`, error);
    }
  }

  async #upload(path: string, file: string, signal: AbortSignal): Promise<void> {
    const { size } = await stat(file);
    if (size > mostBytes) {
      const message = `${path} has ${size} bytes, expected at most ${mostBytes} in one upload: export its table to a folder, or fewer symbols`;
      throw new PipelineError('export.refused', message, { retriable: false });
    }
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#send(path, { file, size, signal });
        return;
      } catch (error) {
        const failure = this.#failure(`cannot write ${path} to ${this.name}`, error);
        if (!failure.retriable || attempt === attempts || signal.aborted) throw failure;
        await sleep(attempt * waitMs, undefined, { signal });
      }
    }
  }

  async #send(path: string, { file, size, signal }: { readonly file: string; readonly size: number; readonly signal: AbortSignal }) {
    const command = new PutObjectCommand({
      Bucket: this.#options.bucket,
      Key: this.#keyOf(path),
      Body: createReadStream(file),
      ContentLength: size,
      ContentType: 'application/vnd.apache.parquet',
    });
    await this.#client.send(command, { abortSignal: signal });
  }

  #keyOf(path: string): string {
    return [this.#options.prefix, path].filter(Boolean).join('/');
  }

  /** What the store refuses stays refused until somebody changes something; all else may pass. */
  #failure(what: string, error: unknown): PipelineError {
    const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
    const isRefused = status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 429;
    const text = error instanceof S3ServiceException ? new Error(`status ${status ?? 'unknown'} ${error.name} ${error.message}`) : error;
    const remedy = isRefused ? 'check EXPORT_BUCKET, EXPORT_REGION, the keys and what they may do' : 'it is tried again';
    return exportError(what, text, { remedy, retriable: !isRefused });
  }
}
