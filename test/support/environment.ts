/**
 * What each test file runs in: Node, with a temporary folder that is the file's alone and gone after it, failed or not.
 *
 * The folder is the system's temporary folder to the file, to whatever it imports and to the processes that it starts, so nobody has to
 * remember to remove anything. When the tests are stopped half-way, `npm test` removes the folder above.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EnvironmentContext, JestEnvironmentConfig } from '@jest/environment';
import { TestEnvironment } from 'jest-environment-node';

const system = tmpdir();
// Programs that tests start read their modules from here, with the types stripped already: half of a start's CPU.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, '..', '..', '.tapeline', 'compile-cache');

export default class OwnTemporaryFolder extends TestEnvironment {
  readonly #folder: string;

  constructor(config: JestEnvironmentConfig, context: EnvironmentContext) {
    // Short, for a socket's path has 107 bytes at most; and before Node's environment copies the process's variables.
    const folder = mkdtempSync(join(system, 'tapeline-'));
    process.env.TMPDIR = folder;
    super(config, context);
    this.#folder = folder;
  }

  override async teardown(): Promise<void> {
    await super.teardown();
    process.env.TMPDIR = system;
    // A process that was killed a moment ago may still write its last file.
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}
