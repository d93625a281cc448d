import { once } from 'node:events';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
// Mends kafkajs.
import '../src/kafka-client.ts';
import type { Exchange, WireRequest } from '../src/kafka-exchange.ts';
import type { PartedRequest } from '../src/kafka-sending.ts';
import { KafkaSockets } from '../src/kafka-sockets.ts';
import { newEncoder } from '../src/kafka-wire.ts';

interface Connection {
  connect(): Promise<unknown>;
  isConnected(): boolean;
  send(what: Exchange<unknown>): Promise<unknown>;
}

const require = createRequire(import.meta.url);
const ConnectionClass = require('kafkajs/src/network/connection.js') as new (options: object) => Connection;

const quiet = { namespace: () => quiet, debug: () => undefined, warn: () => undefined, error: () => undefined };
const response: Exchange<unknown>['response'] = { decode: async bytes => ({ bytes }), parse: async () => 'answered' };
const plain: WireRequest = { apiKey: 18, apiVersion: 0, apiName: 'ApiVersions', encode: async () => newEncoder(16) };
const parted = { ...plain, parts: () => [] } satisfies PartedRequest;

describe('a connection to a broker', () => {
  const sockets = new KafkaSockets();
  let server: Server;
  let peers: Socket[];
  /** A silent server takes requests and closes nothing, as one behind a cut wire. */
  let isSilent: boolean;
  beforeAll(async () => {
    server = createServer(peer => {
      peers.push(peer);
      peer.on('error', () => undefined);
      peer.on('data', bytes => {
        if (!isSilent) peer.write(answerTo(bytes.readInt32BE(8)));
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  beforeEach(() => {
    peers = [];
    isSilent = true;
  });
  afterAll(() => {
    sockets.destroy();
    server.close();
  });

  const connected = async () => {
    const { port } = server.address() as AddressInfo;
    const connection = new ConnectionClass({
      host: '127.0.0.1',
      port,
      logger: quiet,
      socketFactory: sockets.open,
      connectionTimeout: 1_000,
      requestTimeout: 200,
    });
    await connection.connect();
    return connection;
  };

  it.each([
    ['kafkajs', plain],
    ['ours', parted],
  ])('is made anew after an answer to a request of %s did not come in time', async (_of, request) => {
    const connection = await connected();
    await expect(connection.send({ request, response })).rejects.toMatchObject({ name: 'KafkaJSRequestTimeoutError' });
    await new Promise(setImmediate);
    expect(connection.isConnected()).toBe(false);
    isSilent = false;
    await connection.connect();
    expect(await connection.send({ request, response })).toBe('answered');
    expect(peers).toHaveLength(2);
  });

  it('ends the other requests with it, which are not answered either', async () => {
    const connection = await connected();
    const late = connection.send({ request: parted, response });
    const patient = connection.send({ request: parted, response, requestTimeout: 60_000 });
    const ends = await Promise.allSettled([late, patient]);
    expect(ends).toMatchObject([{ reason: { name: 'KafkaJSRequestTimeoutError' } }, { reason: { name: 'KafkaJSConnectionError' } }]);
  });

  it('stays while its answers come', async () => {
    isSilent = false;
    const connection = await connected();
    for (const request of [plain, parted, plain]) expect(await connection.send({ request, response })).toBe('answered');
    expect(connection.isConnected()).toBe(true);
    expect(peers).toHaveLength(1);
  });
});

function answerTo(correlationId: number): Buffer {
  const answer = Buffer.alloc(8);
  answer.writeInt32BE(4, 0);
  answer.writeInt32BE(correlationId, 4);
  return answer;
}
