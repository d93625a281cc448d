import { describe, expect, it } from '@jest/globals';
import cassandra from 'cassandra-driver';
import { cassandraFailure } from '../src/cassandra/cassandra-failure.ts';

const { errors, types } = cassandra;
const refusal = (message: string) => cassandraFailure(new errors.ResponseError(types.responseErrorCodes.invalid, message), ['a:9042']);

describe('an error of Cassandra', () => {
  it('says what to do where a tick is to be kept for longer than the server can count', () => {
    const message =
      'Request on table market.ticks_by_symbol_hour with  ttl of 630720000 seconds exceeds maximum supported expiration date of ' +
      '2038-01-19T03:14:06+00:00. In order to avoid this use a lower TTL, change the expiration date overflow policy or upgrade to a version ' +
      'where this limitation is fixed. See CASSANDRA-14092 and CASSANDRA-14227 for more details.';
    expect(refusal(message)).toMatchObject({
      code: 'store.unavailable',
      retriable: false,
      message: expect.stringMatching(/set CASSANDRA_TICK_RETENTION_DAYS lower, .* or storage_compatibility_mode to NONE/),
    });
  });

  it('stays what it is where our CQL is wrong', () => {
    expect(refusal('Undefined column name price')).toBeInstanceOf(errors.ResponseError);
  });
});
