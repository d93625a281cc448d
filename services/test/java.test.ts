import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { hasCode } from '@tapeline/core/errors';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { readEnvironment } from '../src/environment.ts';
import { findJava, findMaven, type JavaNeed, parseJavaVersion } from '../src/java.ts';

const cassandra: JavaNeed = { server: 'cassandra 5.0.9', minimum: 17, maximum: 17, variable: 'CASSANDRA_CONTACT_POINTS' };
const kafka: JavaNeed = { server: 'kafka 4.3.1', minimum: 17, variable: 'KAFKA_BROKERS' };

/** A program that answers `-version` as Java does. */
async function fakeJava(executable: string, version: string): Promise<void> {
  await mkdir(dirname(executable), { recursive: true });
  await writeFile(executable, `#!/bin/sh\necho 'openjdk version "${version}"' >&2\n`);
  await chmod(executable, 0o755);
}

describe('parseJavaVersion', () => {
  it.each([
    ['openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime Environment', 17],
    ['openjdk version "25" 2025-09-16', 25],
    ['java version "1.8.0_402"', 8],
    ['openjdk version "24-ea" 2025-03-18', 24],
    ['command not found', undefined],
  ])('reads %j as %s', (text, version) => {
    expect(parseJavaVersion(text)).toBe(version);
  });
});

describe('findJava', () => {
  it('passes over a Java that is too new for Cassandra and takes the 17 beside it', async () => {
    const folder = temporaryFolder('services');
    await fakeJava(join(folder, 'home', 'bin', 'java'), '25');
    await fakeJava(join(folder, 'jvm', 'java-17', 'bin', 'java'), '17.0.15');
    const environment = readEnvironment({ JAVA_HOME: join(folder, 'home'), PATH: '/nowhere' });
    const found = await findJava(cassandra, environment, [join(folder, 'jvm')]);
    expect(found).toEqual({ executable: join(folder, 'jvm', 'java-17', 'bin', 'java'), version: 17 });
  });

  it('takes the Java of JAVA_HOME first when it fits', async () => {
    const folder = temporaryFolder('services');
    await fakeJava(join(folder, 'home', 'bin', 'java'), '25');
    await fakeJava(join(folder, 'jvm', 'java-17', 'bin', 'java'), '17.0.15');
    const environment = readEnvironment({ JAVA_HOME: join(folder, 'home'), PATH: '/nowhere' });
    expect((await findJava(kafka, environment, [join(folder, 'jvm')])).version).toBe(25);
  });

  it('finds the Java on PATH', async () => {
    const folder = temporaryFolder('services');
    await fakeJava(join(folder, 'bin', 'java'), '21.0.2');
    const environment = readEnvironment({ PATH: `/nowhere:${join(folder, 'bin')}` });
    expect(await findJava(kafka, environment, [])).toEqual({ executable: join(folder, 'bin', 'java'), version: 21 });
  });

  it('says what is missing and how to get it when there is no Java', async () => {
    const error = await findJava(kafka, readEnvironment({ PATH: '/nowhere' }), ['/nowhere/jvm']).catch(reason => reason);
    expect(hasCode(error, 'services.unavailable')).toBe(true);
    expect(error.message).toBe(
      'kafka 4.3.1 needs java 17 or later, found no java in JAVA_HOME, /nowhere/jvm and PATH; ' +
        'install it (debian: apt-get install openjdk-17-jre-headless maven), ' +
        'or use docker (docker compose up --wait), or name running servers by KAFKA_BROKERS',
    );
  });

  it('names the Java that does not fit', async () => {
    const folder = temporaryFolder('services');
    const executable = join(folder, 'bin', 'java');
    await fakeJava(executable, '21.0.2');
    const error = await findJava(cassandra, readEnvironment({ PATH: dirname(executable) }), []).catch(reason => reason);
    expect(error.message).toContain(`cassandra 5.0.9 needs java 17, found java 21 at ${executable}`);
  });
});

describe('findMaven', () => {
  it('says how to get Maven when it is missing', async () => {
    const error = await findMaven('kafka 4.3.1', 'KAFKA_BROKERS', readEnvironment({ PATH: '/nowhere' })).catch(reason => reason);
    expect(hasCode(error, 'services.unavailable')).toBe(true);
    expect(error.message).toContain('maven, which fetches it, was not found');
    expect(error.message).toContain('apt-get install openjdk-17-jre-headless maven');
  });
});

describe('readEnvironment', () => {
  it.each([
    [{ TAPELINE_CACHE_DIR: '/cache', XDG_CACHE_HOME: '/xdg', HOME: '/home/a' }, '/cache/services'],
    [{ XDG_CACHE_HOME: '/xdg', HOME: '/home/a' }, '/xdg/tapeline/services'],
    [{ XDG_CACHE_HOME: '', HOME: '/home/a' }, '/home/a/.cache/tapeline/services'],
  ])('puts the cache of %j into %s', (variables, folder) => {
    expect(readEnvironment(variables).cacheDirectory).toBe(folder);
  });
});
