/**
 * This file remembers a cluster's identity and ports in its folder, so that it comes back under the same addresses and another
 * process can find it.
 */
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { textIfThere } from '@tapeline/core/durable-file';
import { PipelineError, reasonOf } from '@tapeline/core/errors';
import * as z from 'zod';

/** Where all of them listen. */
export const HOST = '127.0.0.1';

const clusterSchema = z.object({
  service: z.enum(['kafka', 'cassandra']),
  clusterId: z.string(),
  /** It asks who is there. */
  isSecured: z.boolean().default(false),
  nodes: z.array(z.object({ id: z.int().positive(), ports: z.array(z.int().positive()) })).min(1),
});

/** What a folder holds; the first port of a node is the one that clients use. */
export type Cluster = z.infer<typeof clusterSchema>;

/** The cluster in `directory`; undefined when there has been none. */
export async function readCluster(directory: string): Promise<Cluster | undefined> {
  const file = fileOf(directory);
  const text = await textIfThere(file);
  if (text === undefined) return undefined;
  try {
    return clusterSchema.parse(JSON.parse(text));
  } catch (error) {
    const message = `${file} does not describe a cluster: ${reasonOf(error)}; remove the folder to begin anew`;
    throw new PipelineError('services.unavailable', message, { retriable: false, cause: error });
  }
}

/** Replaces the description whole. */
export async function writeCluster(directory: string, cluster: Cluster): Promise<void> {
  const file = fileOf(directory);
  await writeFile(`${file}.new`, `${JSON.stringify(cluster, undefined, 2)}\n`);
  await rename(`${file}.new`, file);
}

/** The folder of one node. */
export function nodeDirectoryOf(directory: string, id: number): string {
  return join(directory, String(id));
}

function fileOf(directory: string): string {
  return join(directory, 'cluster.json');
}
