import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import { type BatchItem, type BatchRequest, encodeBatch, writeBatchesFast } from '@tapeline/database/cassandra/batch-frame';
import { routingKeyOf } from '@tapeline/database/cassandra/replica-groups';
import cassandra, { type Client } from 'cassandra-driver';
import fc from 'fast-check';
import { pino } from 'pino';

// The driver's own encoder is the plain twin; it is not exported, so the test takes it out of the package.
const require = createRequire(import.meta.url);
const { BatchRequest: PlainRequest } = require('cassandra-driver/lib/requests.js') as {
  BatchRequest: new (queries: readonly BatchItem[], options: BatchRequest['options']) => BatchRequest;
};
const Encoder = require('cassandra-driver/lib/encoder.js') as new (
  version: number,
  options: object,
) => { readonly protocolVersion: number };

const { dataTypes, unset, Long } = cassandra.types;
const encoder = new Encoder(4, {});

function optionsOf(over: object = {}): BatchRequest['options'] {
  const options = {
    getOrGenerateTimestamp: () => Long.fromNumber(1_730_635_200_000_123),
    getHints: () => undefined,
    isBatchCounter: () => false,
    isBatchLogged: () => false,
    isQueryTracing: () => false,
    getCustomPayload: () => undefined,
    getConsistency: () => cassandra.types.consistencies.localQuorum,
    getSerialConsistency: () => undefined,
    getKeyspace: () => undefined,
    ...over,
  };
  return options;
}

function anItem(cells: readonly (readonly [code: number, value: unknown])[]): BatchItem {
  return {
    queryId: Buffer.from('0123456789abcdef'),
    meta: { columns: cells.map(([code]) => ({ type: { code } })) },
    params: cells.map(([, value]) => value),
  };
}

const cell = fc.oneof(
  fc.tuple(fc.constantFrom(dataTypes.varchar, dataTypes.text), fc.string({ unit: 'binary', maxLength: 300 })),
  fc.tuple(fc.constant(dataTypes.double), fc.double()),
  fc.tuple(fc.constant(dataTypes.int), fc.integer()),
  fc.tuple(fc.constantFrom(dataTypes.bigint, dataTypes.timestamp), fc.maxSafeInteger()),
  fc.tuple(fc.constant(dataTypes.boolean), fc.boolean()),
  fc.tuple(fc.constantFrom(dataTypes.varchar, dataTypes.double, dataTypes.bigint), fc.constantFrom(null, unset)),
);

describe('the frame of a batch', () => {
  it('has the very bytes that the driver makes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(cell, { maxLength: 12 }), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 0, max: 32_767 }),
        (rows, stream) => {
          const request = new PlainRequest(rows.map(anItem), optionsOf());
          const plain = request.write(encoder, stream);
          expect(encodeBatch(request, stream)?.equals(plain)).toBe(true);
        },
      ),
    );
  });

  it('is left to the driver when it holds what only that knows', () => {
    const encoded = (item: BatchItem, over: object = {}) => encodeBatch(new PlainRequest([item], optionsOf(over)), 1);
    expect(encoded(anItem([[dataTypes.int, 1]]))).toBeInstanceOf(Buffer);
    expect(encoded(anItem([[dataTypes.int, 2 ** 40]]))).toBeUndefined();
    expect(encoded(anItem([[dataTypes.bigint, 1.5]]))).toBeUndefined();
    expect(encoded(anItem([[dataTypes.blob, Buffer.from('x')]]))).toBeUndefined();
    expect(encoded(anItem([[dataTypes.timestamp, new Date(0)]]))).toBeUndefined();
    expect(encoded(anItem([[dataTypes.int, 1]]), { isBatchLogged: () => true })).toBeUndefined();
    expect(encoded(anItem([[dataTypes.int, 1]]), { isQueryTracing: () => true })).toBeUndefined();
    expect(encoded({ params: [1] })).toBeUndefined();
  });

  it('is the one of the driver for good, with a warning, when the driver makes other bytes', async () => {
    const warnings: string[] = [];
    const logger = pino({ level: 'warn' }, { write: line => void warnings.push(JSON.parse(line).msg) });
    const item = anItem([[dataTypes.int, 7]]);
    const client = {
      _createBatchRequest: async (items: readonly BatchItem[]) => {
        const request = new PlainRequest(items, optionsOf());
        return Object.assign(request, { write: () => Buffer.from('another protocol') });
      },
    };
    writeBatchesFast(client as unknown as Client, logger);
    for (let i = 0; i < 3; i += 1) {
      const request = await client._createBatchRequest([item]);
      expect(request.write(encoder, 1)).toEqual(Buffer.from('another protocol'));
    }
    expect(warnings).toEqual(['batches are written by the slower encoder of the driver: the bytes of ours differ']);
  });
});

describe('the routing key of a partition', () => {
  it('is a single value as it is, and of several each between its length and a zero', () => {
    expect(routingKeyOf(['all']).toString('latin1')).toBe('all');
    expect(routingKeyOf(['BTC/USD', '1m']).toString('latin1')).toBe('\0\x07BTC/USD\0\0\x021m\0');
  });
});
