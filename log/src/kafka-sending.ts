/**
 * Mends kafkajs 2.2.4, which copies a request three times before it sends it: for records of many megabytes a second that is as much
 * garbage three times over, outside of the heap, and each some megabytes of it make V8 look through the whole heap. A request that
 * gives its `parts` is sent as they are, behind each other.
 *
 * The parts may be written to again as soon as nobody waits for the answer. A broker that still gets an older request with newer bytes
 * finds the checksum of its batch wrong, and refuses it.
 *
 * A connection on which an answer did not come in time is cut, as Kafka's own client does it: one whose peer is gone without a word
 * would be written to until the system gives it up, a quarter of an hour later.
 */
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import type { Exchange, WireRequest } from './kafka-exchange.ts';

/** A request whose bytes need not be copied. */
export interface PartedRequest extends WireRequest {
  /** What follows the request's header. */
  parts(): readonly Uint8Array[];
}

interface Answered {
  readonly payload: Buffer;
}

/** What the mended method uses of kafkajs' `Connection`. */
interface Connection {
  readonly clientId: string;
  readonly socket: Socket;
  readonly requestQueue: {
    push(request: {
      readonly entry: object;
      readonly expectResponse: true;
      readonly requestTimeout: number | null;
      readonly sendRequest: () => void;
    }): void;
    maybeThrottle(throttleMs: number | undefined): void;
  };
  isAuthenticated(): boolean;
  authenticate(): Promise<void>;
  failIfNotConnected(): void;
  nextCorrelationId(): number;
  send(what: Exchange<unknown>): Promise<unknown>;
}

/** Wraps the one method; does nothing to a kafkajs that is made otherwise. */
export function mendSending(): void {
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/connection.js') as { prototype: Partial<Connection> };
  const { send } = prototype;
  if (send === undefined) return;
  prototype.send = async function sendAny(this: Connection, what: Exchange<unknown>) {
    const { socket } = this;
    try {
      return await (isParted(what.request) ? sendParts(this, what, what.request) : send.call(this, what));
    } catch (error) {
      // With an error: kafkajs takes no notice of a mere close. Its listeners are those of the connection, so a former socket is let be.
      if (error instanceof Error && error.name === 'KafkaJSRequestTimeoutError' && this.socket === socket) socket.destroy(error);
      throw error;
    }
  };
}

async function sendParts(
  connection: Connection,
  { response, requestTimeout }: Exchange<unknown>,
  request: PartedRequest,
): Promise<unknown> {
  if (!connection.isAuthenticated()) await connection.authenticate();
  connection.failIfNotConnected();
  const { apiKey, apiName, apiVersion } = request;
  const correlationId = connection.nextCorrelationId();
  const parts = request.parts();
  const header = headerOf(request, correlationId, connection.clientId, parts);
  const { payload } = await new Promise<Answered>((resolve, reject) => {
    connection.requestQueue.push({
      entry: { apiKey, apiName, apiVersion, correlationId, resolve, reject },
      expectResponse: true,
      requestTimeout: requestTimeout ?? null,
      sendRequest: () => {
        const { socket } = connection;
        socket.cork();
        socket.write(header);
        for (const part of parts) socket.write(part);
        socket.uncork();
      },
    });
  });
  const decoded = await response.decode(payload);
  connection.requestQueue.maybeThrottle((decoded as { readonly clientSideThrottleTime?: number }).clientSideThrottleTime);
  return response.parse(decoded);
}

/** The length of all that follows, and the header of version 1 (https://kafka.apache.org/protocol#protocol_messages). */
function headerOf({ apiKey, apiVersion }: WireRequest, correlationId: number, clientId: string, parts: readonly Uint8Array[]): Buffer {
  const name = Buffer.from(clientId);
  const header = Buffer.allocUnsafe(14 + name.length);
  const length = parts.reduce((sum, part) => sum + part.length, header.length - 4);
  header.writeInt32BE(length, 0);
  header.writeInt16BE(apiKey, 4);
  header.writeInt16BE(apiVersion, 6);
  header.writeInt32BE(correlationId, 8);
  header.writeInt16BE(name.length, 12);
  name.copy(header, 14);
  return header;
}

function isParted(request: WireRequest): request is PartedRequest {
  return 'parts' in request;
}
