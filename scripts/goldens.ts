/** Writes what synthesis gives into infrastructure/test/goldens, to be reviewed as a diff: `npm run goldens`. */
import { renderGolden, writeGolden } from '../infrastructure/test/support/goldens.ts';
import { synthesised } from '../infrastructure/test/support/synthesised.ts';

for (const [name, stack] of synthesised()) {
  writeGolden(name, renderGolden(stack));
  process.stdout.write(`${name}\n`);
}
