/**
 * This file asks a server whether it answers: the first request of Kafka's and of Cassandra's protocol, by hand.
 *
 * An open port is not enough: a Kafka broker listens before it serves, while the controllers still elect their leader.
 */
import { readFile } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

const ANSWER_DEADLINE_MS = 5_000;
const CORRELATION_ID = 0x7a7e;

/**
 * True when a broker answers ApiVersions, which it does once it is unfenced.
 *
 * @see https://kafka.apache.org/protocol.html (request header version 1, ApiVersions version 0)
 */
export async function kafkaAnswers(host: string, port: number, caFile?: string | undefined): Promise<boolean> {
  const clientId = Buffer.from('tapeline-services');
  const request = Buffer.alloc(14 + clientId.length);
  request.writeInt32BE(request.length - 4, 0);
  request.writeInt16BE(18, 4);
  request.writeInt16BE(0, 6);
  request.writeInt32BE(CORRELATION_ID, 8);
  request.writeInt16BE(clientId.length, 12);
  clientId.copy(request, 14);
  const response = await exchange({ host, port, caFile }, request, 10);
  return response?.readInt32BE(4) === CORRELATION_ID && response.readInt16BE(8) === 0;
}

/**
 * True when a node answers OPTIONS with SUPPORTED; Cassandra opens this port last.
 *
 * @see https://github.com/apache/cassandra/blob/trunk/doc/native_protocol_v4.spec (sections 2, 4.1.3 and 4.2.4)
 */
export async function cassandraAnswers(host: string, port: number, caFile?: string | undefined): Promise<boolean> {
  const request = Buffer.from([0x04, 0x00, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00, 0x00]);
  const response = await exchange({ host, port, caFile }, request, 9);
  return response?.readUInt8(4) === 0x06;
}

interface Server {
  readonly host: string;
  readonly port: number;
  /** TLS, with a certificate of this authority. @default in clear */
  readonly caFile: string | undefined;
}

/** The first `length` bytes that come back; undefined when the port is closed, the server hangs up or is silent. */
async function exchange({ host, port, caFile }: Server, request: Buffer, length: number): Promise<Buffer | undefined> {
  const ca = caFile && (await readFile(caFile));
  const socket = ca === undefined ? createConnection({ host, port }) : connectTls({ host, port, ca });
  socket.setTimeout(ANSWER_DEADLINE_MS, () => socket.destroy());
  socket.once(ca === undefined ? 'connect' : 'secureConnect', () => socket.write(request));
  try {
    return await firstBytes(socket, length);
  } catch {
    return undefined;
  } finally {
    socket.destroy();
  }
}

async function firstBytes(socket: Socket, length: number): Promise<Buffer | undefined> {
  let received = Buffer.alloc(0);
  for await (const chunk of socket) {
    received = Buffer.concat([received, chunk]);
    if (received.length >= length) return received;
  }
  return undefined;
}
