import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { readEnvironment } from '../src/environment.ts';
import { type JarCacheOptions, jarFolder } from '../src/jar-cache.ts';

/** Options whose Maven is a script; `$out` in it is the folder to fill, `$calls` a file to note calls in. */
async function withMaven(folder: string, script: string): Promise<JarCacheOptions> {
  const bin = join(folder, 'bin');
  await mkdir(bin, { recursive: true });
  const outputDirectory = `for a; do case "$a" in -DoutputDirectory=*) out="\${a#*=}";; esac; done`;
  await writeFile(join(bin, 'mvn'), `#!/bin/sh\n${outputDirectory}\ncalls=${join(folder, 'calls')}\n${script}\n`);
  await chmod(join(bin, 'mvn'), 0o755);
  await writeFile(join(folder, 'pom.xml'), '<project/>');
  return {
    name: 'kafka-4.3.1',
    pomFile: join(folder, 'pom.xml'),
    need: { server: 'kafka 4.3.1', minimum: 17, variable: 'KAFKA_BROKERS' },
    environment: readEnvironment({ PATH: `${bin}:/usr/bin:/bin`, TAPELINE_CACHE_DIR: join(folder, 'cache') }),
  };
}

const delivers = 'echo call >> "$calls"; sleep 0.3; echo jar > "$out/a.jar"';

describe('jarFolder', () => {
  it('downloads once when several ask at the same time', async () => {
    const folder = temporaryFolder('services');
    const options = await withMaven(folder, delivers);
    const folders = await Promise.all([jarFolder(options), jarFolder(options), jarFolder(options)]);
    const expected = join(folder, 'cache', 'services', 'kafka-4.3.1');
    expect(folders).toEqual([expected, expected, expected]);
    expect(await readFile(join(folder, 'calls'), 'utf8')).toBe('call\n');
    expect((await readdir(expected)).toSorted()).toEqual(['a.jar', 'pom.xml']);
  });

  it('needs no Maven once the jars are there', async () => {
    const folder = temporaryFolder('services');
    const options = await withMaven(folder, delivers);
    await jarFolder(options);
    const environment = { ...options.environment, path: '/nowhere' };
    await expect(jarFolder({ ...options, environment })).resolves.toBe(join(folder, 'cache', 'services', 'kafka-4.3.1'));
  });

  it('downloads again when the pom has changed', async () => {
    const folder = temporaryFolder('services');
    const options = await withMaven(folder, delivers);
    await jarFolder(options);
    await writeFile(options.pomFile, '<project><!-- another --></project>');
    await jarFolder(options);
    expect(await readFile(join(folder, 'calls'), 'utf8')).toBe('call\ncall\n');
  });

  it('leaves nothing half done when the download fails, and says what Maven said', async () => {
    const folder = temporaryFolder('services');
    const options = await withMaven(folder, 'echo half > "$out/half.jar"; echo "[ERROR] no route to host"; exit 1');
    const error = await jarFolder(options).catch(reason => reason);
    expect(error).toMatchObject({ code: 'services.unavailable', retriable: true });
    expect(error.message).toContain('kafka-4.3.1 could not be fetched');
    expect(error.message).toContain('[ERROR] no route to host');
    expect(await readdir(join(folder, 'cache', 'services'))).toEqual(['kafka-4.3.1.lock']);
  });

  it('clears away what a killed download left', async () => {
    const folder = temporaryFolder('services');
    const options = await withMaven(folder, delivers);
    const cache = join(folder, 'cache', 'services');
    await mkdir(join(cache, '.kafka-4.3.1-partial-abc'), { recursive: true });
    await jarFolder(options);
    expect((await readdir(cache)).toSorted()).toEqual(['kafka-4.3.1', 'kafka-4.3.1.lock']);
  });

  it('gives up a download when it is told to stop', async () => {
    const folder = temporaryFolder('services');
    const options = await withMaven(folder, 'exec sleep 30');
    await expect(jarFolder({ ...options, signal: AbortSignal.timeout(200) })).rejects.toThrow('timeout');
    expect(await readdir(join(folder, 'cache', 'services'))).toEqual(['kafka-4.3.1.lock']);
  });

  it('names the way out when the cache folder cannot be made', async () => {
    const folder = temporaryFolder('services');
    const options = await withMaven(folder, delivers);
    await writeFile(join(folder, 'cache'), 'a file in the way');
    await expect(jarFolder(options)).rejects.toThrow('name another one by TAPELINE_CACHE_DIR');
  });
});
