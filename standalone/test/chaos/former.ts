/**
 * The former version of the program: the newest tag or, without tags, the commit that added the newest golden formats, for that is the program
 * whose formats this one promises to share. Its sources are put into a folder, with the packages of today.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const goldens = 'standalone/test/goldens';

/**
 * @param asked a commit or tag
 * @returns its folder; an error says in words why there is none
 */
export async function formerProgram(
  root: string,
  asked: string | undefined,
): Promise<{ readonly folder: string; readonly commit: string }> {
  const commit = await formerCommit(root, asked);
  const folder = join(root, '.tapeline/chaos/former', commit);
  if (!existsSync(join(folder, 'ready'))) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const archive = join(folder, 'archive.tar');
    await run('git', ['archive', '--output', archive, commit], { cwd: root });
    await run('tar', ['-xf', archive, '-C', folder]);
    rmSync(archive);
    linkPackages(root, folder);
    mkdirSync(join(folder, 'ready'));
  }
  return { folder, commit };
}

async function formerCommit(root: string, asked: string | undefined): Promise<string> {
  const git = async (...args: string[]): Promise<string> => (await run('git', args, { cwd: root })).stdout.trim();
  if (asked !== undefined) return git('rev-parse', '--verify', `${asked}^{commit}`);
  const tag = await git('describe', '--tags', '--abbrev=0').catch(() => '');
  if (tag !== '') return git('rev-parse', '--verify', `${tag}^{commit}`);
  const newest = readdirSync(join(root, goldens))
    .filter(name => /^v\d+$/.test(name))
    .toSorted((a, b) => Number(a.slice(1)) - Number(b.slice(1)))
    .at(-1);
  const commit = await git('log', '--diff-filter=A', '--format=%H', '-1', '--', `${goldens}/${newest}`).catch(() => '');
  if (commit === '')
    throw new Error('git knows neither a tag nor the commit of the newest golden formats (a shallow clone?): name one by --former');
  return commit;
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
