/**
 * This file builds all images of a test cluster without Docker, into one archive: ours from the Dockerfile, the servers' from their jars,
 * and stand-ins for what cannot be had.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cassandraJars } from '@tapeline/services/cassandra';
import { kafkaJars } from '@tapeline/services/kafka';
import { makeBaseLayers } from './base-images.ts';
import { bytesOf, type Image, packLayer, writeImageArchive } from './image-archive.ts';
import { ImageTrees } from './image-tree.ts';
import { makeServerImages } from './server-images.ts';
import { makeStandInImages } from './stand-in-images.ts';

const repository = fileURLToPath(new URL('../../../', import.meta.url));

/** The targets of the Dockerfile that are images. */
export const targets = ['ingester', 'stream-processor', 'live-board', 'migrations', 'simulator'] as const;

/** Of Kafka's and Cassandra's images, which do not change with ours. */
export const serverTag = 'test';

export interface ClusterImages {
  /** What `node.sh import` takes. */
  readonly archive: string;
  /** Name of each image, with the bytes of its layers and of the one that is not shared. */
  readonly weights: readonly { readonly name: string; readonly bytes: number; readonly ownBytes: number }[];
}

/** @param scripts the folder with make-rootfs.sh; @param scratch a folder for what is made on the way */
export async function buildClusterImages(scripts: string, scratch: string, tag: string): Promise<ClusterImages> {
  const [bases, kafka, cassandra] = await Promise.all([makeBaseLayers(scripts, scratch), kafkaJars(), cassandraJars()]);
  const trees = new ImageTrees(repository, join(scratch, 'trees'));
  const images: Image[] = [];
  for (const target of targets) {
    const { directory, settings } = await trees.build(target);
    images.push({ name: `docker.io/tapeline/${target}:${tag}`, layers: [bases.node, await packLayer(directory, scratch)], settings });
  }
  images.push(...(await makeServerImages({ kafka, cassandra }, bases, scratch, serverTag)));
  images.push(...(await makeStandInImages(bases.node, scratch, tag)));
  const archive = join(scratch, 'images.tar');
  await writeImageArchive(images, archive, scratch);
  const weights = images.map(image => ({ name: image.name, bytes: bytesOf(image), ownBytes: image.layers.at(-1)?.bytes ?? 0 }));
  return { archive, weights };
}
