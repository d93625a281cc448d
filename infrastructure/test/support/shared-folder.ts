/** Where data for tests is that is no part of this repository: beside it, or where TAPELINE_SHARED says. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = process.env.TAPELINE_SHARED ?? fileURLToPath(new URL('../../../../shared', import.meta.url));

/** Path of a shared file or folder, or what to say when it is absent. */
export function sharedFile(name: string): { readonly path: string; readonly missing: string | undefined } {
  const path = join(folder, name);
  const missing = existsSync(path) ? undefined : `${path} is absent; name the shared folder by TAPELINE_SHARED`;
  return { path, missing };
}
