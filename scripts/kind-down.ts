/** Removes the kind cluster with all that is in it, volumes too, and Terraform's state of it: `npm run kind:down`. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommandLine } from '@tapeline/core/command-line';
import { deleteKindCluster } from '../infrastructure/src/deploy/kind.ts';
import { missingPrograms, neededPrograms } from '../infrastructure/src/deploy/program.ts';

const states = fileURLToPath(new URL('../.tapeline/terraform-state', import.meta.url));

const help =
  "kind:down: removes the kind cluster with all that is in it, volumes too, and Terraform's state of it. It needs Docker and kind.\n";

process.exitCode = await runCommandLine({ help }, async () => {
  const missing = missingPrograms([neededPrograms.docker, neededPrograms.kind], process.env);
  if (missing !== undefined) throw missing;
  await deleteKindCluster({ environment: process.env, show: text => void process.stderr.write(text) });
  // A state that outlives its cluster would make the next plan look for objects that are gone.
  for (const stack of ['kind-platform', 'kind-pipeline']) rmSync(join(states, `${stack}.tfstate`), { force: true });
  process.stdout.write('The cluster is gone.\n');
  return 0;
});
