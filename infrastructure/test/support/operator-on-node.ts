/** This file does at a real node what docs/operate.md says, by its own lines, and remembers which of them it ran. */
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type OperateCommand, operateCommands } from './operate-commands.ts';
import { forwarding } from './port-forward.ts';
import type { RealNode } from './real-node.ts';

const run = promisify(execFile);

export class OperatorOnNode {
  readonly #node: RealNode;
  readonly #done = new Set<string>();

  constructor(node: RealNode) {
    this.#node = node;
    mkdirSync(this.#folder, { recursive: true });
  }

  /** Runs the commands of a section that `which` matches, in their order; gives what they printed. */
  async follow(section: number, which: RegExp = /./): Promise<string> {
    return await this.#run(commandsOf(section).filter(({ line }) => which.test(line)));
  }

  /** The first half of the section on backups. */
  async backUp(): Promise<void> {
    await this.#run(commandsOf(5).slice(0, lastOfBackup()));
  }

  /** Its other half. */
  async restore(): Promise<void> {
    await this.#run(commandsOf(5).slice(lastOfBackup()));
  }

  /** Asks what the port-forward of a section leads to. */
  async open(section: number, path: string): Promise<Response> {
    const command = operateCommands().find(one => one.section === section && one.needs === 'forward');
    if (command === undefined) throw new Error(`docs/operate.md has no port-forward in section ${section}`);
    this.#done.add(command.line);
    return await forwarding(this.#node.kubeconfig, command.line.split(' ').slice(1), url => fetch(`${url}${path}`));
  }

  /** Commands that want a pod and were not run. */
  get left(): readonly OperateCommand[] {
    return operateCommands().filter(({ needs, line }) => needs !== 'cluster' && !this.#done.has(line));
  }

  async #run(commands: readonly OperateCommand[]): Promise<string> {
    if (commands.length === 0) throw new Error('docs/operate.md has no such command');
    const env = { ...process.env, KUBECONFIG: this.#node.kubeconfig, NEW_KEY: 'the-second-key' };
    const said: string[] = [];
    for (const { line } of commands) {
      said.push((await run('bash', ['-euo', 'pipefail', '-c', line], { env, cwd: this.#folder })).stdout);
      this.#done.add(line);
    }
    return said.join('');
  }

  get #folder(): string {
    return join(this.#node.directory, 'operate');
  }
}

function commandsOf(section: number): readonly OperateCommand[] {
  return operateCommands().filter(command => command.section === section && command.needs !== 'forward');
}

/** How many commands a backup takes; the last of them tidies up. */
function lastOfBackup(): number {
  return commandsOf(5).findIndex(({ line }) => line.includes('clearsnapshot')) + 1;
}
