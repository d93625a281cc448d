/**
 * Seeded schedules of failures on real servers, and how long recovery takes.
 *
 *   npm run schedules -- --seed 1 --count 50 [--minutes 60] [--again]
 *   npm run schedules -- recovery [--samples 20]
 *
 * Seeds `seed` to `seed + count - 1`, one after another, on one set of servers. Each prints its schedule as a line of JSON before it runs and
 * its result after. What is done is noted in .tapeline/schedules/progress.jsonl: the next run leaves out seeds that passed, unless `--again`.
 * Exit status 1 when a schedule left a fault. `recovery` prints a line of JSON for each sample, and the distributions in the last one.
 */
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { reasonOf } from '@tapeline/core/errors';
import { measureRecovery } from './recovery.ts';
import { runSchedule } from './run.ts';
import { drawSchedule } from './schedule.ts';
import { type Servers, startServers } from './servers.ts';

const folder = '.tapeline/schedules';
const progress = join(folder, 'progress.jsonl');
/** A client of servers that were killed may hold on to them: nobody waits for it. */
const lingerMs = 5_000;

const help = `schedules: seeded schedules of failures on real servers, and how long recovery takes.

  npm run schedules -- --seed 1 --count 50 [--minutes 60] [--again] [--short]
  npm run schedules -- recovery [--samples 20]

Seeds from --seed on, one after another, until --count or --minutes is reached. Those that passed are left out the next time, unless --again
(.tapeline/schedules/progress.jsonl). Exit status 1 when a schedule left a fault, 130 after Ctrl-C.
`;

interface Done {
  readonly seed: number;
  readonly faults: readonly string[];
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '10' },
    minutes: { type: 'string' },
    again: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
    samples: { type: 'string', default: '20' },
    short: { type: 'boolean', default: false },
  },
});

if (values.help) {
  process.stdout.write(help);
  process.exit(0);
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
process.exitCode = await (positionals[0] === 'recovery' ? recovery() : schedules());
setTimeout(endAnyway, lingerMs).unref();

function endAnyway(): void {
  process.stderr.write(`ended with something still open: ${process.getActiveResourcesInfo().join(', ')}\n`);
  process.exit();
}

async function recovery(): Promise<number> {
  const samples = Number(values.samples);
  return withServers(async servers => {
    const watched = await measureRecovery(servers, { samples, sessionTimeoutMs: 6_000, peers: true, ends: ['SIGTERM', 'SIGKILL'] }, print);
    const unwatched = await measureRecovery(servers, { samples, sessionTimeoutMs: 6_000, peers: false, ends: ['SIGKILL'] }, print);
    print({ recovery: [watched, unwatched] });
    return 0;
  });
}

async function schedules(): Promise<number> {
  const first = Number(values.seed);
  const seeds = Array.from({ length: Number(values.count) }, (_, index) => first + index);
  const endMs = values.minutes === undefined ? Number.POSITIVE_INFINITY : performance.now() + Number(values.minutes) * 60_000;
  mkdirSync(folder, { recursive: true });
  const passed = values.again ? new Set<number>() : passedSeeds();
  const left = seeds.filter(seed => !passed.has(seed));
  print({ seeds: seeds.length, alreadyPassed: seeds.length - left.length });
  if (left.length === 0) return 0;
  const failed = await withServers(async servers => {
    let faulty = 0;
    for (const seed of left) {
      if (performance.now() > endMs) break;
      faulty += (await one(seed, servers)) ? 0 : 1;
    }
    return faulty;
  });
  print({ failed });
  return failed === 0 ? 0 : 1;
}

async function withServers<T>(use: (servers: Servers) => Promise<T>): Promise<T> {
  const scratch = mkdtempSync(join(tmpdir(), 'tapeline-schedules-'));
  try {
    const servers = await startServers(scratch);
    try {
      return await use(servers);
    } finally {
      await servers.stop();
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function one(seed: number, servers: Servers): Promise<boolean> {
  const schedule = drawSchedule(seed, values.short ? 'short' : 'full');
  print({ schedule });
  try {
    const { output, ...result } = await runSchedule(schedule, servers);
    print({ result });
    note(result);
    if (output !== '') writeFileSync(join(folder, `seed-${seed}.log`), output);
    return result.faults.length === 0;
  } catch (error) {
    const reason = error instanceof Error ? (error.stack ?? error.message) : reasonOf(error);
    print({ seed, broke: reason });
    note({ seed, faults: [reason] });
    return false;
  }
}

function passedSeeds(): ReadonlySet<number> {
  if (!existsSync(progress)) return new Set();
  const done = readFileSync(progress, 'utf8')
    .trim()
    .split('\n')
    .filter(line => line !== '');
  return new Set(
    done
      .map(line => JSON.parse(line) as Done)
      .filter(({ faults }) => faults.length === 0)
      .map(({ seed }) => seed),
  );
}

function note(done: Done): void {
  appendFileSync(progress, `${JSON.stringify(done)}\n`);
}

function print(line: unknown): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
