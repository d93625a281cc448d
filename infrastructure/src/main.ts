/**
 * Synthesises every environment: what `cdktf synth` runs, and what works without it.
 *
 *   node infrastructure/src/main.ts        writes .tapeline/cdktf.out, or the folder that CDKTF_OUTDIR names
 */
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommandLine } from '@tapeline/core/command-line';
import { imageTag } from '../../scripts/image-tag.ts';
import { configuredEnvironments } from './configuration.ts';
import { synthesise } from './synthesis.ts';

const repository = fileURLToPath(new URL('../../', import.meta.url));

const help = `synth: writes the stacks of every environment into .tapeline/cdktf.out, or the folder that CDKTF_OUTDIR names.\n`;

process.exitCode = await runCommandLine({ help }, async () => {
  const environments = Object.values(configuredEnvironments(process.env, () => imageTag(repository)));
  const outdir = process.env.CDKTF_OUTDIR ?? `${repository}.tapeline/cdktf.out`;
  for (const { name, directory } of synthesise({ outdir, environments }))
    process.stdout.write(`${name.padEnd(16)}${relative(process.cwd(), directory)}\n`);
  return 0;
});
