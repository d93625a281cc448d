/** Writes what synthesis gives into infrastructure/test/goldens, to be reviewed as a diff: `npm run goldens`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommandLine } from '@tapeline/core/command-line';
import { renderGolden, writeGolden } from '../infrastructure/test/support/goldens.ts';
import { synthesised } from '../infrastructure/test/support/synthesised.ts';

const help = 'goldens: writes what synthesis gives into infrastructure/test/goldens, to be reviewed as a diff.\n';

process.exitCode = await runCommandLine({ help }, async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'tapeline-goldens-'));
  process.env.TMPDIR = scratch;
  process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));

  for (const [name, stack] of synthesised()) {
    writeGolden(name, renderGolden(stack));
    process.stdout.write(`${name}\n`);
  }
  return 0;
});
