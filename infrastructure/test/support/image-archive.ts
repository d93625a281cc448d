/**
 * This file packs folders into an archive of container images, as `docker save` writes it: `ctr images import` and `docker load` read it.
 *
 * Names are sorted, owners are root and times are zero, so the same files give the same image. Images that share a layer share its bytes.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import type { ImageSettings } from './image-tree.ts';

const run = promisify(execFile);
const epoch = '1970-01-01T00:00:00Z';

export interface Layer {
  /** Hexadecimal SHA-256 of the tar file. */
  readonly digest: string;
  readonly file: string;
  readonly bytes: number;
}

export interface Image {
  /** `docker.io/tapeline/ingester:tag`. */
  readonly name: string;
  /** From the base upwards. */
  readonly layers: readonly Layer[];
  readonly settings: ImageSettings;
}

/** Packs a folder as one layer into `scratch`. */
export async function packLayer(directory: string, scratch: string): Promise<Layer> {
  mkdirSync(scratch, { recursive: true });
  const partial = join(mkdtempSync(join(scratch, 'layer-')), 'layer.tar');
  await run('tar', [...reproducible, '-C', directory, '-cf', partial, '.']);
  const hash = createHash('sha256');
  await pipeline(createReadStream(partial), hash);
  const digest = hash.digest('hex');
  const file = join(scratch, `${digest}.tar`);
  renameSync(partial, file);
  rmSync(join(partial, '..'), { recursive: true });
  return { digest, file, bytes: statSync(file).size };
}

/** Writes the images into one archive. */
export async function writeImageArchive(images: readonly Image[], file: string, scratch: string): Promise<void> {
  const folder = mkdtempSync(join(scratch, 'archive-'));
  const layers = new Map(images.flatMap(({ layers }) => layers.map(layer => [layer.digest, layer] as const)));
  const manifest = images.map(image => {
    const config = `${JSON.stringify(configOf(image))}\n`;
    const name = `${createHash('sha256').update(config).digest('hex')}.json`;
    writeFileSync(join(folder, name), config);
    return { Config: name, RepoTags: [image.name], Layers: image.layers.map(({ digest }) => `${digest}.tar`) };
  });
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
  const configs = [...new Set(manifest.map(({ Config }) => Config)), 'manifest.json'];
  const names = [...layers.keys()].map(digest => `${digest}.tar`);
  await run('tar', [...reproducible, '-cf', file, '-C', folder, ...configs, '-C', scratch, ...names]);
  rmSync(folder, { recursive: true });
}

/** What a node pulls: the bytes of all layers. */
export function bytesOf({ layers }: Image): number {
  return layers.reduce((sum, { bytes }) => sum + bytes, 0);
}

const reproducible = [
  '--sort=name',
  '--owner=0',
  '--group=0',
  '--numeric-owner',
  '--mtime=@0',
  '--format=posix',
  '--pax-option=delete=atime,delete=ctime',
];

function configOf({ layers, settings }: Image): unknown {
  const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...settings.env };
  return {
    architecture: 'amd64',
    os: 'linux',
    created: epoch,
    config: {
      Entrypoint: settings.entrypoint,
      Cmd: settings.cmd,
      Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
      User: settings.user,
      WorkingDir: settings.workdir,
      ExposedPorts: Object.fromEntries(settings.exposed.map(port => [`${port}/tcp`, {}])),
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => `sha256:${digest}`) },
    history: layers.map(() => ({ created: epoch, created_by: 'tapeline' })),
  };
}
