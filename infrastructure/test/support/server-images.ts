/**
 * This file makes images of Kafka and Cassandra from the jars that the services cache holds: a Java, and jars where the charts look.
 *
 * They are for tests where no registry can be reached; people use the official images.
 */
import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Image, type Layer, packLayer } from './image-archive.ts';

export interface ServerJars {
  readonly kafka: string;
  readonly cassandra: string;
}

/** Where the official images keep their jars, which is what the charts' defaults say. */
const jarFolders = { kafka: 'opt/kafka/libs', cassandra: 'opt/cassandra/lib' } as const;

/** The images `tapeline-test/kafka` and `tapeline-test/cassandra`, on top of a layer with Java. */
export async function makeServerImages(jars: ServerJars, base: Layer, scratch: string, tag: string): Promise<readonly Image[]> {
  return await Promise.all(
    (['kafka', 'cassandra'] as const).map(async server => {
      const root = join(scratch, server);
      const folder = join(root, jarFolders[server]);
      mkdirSync(folder, { recursive: true });
      for (const file of readdirSync(jars[server]).filter(name => name.endsWith('.jar')))
        cpSync(join(jars[server], file), join(folder, file));
      return {
        name: `docker.io/tapeline-test/${server}:${tag}`,
        layers: [base, await packLayer(root, scratch)],
        settings: { entrypoint: ['java'], cmd: ['-version'], env: {}, user: '10001:10001', workdir: '/tmp', exposed: [] },
      };
    }),
  );
}
