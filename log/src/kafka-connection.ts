/**
 * Mends kafkajs 2.2.4, which keeps the empty rest behind each response and copies the whole next one together with it: a megabyte
 * copied for nothing bytes.
 */
import { createRequire } from 'node:module';

/** What the mended method uses of kafkajs' `Connection`. */
interface Connection {
  bytesBuffered: number;
  chunks: Buffer[];
  processData(data: Buffer): unknown;
}

/** Wraps the one method; does nothing to a kafkajs that is made otherwise. */
export function mendConnection(): void {
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/connection.js') as { prototype: Partial<Connection> };
  const { processData } = prototype;
  if (processData === undefined) return;
  prototype.processData = function process(this: Connection, data: Buffer) {
    if (this.bytesBuffered === 0) this.chunks = [];
    return processData.call(this, data);
  };
}
