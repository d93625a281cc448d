/**
 * The former version of the program: the newest tag or, without tags, the first commit since the newest golden formats that starts, for that is
 * the program whose formats this one promises to share. Its sources are put into a folder, with the packages of today.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const goldens = 'standalone/test/goldens';
/** What it runs, within its folder. */
export const formerProcessor = 'stream-processing/src/main.ts';
/** A golden is added in the middle of a change, which may start again only commits later. */
const mostCandidates = 20;

export interface FormerProgram {
  readonly folder: string;
  readonly commit: string;
}

/**
 * @param asked a commit or tag
 * @throws Error that says in words why there is none
 */
export async function formerProgram(root: string, asked: string | undefined): Promise<FormerProgram> {
  const candidates = await formerCommits(root, asked);
  const refusals: string[] = [];
  for (const commit of candidates) {
    const folder = join(root, '.tapeline/chaos/former', commit);
    await unpack(root, commit, folder);
    const refusal = await run(process.execPath, [formerProcessor, '--help'], { cwd: folder }).then(
      () => undefined,
      (error: unknown) => String(error),
    );
    if (refusal === undefined) return { folder, commit };
    refusals.push(refusal);
  }
  throw new Error(`none of ${candidates.join(', ')} starts: ${refusals.at(-1)}; name one by --former`);
}

async function unpack(root: string, commit: string, folder: string): Promise<void> {
  if (existsSync(join(folder, 'ready'))) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const archive = join(folder, 'archive.tar');
  await run('git', ['archive', '--output', archive, commit], { cwd: root });
  await run('tar', ['-xf', archive, '-C', folder]);
  rmSync(archive);
  linkPackages(root, folder);
  mkdirSync(join(folder, 'ready'));
}

/** Those that are tried, one after the other. */
async function formerCommits(root: string, asked: string | undefined): Promise<readonly string[]> {
  const git = async (...args: string[]): Promise<string> => (await run('git', args, { cwd: root })).stdout.trim();
  if (asked !== undefined) return [await git('rev-parse', '--verify', `${asked}^{commit}`)];
  const tag = await git('describe', '--tags', '--abbrev=0').catch(() => '');
  if (tag !== '') return [await git('rev-parse', '--verify', `${tag}^{commit}`)];
  const newest = readdirSync(join(root, goldens))
    .filter(name => /^v\d+$/.test(name))
    .toSorted((a, b) => Number(a.slice(1)) - Number(b.slice(1)))
    .at(-1);
  const added = await git('log', '--diff-filter=A', '--format=%H', '-1', '--', `${goldens}/${newest}`).catch(() => '');
  if (added === '')
    throw new Error('git knows neither a tag nor the commit of the newest golden formats (a shallow clone?): name one by --former');
  const later = await git('rev-list', '--reverse', '--ancestry-path', `${added}..HEAD`);
  return [added, ...later.split('\n')].slice(0, mostCandidates);
}

/** The packages are those of `root`, the workspaces those of the folder. */
function linkPackages(root: string, folder: string): void {
  const [from, to] = [join(root, 'node_modules'), join(folder, 'node_modules')];
  mkdirSync(join(to, '@tapeline'), { recursive: true });
  for (const name of readdirSync(from)) if (name !== '@tapeline') symlinkSync(resolve(from, name), join(to, name));
  for (const name of readdirSync(join(from, '@tapeline'))) {
    if (existsSync(join(folder, name))) symlinkSync(join(folder, name), join(to, '@tapeline', name));
  }
}
