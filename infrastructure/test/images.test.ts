import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { ignoredBy } from './support/docker-ignore.ts';
import { parseDockerfile } from './support/dockerfile.ts';
import { packLayer } from './support/image-archive.ts';
import { type ImageTree, ImageTrees } from './support/image-tree.ts';

const repository = fileURLToPath(new URL('../../', import.meta.url));
const json = (path: string) => JSON.parse(readFileSync(join(repository, path), 'utf8'));

describe('the images', () => {
  const scratch = temporaryFolder('images');
  const trees = new ImageTrees(repository, scratch);
  const targets = ['ingester', 'backfiller', 'stream-processor', 'live-board', 'notifier', 'migrations', 'simulator'] as const;
  const built = new Map<string, ImageTree>();
  const treeOf = (target: (typeof targets)[number]): ImageTree => {
    const tree = built.get(target);
    if (tree === undefined) throw new Error(`${target} was not built`);
    return tree;
  };
  beforeAll(async () => {
    for (const target of targets) built.set(target, await trees.build(target));
  }, 480_000);

  it('start their own program as an account that is not root', () => {
    const settings = Object.fromEntries(targets.map(target => [target, treeOf(target).settings]));
    const common = { env: { NODE_ENV: 'production' }, user: '10001:10001', workdir: '/app' };
    expect(settings).toEqual({
      ingester: { ...common, entrypoint: ['node', 'ingestion/src/main.ts'], cmd: [], exposed: [8080] },
      backfiller: { ...common, entrypoint: ['node', 'ingestion/src/backfill/main.ts'], cmd: [], exposed: [8080] },
      'stream-processor': { ...common, entrypoint: ['node', 'stream-processing/src/main.ts'], cmd: [], exposed: [8080] },
      'live-board': { ...common, entrypoint: ['node', 'visualization/src/main.ts'], cmd: [], exposed: [8080] },
      notifier: { ...common, entrypoint: ['node', 'stream-processing/src/notifier/main.ts'], cmd: [], exposed: [8080] },
      migrations: { ...common, entrypoint: ['node', 'database/src/main.ts'], cmd: ['migrate'], exposed: [] },
      simulator: { ...common, entrypoint: ['node', 'simulator/src/main.ts'], cmd: ['--host', '0.0.0.0'], exposed: [7010] },
    });
  });

  it('stand on the Node that the tests run on, by its exact version', () => {
    const version = json('package.json').devDependencies.node;
    expect(targets.map(target => treeOf(target).base)).toEqual(targets.map(() => `docker.io/library/node:${version}-bookworm-slim`));
  });

  it.each(targets)('%s has no development package', target => {
    const { packages } = json('package-lock.json');
    const installed = readdirSync(join(treeOf(target).directory, 'app/node_modules'), { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile() && entry.name === 'package.json')
      .map(entry => relative(join(treeOf(target).directory, 'app'), entry.parentPath))
      .filter(path => path in packages);
    expect(installed.length).toBeGreaterThan(10);
    expect(installed.filter(path => packages[path].dev === true)).toEqual([]);
  });

  it.each(targets)('%s has sources and packages, and nothing else', target => {
    const root = treeOf(target).directory;
    const app = join(root, 'app');
    const folders = readdirSync(app).filter(name => name !== 'node_modules' && name !== 'LICENSE');
    expect(readdirSync(root)).toEqual(['app']);
    for (const folder of folders) expect(readdirSync(join(app, folder)).toSorted()).toEqual(['package.json', 'src']);
  });

  const greetings = {
    ingester: [[], 'TWELVE_DATA_API_KEY is absent'],
    backfiller: [['--help'], "asks TwelveData's REST API for the bars that gaps cost"],
    'stream-processor': [['--help'], 'folds market-data.feed into bars'],
    'live-board': [['--help'], 'serves the page'],
    notifier: [['--help'], 'sends alerts by mail and webhook, each once'],
    migrations: [['--help'], 'brings the schema of the store up to date'],
    simulator: [['--help'], "speaks TwelveData's price protocol"],
  } as const;
  it.each(targets)(
    '%s finds all that it imports',
    async target => {
      const { directory, settings } = treeOf(target);
      const [args, words] = greetings[target];
      const cwd = join(directory, settings.workdir);
      const said = await new Promise<string>(resolve => {
        const child = [...settings.entrypoint.slice(1), ...args];
        execFile(process.execPath, child, { cwd, env: settings.env }, (_, stdout, stderr) => resolve(stdout + stderr));
      });
      expect(said).toContain(words);
    },
    60_000,
  );

  it.each(['history', 'instruments'])('that of the backfiller has the daily job %s, too', async job => {
    const { directory, settings } = treeOf('backfiller');
    const cwd = join(directory, settings.workdir);
    const said = await new Promise<string>(resolve => {
      execFile(process.execPath, [`ingestion/src/${job}/main.ts`, '--help'], { cwd, env: settings.env }, (_, stdout, stderr) =>
        resolve(stdout + stderr),
      );
    });
    expect(said).toMatch(new RegExp(`^${job}: `));
  });

  it('that of the board has the export job, too', async () => {
    const { directory, settings } = treeOf('live-board');
    const said = await new Promise<string>(resolve => {
      const options = { cwd: join(directory, settings.workdir), env: { ...settings.env, EXPORT_BUCKET: 'a' } };
      execFile(process.execPath, ['visualization/src/export/main.ts', '--help'], options, (_, stdout, stderr) => resolve(stdout + stderr));
    });
    expect(said).toMatch(/^export-job: /);
  });

  it('are the same bytes when they are built again', async () => {
    const again = new ImageTrees(repository, join(scratch, 'again'));
    const layers = await Promise.all(
      [treeOf('simulator'), await again.build('simulator')].map(({ directory }) => packLayer(directory, join(scratch, 'layers'))),
    );
    expect(layers[0]?.digest).toBe(layers[1]?.digest);
  }, 60_000);
});

describe('.dockerignore', () => {
  const isIgnored = ignoredBy(readFileSync(join(repository, '.dockerignore'), 'utf8'));

  it('keeps keys, data, tests and the history out of the build', () => {
    const kept = ['.env', '.git/config', 'core/.env', 'core/test/bars.test.ts', 'ingestion/test/support/x.ts', '.tapeline/data/log.sqlite'];
    expect(kept.filter(path => !isIgnored(path))).toEqual([]);
  });

  it('lets sources, manifests and the lock in', () => {
    const needed = ['package.json', 'package-lock.json', 'core/package.json', 'core/src/bars.ts', 'stream-processing/src/fold/outputs.ts'];
    expect(needed.filter(isIgnored)).toEqual([]);
  });
});

describe('the reader of the Dockerfile', () => {
  it('refuses what it would not build as Docker does', () => {
    const refused = (line: string) => () => parseDockerfile(`FROM a AS b\n${line}\n`);
    expect(refused('ADD x y')).toThrow('does not know ADD');
    expect(refused('RUN npm ci && rm -rf /')).toThrow('needs a shell');
    expect(refused('CMD node main.ts')).toThrow();
    expect(refused('COPY --chown=1 a b')).toThrow('not of the form');
    expect(() => parseDockerfile('FROM a\n')).toThrow('not of the form FROM image AS name');
  });

  it('says which file a COPY misses', async () => {
    const context = temporaryFolder('context');
    writeFileSync(join(context, 'Dockerfile'), 'FROM base AS one\nWORKDIR /app\nCOPY here/ there/\nCOPY absent ./\n');
    writeFileSync(join(context, '.dockerignore'), '*\n!here\n');
    mkdirSync(join(context, 'here'));
    writeFileSync(join(context, 'here', 'file'), '');
    const trees = new ImageTrees(context, join(context, 'scratch'));
    await expect(trees.build('one')).rejects.toThrow('COPY absent: not in the repository, or kept out by .dockerignore');
    const laidOut = readdirSync(join(context, 'scratch')).map(name => join(context, 'scratch', name, 'app/there/file'));
    expect(laidOut.filter(file => existsSync(file) && statSync(file).isFile())).toHaveLength(1);
  });
});
