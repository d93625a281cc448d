/**
 * This file makes images of Kafka and Cassandra from the jars that the services cache holds: a Java, and jars and commands where the
 * charts and docs/operate.md look for them.
 *
 * They are for tests where no registry can be reached; people use the official images.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readEnvironment } from '@tapeline/services/environment';
import { jarFolder } from '@tapeline/services/jar-cache';
import type { BaseLayers } from './base-images.ts';
import { type Image, packLayer } from './image-archive.ts';

export interface ServerJars {
  readonly kafka: string;
  readonly cassandra: string;
}

const repository = fileURLToPath(new URL('../../../', import.meta.url));
const kafkaToolsPom = fileURLToPath(new URL('../fixtures/kafka-tools/pom.xml', import.meta.url));
const modules = readFileSync(join(repository, 'charts/cassandra/files/java-modules.txt'), 'utf8').trim().split('\n').join(' ');

/** Where the official images keep their jars, which is what the charts' defaults say. */
const jarFolders = { kafka: 'opt/kafka/libs', cassandra: 'opt/cassandra/lib' } as const;

/** Of the commands of the official images, those that an operator is told to use; the main classes are the servers' own. */
const commands: Readonly<Record<keyof ServerJars, Readonly<Record<string, string>>>> = {
  kafka: {
    'opt/kafka/bin/kafka-consumer-groups.sh': `#!/bin/sh
exec java -Xmx64m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp '/opt/kafka/libs/*' org.apache.kafka.tools.consumer.group.ConsumerGroupCommand "$@"
`,
  },
  cassandra: {
    'usr/local/bin/nodetool': `#!/bin/sh
exec java -Xmx64m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC ${modules} -cp '/opt/cassandra/lib/*' org.apache.cassandra.tools.NodeTool "$@"
`,
    // A stand-in: the real one is a program in Python that no registry of packages has.
    'usr/local/bin/cqlsh': `#!/usr/local/bin/node
const { Client } = require('/opt/cqlsh/node_modules/cassandra-driver');
const [flag, statement] = process.argv.slice(2);
if (flag !== '-e') throw new Error('only -e is known');
const client = new Client({ contactPoints: [require('node:os').hostname()], localDataCenter: 'datacenter1', socketOptions: { readTimeout: 60_000 } });
client.execute(statement).then(({ rows }) => rows?.forEach(row => console.log(JSON.stringify(row)))).finally(() => client.shutdown());
`,
  },
};

/** The images `tapeline-test/kafka` and `tapeline-test/cassandra`, on top of a layer with Java. */
export async function makeServerImages(jars: ServerJars, bases: BaseLayers, scratch: string, tag: string): Promise<readonly Image[]> {
  const more = { kafka: await kafkaTools(), cassandra: undefined } as const;
  const layers = { kafka: [bases.java], cassandra: [bases.java, bases.node] } as const;
  return await Promise.all(
    (['kafka', 'cassandra'] as const).map(async server => {
      const root = join(scratch, server);
      for (const folder of [jars[server], more[server]]) if (folder !== undefined) copyJars(folder, join(root, jarFolders[server]));
      for (const [path, text] of Object.entries(commands[server])) {
        mkdirSync(dirname(join(root, path)), { recursive: true });
        writeFileSync(join(root, path), text, { mode: 0o755 });
      }
      if (server === 'cassandra') copyDriver(join(root, 'opt/cqlsh/node_modules'));
      return {
        name: `docker.io/tapeline-test/${server}:${tag}`,
        layers: [...layers[server], await packLayer(root, scratch)],
        settings: { entrypoint: ['java'], cmd: ['-version'], env: {}, user: '10001:10001', workdir: '/tmp', exposed: [] },
      };
    }),
  );
}

/** The jar with Kafka's commands, which no broker needs. */
async function kafkaTools(): Promise<string> {
  const need = { server: 'kafka 4.3.1', minimum: 17, variable: 'KAFKA_BROKERS' } as const;
  return await jarFolder({ name: 'kafka-tools-4.3.1', pomFile: kafkaToolsPom, need, environment: readEnvironment() });
}

function copyJars(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const file of readdirSync(from).filter(name => name.endsWith('.jar'))) cpSync(join(from, file), join(to, file));
}

function copyDriver(to: string): void {
  for (const name of ['cassandra-driver', 'adm-zip', 'long']) {
    cpSync(join(repository, 'node_modules', name), join(to, name), { recursive: true });
  }
}
