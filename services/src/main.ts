/**
 * This file runs the services commands alone: `node services/src/main.ts up`.
 */
import { endAsRefused } from '@tapeline/core/command-line';
import { exitStatusOf } from '@tapeline/core/service';
import { Command } from 'commander';
import { addServicesCommand } from './command.ts';

const program = new Command('services-only').exitOverride(endAsRefused).description('the services commands of tapeline, alone');
addServicesCommand(program);

try {
  await program.parseAsync(['services', ...process.argv.slice(2)], { from: 'user' });
} catch (error) {
  process.exitCode = exitStatusOf(error, line => process.stderr.write(line));
}
