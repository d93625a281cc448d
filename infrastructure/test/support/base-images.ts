/**
 * This file makes the two layers that images stand on here: Debian with Node in place of `node:…-slim`, Debian with a Java for the servers.
 *
 * Both come from the Debian packages of this machine's apt and are for tests only.
 */
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Layer, packLayer } from './image-archive.ts';

const run = promisify(execFile);
const nodeProgram = fileURLToPath(new URL('../../../node_modules/node/bin/node', import.meta.url));

export interface BaseLayers {
  readonly node: Layer;
  readonly java: Layer;
}

/** What only a screen, a printer, a sound card or an installation needs. */
const unwanted = [
  ...['debconf', 'debconf-2.0', 'dpkg', 'perl', 'perl-base', 'libperl5.36', 'ca-certificates-java', 'openssl'],
  ...['libcups2', 'libpcsclite1', 'libasound2', 'libfontconfig1', 'fontconfig-config', 'libfreetype6', 'libharfbuzz0b', 'libjpeg62-turbo'],
];

/** @param scripts the folder with make-rootfs.sh; @param scratch where folders and layers are put */
export async function makeBaseLayers(scripts: string, scratch: string): Promise<BaseLayers> {
  const withNode = join(scratch, 'base-node');
  const withJava = join(scratch, 'base-java');
  await makeRoot(scripts, withNode, ['libstdc++6', 'ca-certificates']);
  await makeRoot(scripts, withJava, ['openjdk-17-jre-headless', 'bash', 'coreutils', 'dash', 'tar']);
  const node = join(withNode, 'usr/local/bin/node');
  mkdirSync(dirname(node), { recursive: true });
  copyFileSync(nodeProgram, node);
  symlinkSync('/usr/lib/jvm/java-17-openjdk-amd64/bin/java', join(withJava, 'usr/bin/java'));
  return { node: await packLayer(withNode, scratch), java: await packLayer(withJava, scratch) };
}

async function makeRoot(scripts: string, directory: string, packages: readonly string[]): Promise<void> {
  await run(join(scripts, 'make-rootfs.sh'), [directory, ...packages], { env: { ...process.env, SKIP: unwanted.join(' ') } });
}
