/** Data for tests that is no part of this repository: beside it, or where TAPELINE_SHARED says. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeUnless } from '@tapeline/services/for-tests';
import { absentFromShared } from '@tapeline/services/kubernetes-tools';

const folder = process.env.TAPELINE_SHARED ?? fileURLToPath(new URL('../../../../shared', import.meta.url));

/** Tests that need a shared file. Its absence is said and forgiven; where it is, nothing is skipped. */
export function describeWithShared(file: string, name: string, tests: (path: string) => void): void {
  const path = join(folder, file);
  describeUnless(existsSync(path) ? undefined : absentFromShared(path), name, () => tests(path));
}
