/** Writes the formats of this code as a further golden version, beside those that are there: `npm run golden-formats`. */
import { join } from 'node:path';
import { runCommandLine } from '@tapeline/core/command-line';
import { goldenFolder, versions, writeVersion } from '../standalone/test/formats/golden-version.ts';

const help =
  'golden-formats: writes the formats of this code as a further folder of standalone/test/goldens, beside those that are there.\n';

process.exitCode = await runCommandLine({ help }, async () => {
  const version = `v${versions().length + 1}`;
  await writeVersion(join(goldenFolder, version));
  process.stdout.write(`${version} written: say in ${join(goldenFolder, 'README.md')} when, by which commit and why\n`);
  return 0;
});
