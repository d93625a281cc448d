/**
 * Fetches from one broker: on kafkajs' connections, with a response decoder of our own, so that no object is made for a record.
 * kafkajs' own fetch stays as the way back, for a broker that is too old (before Kafka 2.3) or a kafkajs that is not the one we know.
 */
import type { Logger } from 'pino';
import { type RecordSet, recordSet, sectionBatch } from './kafka-batch.ts';
import type { Broker } from './kafka-client.ts';
import type { Exchange } from './kafka-exchange.ts';
import { decodeFetchResponse, type RawFetchResponse, type RawPartition } from './kafka-fetch-response.ts';
import { framePool } from './kafka-frame-pool.ts';
import { readsGoldenResponse } from './kafka-golden-response.ts';
import { fetchedPartitions, toBatch } from './kafka-records.ts';
import { canExchange, encodeFetch, exchange, fetchKey, parseFetch } from './kafka-wire.ts';
import type { LogBatch } from './market-log.ts';

export interface FetchRequest {
  readonly topic: string;
  readonly partitions: readonly { readonly partition: number; readonly nextOffset: number; readonly maxBytes: number }[];
  readonly maxBytes: number;
  readonly maxWaitMs: number;
  readonly checkCrcs: boolean;
}

/** What one partition answered. */
export interface FetchedPiece {
  readonly partition: number;
  /** Where to go on: behind what was answered, records or not; −1 when that was nothing. */
  readonly nextOffset: number;
  /** The leader epochs of its first and of its last record batch; −1 where they are not known. */
  readonly firstEpoch: number;
  readonly lastEpoch: number;
  /** What memory the batch keeps alive. */
  readonly heldBytes: number;
  /** Its records in `[fromOffset, toOffset)`; `undefined` when there are none. */
  batch(fromOffset: number, toOffset: number): LogBatch | undefined;
  /** For a piece that nobody makes a batch of. */
  release?(): void;
  /** When the partition answered what nobody can read. */
  readonly failure?: unknown;
}

const version = 11;
const networkDelayMs = 100;
/** Less than this is copied out of its response: a view would keep all of that alive for it. */
const copiedBytes = 65_536;

const golden = readsGoldenResponse();
let warned = false;

/** Fetches; throws kafkajs' error for the first partition that has one. */
export async function fetchPieces(broker: Broker, request: FetchRequest, logger: Logger): Promise<readonly FetchedPiece[]> {
  const goldenIsRead = await golden;
  if (goldenIsRead && canExchange(broker, fetchKey, version)) return fetchRaw(broker, request);
  if (!warned)
    logger.warn({ goldenIsRead }, 'fetch responses are decoded by kafkajs, slowly: expected kafkajs 2.2.4 and Kafka 2.3 or newer');
  warned = true;
  return fetchDecoded(broker, request);
}

async function fetchRaw(broker: Broker, request: FetchRequest): Promise<readonly FetchedPiece[]> {
  let response: Buffer = Buffer.alloc(0);
  const what: Exchange<RawFetchResponse> = {
    request: encodeFetch(wireRequest(request)),
    requestTimeout: request.maxWaitMs + networkDelayMs,
    response: {
      decode: async bytes => {
        response = bytes;
        return decodeFetchResponse(bytes);
      },
      parse: async decoded => (await parseFetch(decoded)) as RawFetchResponse,
    },
  };
  const { responses } = await exchange(broker, what);
  const partitions = responses.filter(({ topicName }) => topicName === request.topic).flatMap(answered => answered.partitions);
  let views = partitions.filter(({ recordSet }) => recordSet.length >= copiedBytes).length;
  const release = () => {
    views -= 1;
    if (views === 0) framePool.give(response.buffer);
  };
  const view = { heldBytes: response.length, release };
  return Promise.all(partitions.map(partition => pieceOf(request, partition, view)));
}

/** What a view on a response keeps alive, and lets go. */
interface View {
  readonly heldBytes: number;
  release(): void;
}

async function pieceOf({ topic, checkCrcs }: FetchRequest, raw: RawPartition, view: View): Promise<FetchedPiece> {
  const { partition, highWatermark } = raw;
  const isCopied = raw.recordSet.length < copiedBytes;
  const release = isCopied ? () => {} : view.release;
  try {
    const set = await recordSet(isCopied ? raw.recordSet.slice() : raw.recordSet, { checkCrcs });
    return {
      partition,
      nextOffset: set.nextOffset,
      firstEpoch: set.firstEpoch,
      lastEpoch: set.lastEpoch,
      heldBytes: (isCopied ? raw.recordSet.length : view.heldBytes) + decompressedBytes(set, raw.recordSet),
      batch: (fromOffset, toOffset) => sectionBatch({ topic, partition, highWatermark, set, fromOffset, toOffset, release }),
      release,
    };
  } catch (failure) {
    return { partition, nextOffset: -1, ...unknownEpochs, heldBytes: 0, batch: () => undefined, failure };
  }
}

function decompressedBytes({ sections }: RecordSet, compressed: Uint8Array): number {
  const all = sections.reduce((sum, { start, end }) => sum + end - start, 0);
  return Math.max(0, all - compressed.length);
}

async function fetchDecoded(broker: Broker, request: FetchRequest): Promise<readonly FetchedPiece[]> {
  const response: unknown = await broker.fetch(wireRequest(request));
  return fetchedPartitions(response, request.topic).map(fetched => ({
    partition: fetched.partition,
    nextOffset: Number(fetched.messages.at(-1)?.offset ?? -2) + 1,
    ...unknownEpochs,
    heldBytes: fetched.messages.reduce((sum, { key, value }) => sum + recordOverheadBytes + (key?.length ?? 0) + (value?.length ?? 0), 0),
    batch: (fromOffset, toOffset) => toBatch(request.topic, fetched, fromOffset, toOffset),
  }));
}

const unknownEpochs = { firstEpoch: -1, lastEpoch: -1 };
/** What a record that is an object costs in memory beside its bytes, about. */
const recordOverheadBytes = 200;

function wireRequest({ topic, partitions, maxBytes, maxWaitMs }: FetchRequest) {
  return {
    replicaId: -1,
    isolationLevel: 0,
    maxWaitTime: maxWaitMs,
    minBytes: 1,
    maxBytes,
    topics: [
      {
        topic,
        partitions: partitions.map(({ partition, nextOffset, maxBytes }) => ({ partition, fetchOffset: String(nextOffset), maxBytes })),
      },
    ],
  };
}
