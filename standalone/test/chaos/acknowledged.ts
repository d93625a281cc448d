/** Whether each record that the log acknowledged to an ingester stands in it. What was found on both sides is forgotten, so memory stays small. */
import { closeSync, openSync, readSync } from 'node:fs';
import type { Differences } from './difference.ts';
import { digestOf } from './digest.ts';

export class Acknowledged {
  /** Records that were confirmed. */
  count = 0;
  readonly #path: string;
  readonly #noted = new Map<string, number>();
  readonly #inLog = new Map<string, number>();
  #position = 0;
  #rest = '';

  /** @param path the notes of the ingesters */
  constructor(path: string) {
    this.#path = path;
  }

  inLog(partition: number, value: Uint8Array): void {
    match(digestOf(partition, value), this.#inLog, this.#noted);
  }

  /** Takes in what ingesters noted since. */
  readNotes(): void {
    const file = openSync(this.#path, 'r');
    const chunk = Buffer.alloc(1_048_576);
    try {
      for (let length = readSync(file, chunk, 0, chunk.length, this.#position); length > 0; ) {
        this.#position += length;
        const lines = `${this.#rest}${chunk.toString('latin1', 0, length)}`.split('\n');
        this.#rest = lines.pop() ?? '';
        for (const line of lines) match(line, this.#noted, this.#inLog);
        this.count += lines.length;
        length = readSync(file, chunk, 0, chunk.length, this.#position);
      }
    } finally {
      closeSync(file);
    }
  }

  /** When all of the log was read. */
  settle(differences: Differences): void {
    for (const [digest, count] of this.#noted) {
      const [partition = '', text] = digest.split(' ');
      const what = `${count === 1 ? 'a record' : `${count} records`} with the digest ${text} was acknowledged and is not in the log`;
      differences.add({ check: 'acknowledged to an ingester', what, partition: Number(partition) });
    }
  }
}

/** Strikes it off the other side, or notes it on this one. */
function match(digest: string, own: Map<string, number>, other: Map<string, number>): void {
  const waiting = other.get(digest) ?? 0;
  if (waiting > 1) other.set(digest, waiting - 1);
  else if (waiting === 1) other.delete(digest);
  else own.set(digest, (own.get(digest) ?? 0) + 1);
}
