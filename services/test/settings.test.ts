import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { cassandraSettings } from '../src/cassandra-settings.ts';
import { kafkaProperties } from '../src/kafka-properties.ts';

const one = { id: 1, clientPort: 20_001, controllerPort: 20_002 };
const two = { id: 2, clientPort: 20_003, controllerPort: 20_004 };
const three = { id: 3, clientPort: 20_005, controllerPort: 20_006 };

async function text(path: string): Promise<string> {
  return await readFile(new URL(path, import.meta.url), 'utf8');
}

describe('kafkaProperties', () => {
  it('keeps one copy of everything on a single broker', () => {
    const lines = kafkaProperties(one, [one], '/state/1').split('\n');
    expect(lines).toContain('default.replication.factor=1');
    expect(lines).toContain('min.insync.replicas=1');
    expect(lines).toContain('log.dirs=/state/1/data');
  });

  it('keeps three copies and needs two of them on three brokers, which know each other as controllers', () => {
    const lines = kafkaProperties(two, [one, two, three], '/state/2').split('\n');
    expect(lines).toContain('default.replication.factor=3');
    expect(lines).toContain('min.insync.replicas=2');
    expect(lines).toContain('offsets.topic.replication.factor=3');
    expect(lines).toContain('controller.quorum.voters=1@127.0.0.1:20002,2@127.0.0.1:20004,3@127.0.0.1:20006');
    expect(lines).toContain('listeners=CLIENTS://127.0.0.1:20003,CONTROLLER://127.0.0.1:20004');
  });
});

describe('secured servers', () => {
  const files = { serverFile: '/state/server.pem', caFile: '/state/ca.crt' };

  it('let nobody into Kafka without TLS and a password, and nobody do what no ACL allows', () => {
    const lines = kafkaProperties(one, [one], '/state/1', { ...files, adminPassword: 'pass' }).split('\n');
    expect(lines).toContain('listener.security.protocol.map=CLIENTS:SASL_SSL,CONTROLLER:SSL');
    expect(lines).toContain('listener.name.controller.ssl.client.auth=required');
    expect(lines).toContain('authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer');
    expect(lines.filter(line => /PLAINTEXT|ANONYMOUS|allow\.everyone/.test(line))).toEqual([]);
  });

  it('let nobody into Cassandra without TLS and a password', () => {
    const settings = JSON.parse(
      cassandraSettings('127.0.0.1', { nativePort: 1, storagePort: 2, jmxPort: 3 }, '/state/1', { secured: files }),
    );
    expect(settings).toMatchObject({
      authenticator: 'PasswordAuthenticator',
      authorizer: 'CassandraAuthorizer',
      client_encryption_options: { enabled: true, optional: false, keystore: files.serverFile, truststore: files.caFile },
    });
  });
});

describe('cassandraSettings', () => {
  it('listens on loopback only, on the ports it is given', () => {
    const settings = JSON.parse(cassandraSettings('127.0.0.1', { nativePort: 1, storagePort: 2, jmxPort: 3 }, '/state/1'));
    expect(settings).toMatchObject({
      listen_address: '127.0.0.1',
      rpc_address: '127.0.0.1',
      native_transport_port: 1,
      storage_port: 2,
      data_file_directories: ['/state/1/data'],
      commitlog_sync: 'periodic',
    });
  });

  it('answers a write when it is on the disk, if that is asked for', () => {
    const settings = JSON.parse(
      cassandraSettings('127.0.0.1', { nativePort: 1, storagePort: 2, jmxPort: 3 }, '/state/1', { durability: 'synced' }),
    );
    expect(settings).toMatchObject({ commitlog_sync: 'group', commitlog_sync_group_window: '5ms' });
    expect(settings).not.toHaveProperty('commitlog_sync_period');
  });
});

describe('the versions', () => {
  it('are the same in compose.yaml and in what the launcher fetches', async () => {
    const compose = await text('../../compose.yaml');
    expect(compose).toContain('image: apache/kafka:4.3.1\n');
    expect(compose).toContain('image: cassandra:5.0.9\n');
    expect(await text('../resources/kafka/pom.xml')).toContain('<artifactId>kafka_2.13</artifactId>\n      <version>4.3.1</version>');
    expect(await text('../resources/cassandra/pom.xml')).toContain(
      '<artifactId>cassandra-all</artifactId>\n      <version>5.0.9</version>',
    );
  });

  it('are published by compose on loopback alone', async () => {
    const ports = (await text('../../compose.yaml')).match(/- \S+:\d+:\d+/g);
    expect(ports).toEqual(['- 127.0.0.1:9092:9092', '- 127.0.0.1:9042:9042']);
  });
});
