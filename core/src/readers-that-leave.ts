/** Readers of what a program prints may leave before its end, as `head` does: that is no failure, and the exit status stays what the work gives. */

/** For a program as it begins: what it does goes on without them. */
export function mindNoReaderThatLeaves(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', error => {
      if (!hasLeft(error)) throw error;
    });
  }
}

/** Whether that is why something could not be written. */
export function hasLeft(error: Error): boolean {
  return 'code' in error && error.code === 'EPIPE';
}
