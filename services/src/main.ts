/**
 * This file runs the services commands alone: `node services/src/main.ts up`.
 */
import { PipelineError } from '@tapeline/core/errors';
import { Command } from 'commander';
import { addServicesCommand } from './command.ts';

const program = new Command('services-only').description('the services commands of tapeline, alone');
addServicesCommand(program);

try {
  await program.parseAsync(['services', ...process.argv.slice(2)], { from: 'user' });
} catch (error) {
  if (!(error instanceof PipelineError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
