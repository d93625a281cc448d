/** This file makes the folders that servers keep their state in. */
import { access, constants, mkdir, realpath } from 'node:fs/promises';
import { PipelineError, reasonOf } from '@tapeline/core/errors';

/** The folder without links, made when absent. @throws PipelineError `services.unavailable` */
export async function usableFolder(directory: string): Promise<string> {
  try {
    await mkdir(directory, { recursive: true });
    await access(directory, constants.W_OK);
    return await realpath(directory);
  } catch (error) {
    const message = `the folder ${directory} cannot hold the servers' state: ${reasonOf(error)}; name another one`;
    throw new PipelineError('services.unavailable', message, { retriable: false, cause: error });
  }
}
