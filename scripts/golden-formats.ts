/** Writes the formats of this code as a further golden version, beside those that are there: `npm run golden-formats`. */
import { join } from 'node:path';
import { goldenFolder, versions, writeVersion } from '../standalone/test/formats/golden-version.ts';

const version = `v${versions().length + 1}`;
await writeVersion(join(goldenFolder, version));
process.stdout.write(`${version} written: say in ${join(goldenFolder, 'README.md')} when, by which commit and why\n`);
