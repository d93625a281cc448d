import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { openSecurity } from '../src/security.ts';

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}

describe('the folder of secured servers', () => {
  it('is made once, and read again', async () => {
    const folder = temporaryFolder('security');
    const path = join(folder, 'security');
    const [first, beside] = await Promise.all([openSecurity(path), openSecurity(path)]);
    const passwords = await Promise.all([first.password('kafka-admin'), beside.password('kafka-admin'), first.password('kafka-ingester')]);
    expect(passwords[0]).toEqual(passwords[1]);
    expect(passwords[2]?.text).not.toBe(passwords[0]?.text);
    expect(passwords[0]?.text).toMatch(/^[0-9a-f]{48}$/);
    const before = await Promise.all([readFile(first.caFile, 'utf8'), readFile(first.serverFile, 'utf8')]);
    const again = await openSecurity(path);
    expect(await Promise.all([readFile(again.caFile, 'utf8'), readFile(again.serverFile, 'utf8')])).toEqual(before);
    expect(await again.password('kafka-admin')).toEqual(passwords[0]);
  });

  it('is for this account alone, and holds no key that signs certificates', async () => {
    const folder = temporaryFolder('security');
    const path = join(folder, 'security');
    const security = await openSecurity(path);
    const { file } = await security.password('kafka-admin');
    expect([await modeOf(path), await modeOf(security.serverFile), await modeOf(file)]).toEqual([0o700, 0o600, 0o600]);
    expect((await readFile(security.serverFile, 'utf8')).match(/BEGIN PRIVATE KEY/g)).toHaveLength(1);
    expect(await readFile(security.caFile, 'utf8')).not.toContain('PRIVATE');
  });
});
