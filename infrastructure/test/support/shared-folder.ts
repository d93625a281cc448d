/** Data for tests that is no part of this repository: beside it, or where TAPELINE_SHARED says. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it } from '@jest/globals';

const folder = process.env.TAPELINE_SHARED ?? fileURLToPath(new URL('../../../../shared', import.meta.url));

/** Tests that need a shared file. Its absence is said and forgiven; where it is, nothing is skipped. */
export function describeWithShared(file: string, name: string, tests: (path: string) => void): void {
  const path = join(folder, file);
  if (existsSync(path)) {
    describe(name, () => tests(path));
    return;
  }
  const reason = `${path} is absent; name the shared folder by TAPELINE_SHARED`;
  process.stderr.write(`\nSKIPPED: ${name}: ${reason}\n\n`);
  describe(name, () => it(`did not run: ${reason}`, () => undefined));
}
