/** Where exported files go. A file is there as a whole or not at all, whenever the process is killed. */
import { PipelineError, reasonOf } from '@tapeline/core/errors';

/** A file that is there, to be looked into. */
export interface FoundFile {
  readonly byteLength: number;
  /** Bytes from `start` up to `end`, exclusive. @throws PipelineError as {@link ExportDestination.find} does. */
  slice(start: number, end?: number): Promise<ArrayBuffer>;
}

export interface ExportDestination {
  /** For people: the folder, or the bucket with its prefix. */
  readonly name: string;
  /**
   * A file that is there; `undefined` when none is.
   * @param signal ends the question, and looking into the file
   * @throws PipelineError `export.unavailable` (retriable), `export.refused`.
   */
  find(path: string, signal: AbortSignal): Promise<FoundFile | undefined>;
  /**
   * Takes a file that `write` writes to a temporary path, in the place of what was there.
   * @param signal ends an upload
   * @throws what `write` throws, PipelineError `export.unavailable` (retriable), `export.refused` with the remedy.
   */
  put<T>(path: string, write: (temporaryPath: string) => Promise<T>, signal: AbortSignal): Promise<T>;
  close(): Promise<void>;
}

/** A failure of a destination; what the writing itself threw passes as it is. */
export function exportError(what: string, error: unknown, { remedy, retriable }: { readonly remedy: string; readonly retriable: boolean }) {
  if (error instanceof PipelineError) return error;
  return new PipelineError(retriable ? 'export.unavailable' : 'export.refused', `${what}: ${reasonOf(error)}; ${remedy}`, {
    retriable,
    cause: error,
  });
}
