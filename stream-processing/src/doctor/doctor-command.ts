/** `doctor`, of the command line and of the stream processor's program: checks a deployment, says what is wrong and how to mend it. */
import { type Configuration, type Environment, readConfiguration, secretsOf } from '@tapeline/core/configuration';
import { PipelineError } from '@tapeline/core/errors';
import { createLogger, scrubber } from '@tapeline/core/logging';
import { examine } from './doctor.ts';
import { exitStatusFor, jsonReport, textReport } from './report.ts';

export const defaultTimeoutSeconds = 10;

export interface DoctorCommandOptions {
  readonly environment: Environment;
  readonly json: boolean;
  /** What each check may take. @default 10 */
  readonly timeoutSeconds?: number;
  readonly print: (text: string) => void;
}

/** @returns the exit status: 0 when all is well, 1 when something warns, 2 when something is at fault. */
export async function doctorCommand({ environment, json, timeoutSeconds, print }: DoctorCommandOptions): Promise<number> {
  const configuration = usableConfiguration(environment);
  const secrets = configuration === undefined ? [] : secretsOf(configuration);
  // Its findings say all; what the parts log besides is for debugging.
  const isDebugging = configuration?.LOG_LEVEL === 'debug' || configuration?.LOG_LEVEL === 'trace';
  const logger = createLogger({ name: 'doctor', level: isDebugging ? configuration.LOG_LEVEL : 'silent', secrets });
  const timeoutMs = (timeoutSeconds ?? defaultTimeoutSeconds) * 1_000;
  const findings = await examine({ environment, logger, timeoutMs });
  print(scrubber(secrets)(json ? jsonReport(findings) : textReport(findings)));
  return exitStatusFor(findings);
}

/** `undefined` for one with faults, which the examination tells. */
function usableConfiguration(environment: Environment): Configuration | undefined {
  try {
    return readConfiguration(environment);
  } catch (error) {
    if (error instanceof PipelineError) return undefined;
    throw error;
  }
}
