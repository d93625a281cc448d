/**
 * What we use of kafkajs 2.2.4 below its public face: requests of our own on its connections, so that it makes no object for a record
 * on the way in or out; its codecs. The version is pinned, and `canExchange` looks before anything is sent.
 */
import { createRequire } from 'node:module';
import { PipelineError } from '@tapeline/core/errors';
import kafkajs from 'kafkajs';
import type { Broker } from './kafka-client.ts';
import type { Encoder, Exchange, WireRequest } from './kafka-exchange.ts';

const { CompressionCodecs, CompressionTypes } = kafkajs;
const require = createRequire(import.meta.url);

interface WireBroker {
  readonly versions?: Readonly<Record<number, { readonly maxVersion: number }>>;
  readonly connectionPool?: { send?(exchange: Exchange<unknown>): Promise<unknown> };
  disconnect(): Promise<void>;
}

export const produceKey = 0;
export const fetchKey = 1;
export const epochKey = 23;

const { encodeFetch, parseFetch, produceResponse, newEncoder } = kafkajsParts();

export { encodeFetch, newEncoder, parseFetch, produceResponse };

/** True when the broker takes this version of the request, and kafkajs is made as we know it. */
export function canExchange(broker: Broker, apiKey: number, version: number): boolean {
  const { versions, connectionPool } = broker as unknown as WireBroker;
  return typeof connectionPool?.send === 'function' && (versions?.[apiKey]?.maxVersion ?? -1) >= version;
}

/** Sends a request, as kafkajs' broker does it with its own. */
export async function exchange<Answer>(broker: Broker, what: Exchange<Answer>): Promise<Answer> {
  const wire = broker as unknown as WireBroker;
  try {
    return (await wire.connectionPool?.send?.(what)) as Answer;
  } catch (error) {
    if (error instanceof Error && error.name === 'KafkaJSConnectionClosedError') await wire.disconnect();
    throw error;
  }
}

/**
 * The records section of a compressed batch. gzip is always there, other codecs when they are put into kafkajs' registry.
 * @throws PipelineError `log.unavailable` (final).
 */
export async function decompressRecords(compression: number, bytes: Uint8Array): Promise<Uint8Array> {
  const name = Object.entries(CompressionTypes).find(([, type]) => type === compression)?.[0] ?? String(compression);
  try {
    const codec = (CompressionCodecs as Readonly<Record<number, () => { decompress(bytes: Buffer): Promise<Uint8Array> }>>)[
      compression
    ]?.();
    if (codec === undefined) throw new TypeError('no such compression');
    const plain = await codec.decompress(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    return new Uint8Array(plain.buffer, plain.byteOffset, plain.length);
  } catch (cause) {
    const message = `records compressed by ${name} cannot be read: write them with gzip or uncompressed, or put a codec into kafkajs.CompressionCodecs`;
    throw new PipelineError('log.unavailable', message, { retriable: false, cause, fields: { compression: name } });
  }
}

function kafkajsParts() {
  const fetchRequest = require('kafkajs/src/protocol/requests/fetch/v11/request.js') as (request: object) => WireRequest;
  const { parse } = require('kafkajs/src/protocol/requests/fetch/v11/response.js') as Exchange<unknown>['response'];
  const produceV7 = require('kafkajs/src/protocol/requests/produce/v7/response.js') as Exchange<unknown>['response'];
  const EncoderClass = require('kafkajs/src/protocol/encoder.js') as new (initialBytes: number) => Encoder;
  return {
    /** A Fetch request of version 11. */
    encodeFetch: fetchRequest,
    /** Throws for the first partition of `{ responses: [{ topicName, partitions: [{ partition, errorCode }] }] }` that has an error. */
    parseFetch: parse,
    /** Of a Produce request of version 7. */
    produceResponse: produceV7,
    newEncoder: (initialBytes: number) => new EncoderClass(initialBytes),
  };
}
