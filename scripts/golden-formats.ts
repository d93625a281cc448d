/** Writes the formats of this code as a further golden version, beside those that are there: `npm run golden-formats`. */
import { join } from 'node:path';
import { runCommandLine } from '@tapeline/core/command-line';
import { addVersion, goldenFolder, versions } from '../standalone/test/formats/golden-version.ts';

const help =
  'golden-formats: writes the formats of this code as a further folder of standalone/test/goldens, unless the newest there says the same.\n';

process.exitCode = await runCommandLine({ help }, async () => {
  const added = await addVersion();
  const said =
    added === undefined
      ? `nothing has changed since ${versions().at(-1)}: no version is written`
      : `${added.version} written (changed: ${added.changed.join(', ')}): say in ${join(goldenFolder, 'README.md')} when, by which commit and why`;
  process.stdout.write(`${said}\n`);
  return 0;
});
