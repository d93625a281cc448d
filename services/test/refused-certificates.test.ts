/** What our clients of Kafka and of Cassandra make of certificates that they must not trust. */
import { describe, expect, it } from '@jest/globals';
import { PipelineError } from '@tapeline/core/errors';
import { CassandraConnection } from '@tapeline/database/cassandra/cassandra-connection';
import { openKafkaLog } from '@tapeline/log/kafka-log';
import { pino } from 'pino';
import { type CertificateOptions, makeAuthority, makeCertificate } from '../src/certificates.ts';
import { startCertifiedServer } from './support/certified-server.ts';

const logger = pino({ level: 'silent' });
const authority = await makeAuthority('Tapeline test');
const timeoutMs = 120_000;

const clients = {
  Kafka: async (port: number, ca: string) => {
    await (await openKafkaLog({ brokers: [`127.0.0.1:${port}`], clientId: 'test', ssl: { ca }, logger })).close();
  },
  Cassandra: async (port: number, ca: string) => {
    const connection = new CassandraConnection({ contactPoints: [`127.0.0.1:${port}`], ssl: { ca }, logger });
    await connection.executeOnce('SELECT key FROM system.local').finally(() => connection.close());
  },
};

const wrong: readonly (readonly [string, CertificateOptions, string, RegExp])[] = [
  [
    'of another authority',
    { names: ['127.0.0.1'] },
    (await makeAuthority('another')).certificate,
    /set (KAFKA|CASSANDRA)_CA_FILE to that authority's$/,
  ],
  [
    'for other names',
    { names: ['elsewhere', '10.0.0.1'] },
    authority.certificate,
    /write one that it carries into (KAFKA_BROKERS|CASSANDRA_CONTACT_POINTS), or have it made for this one$/,
  ],
  [
    'whose time is over',
    { names: ['127.0.0.1'], notBeforeMs: 0, notAfterMs: Date.now() - 60_000 },
    authority.certificate,
    /the server's certificate has expired: renew it there/,
  ],
  ['whose time has not begun', { names: ['127.0.0.1'], notBeforeMs: Date.now() + 3_600_000 }, authority.certificate, /is not valid yet/],
];

describe.each(Object.entries(clients))('the client of %s', (_name, connect) => {
  it.each(wrong)(
    'refuses a certificate %s for good, and says what helps',
    async (_what, options, ca, remedy) => {
      await using server = await startCertifiedServer(await makeCertificate(authority, options));
      const failure = await connect(server.port, ca).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(PipelineError);
      expect(failure).toMatchObject({ retriable: false, message: expect.stringMatching(remedy) });
    },
    timeoutMs,
  );
});
