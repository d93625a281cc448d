import { readConfiguration } from '../../src/configuration.ts';
import { PipelineError } from '../../src/errors.ts';

/** What is wrong with the settings, in the words that a user reads; empty when nothing is. @throws what is no PipelineError. */
export function faultsOf(environment: Record<string, string>): string {
  try {
    readConfiguration(environment);
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    return error.message;
  }
  return '';
}
