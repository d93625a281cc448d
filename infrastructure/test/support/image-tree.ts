/**
 * This file builds a target of a Dockerfile without Docker: it follows the instructions themselves and lays the files out in folders.
 *
 * Of RUN it knows `npm ci` alone, which it runs in the laid-out folder with the npm of this machine.
 */
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { promisify } from 'node:util';
import { filesOfContext, ignoredBy } from './docker-ignore.ts';
import { type Instruction, parseDockerfile, type Stage } from './dockerfile.ts';

const run = promisify(execFile);
const unseen: ReadonlySet<string> = new Set(['node_modules', '.git', '.tapeline']);

/** What a container of an image starts with. */
export interface ImageSettings {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly user: string;
  readonly workdir: string;
  readonly exposed: readonly number[];
}

export interface ImageTree {
  /** The folder that becomes `/`, on top of what the base image has. */
  readonly directory: string;
  /** The image that the first stage begins with. */
  readonly base: string;
  readonly settings: ImageSettings;
}

export class ImageTrees {
  readonly #context: string;
  readonly #stages: readonly Stage[];
  readonly #files: readonly string[];
  readonly #scratch: string;
  readonly #built = new Map<string, Promise<ImageTree>>();

  /** @param context the folder with the Dockerfile; @param scratch a folder in which the trees are laid out */
  constructor(context: string, scratch: string) {
    this.#context = context;
    this.#scratch = scratch;
    this.#stages = parseDockerfile(readFileSync(join(context, 'Dockerfile'), 'utf8'));
    this.#files = filesOfContext(context, ignoredBy(readFileSync(join(context, '.dockerignore'), 'utf8')), unseen);
  }

  get stages(): readonly Stage[] {
    return this.#stages;
  }

  /** The tree of a stage; each is built once. */
  async build(name: string): Promise<ImageTree> {
    const known = this.#built.get(name);
    if (known !== undefined) return known;
    const stage = this.#stages.find(candidate => candidate.name === name);
    if (stage === undefined) throw new Error(`no stage "${name}", there are: ${this.#stages.map(candidate => candidate.name).join(', ')}`);
    const building = this.#follow(stage);
    this.#built.set(name, building);
    return building;
  }

  async #follow(stage: Stage): Promise<ImageTree> {
    mkdirSync(this.#scratch, { recursive: true });
    const directory = mkdtempSync(join(this.#scratch, `${stage.name}-`));
    const isStage = this.#stages.some(({ name }) => name === stage.from);
    const below = isStage ? await this.build(stage.from) : undefined;
    if (below !== undefined) cpSync(below.directory, directory, { recursive: true, verbatimSymlinks: true });
    let settings = below?.settings ?? { entrypoint: [], cmd: [], env: {}, user: 'root', workdir: '/', exposed: [] };
    for (const instruction of stage.instructions) {
      settings = settingsAfter(settings, instruction);
      if (instruction.kind === 'workdir') mkdirSync(join(directory, settings.workdir), { recursive: true });
      if (instruction.kind === 'copy') await this.#copy(instruction, directory, settings.workdir);
      if (instruction.kind === 'run') await runNpm(instruction.command, join(directory, settings.workdir));
    }
    return { directory, base: below?.base ?? stage.from, settings };
  }

  async #copy(instruction: Extract<Instruction, { kind: 'copy' }>, directory: string, workdir: string): Promise<void> {
    const { from, sources, destination } = instruction;
    const isFolder = destination.endsWith('/');
    if (sources.length > 1 && !isFolder) throw new Error(`COPY of several files needs a folder, was "${destination}"`);
    const target = join(directory, posix.resolve(workdir, destination));
    for (const source of sources) {
      if (from === undefined) this.#copyFromContext(source, target, isFolder);
      else copyAll(join((await this.build(from)).directory, source), target, isFolder);
    }
  }

  /** A folder is copied by its contents, as Docker does. */
  #copyFromContext(path: string, target: string, isFolder: boolean): void {
    const source = path.replace(/\/$/, '');
    const below = this.#files.filter(file => file.startsWith(`${source}/`));
    if (this.#files.includes(source)) copyAll(join(this.#context, source), target, isFolder);
    else if (below.length === 0) throw new Error(`COPY ${source}: not in the repository, or kept out by .dockerignore`);
    for (const file of below) copyAll(join(this.#context, file), join(target, file.slice(source.length + 1)), false);
  }
}

function copyAll(source: string, target: string, intoFolder: boolean): void {
  if (!existsSync(source)) throw new Error(`COPY ${source}: not there`);
  const file = intoFolder && !statSync(source).isDirectory() ? join(target, posix.basename(source)) : target;
  mkdirSync(dirname(file), { recursive: true });
  cpSync(source, file, { recursive: true, verbatimSymlinks: true });
}

function settingsAfter(settings: ImageSettings, instruction: Instruction): ImageSettings {
  switch (instruction.kind) {
    case 'workdir':
      return { ...settings, workdir: posix.resolve(settings.workdir, instruction.path) };
    case 'env':
      return { ...settings, env: { ...settings.env, [instruction.name]: instruction.value } };
    case 'user':
      return { ...settings, user: instruction.user };
    case 'expose':
      return { ...settings, exposed: [...settings.exposed, instruction.port] };
    case 'entrypoint':
      return { ...settings, entrypoint: instruction.words, cmd: [] };
    case 'cmd':
      return { ...settings, cmd: instruction.words };
    default:
      return settings;
  }
}

async function runNpm(command: readonly string[], directory: string): Promise<void> {
  const [program, subcommand] = command;
  if (program !== 'npm' || subcommand !== 'ci') throw new Error(`RUN ${command.join(' ')}: only npm ci can be run without Docker`);
  const args = [...command.slice(1), '--prefer-offline', '--loglevel=error'];
  const { NODE_OPTIONS: _, ...env } = process.env;
  await run(program, args, { cwd: directory, env, maxBuffer: 16 * 1024 * 1024 });
}
