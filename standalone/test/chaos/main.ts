/** Chaos on the whole flow: see `--help`. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { reasonOf } from '@tapeline/core/errors';
import { createLogger } from '@tapeline/core/logging';
import { formerProgram } from './former.ts';
import { Journal } from './journal.ts';
import { runChaos } from './run.ts';
import { drawSchedule, lineOf, type Schedule, type Step } from './schedule.ts';
import { tableOf, type Verdict } from './verdict.ts';

const help = `chaos: everything goes wrong, at random by a seed, while prices flow from two vendors through Kafka into Cassandra; then all of it is held against a replay of the log.

Usage: npm run chaos -- [--minutes N] [--seed S] [--from-step K | --only-step K] [--list]

  --minutes N       how long faults go on (5); the start before them and the comparison after them take a minute each
  --seed S          what goes wrong and when follows from it and from the minutes alone (1)
  --from-step K     leaves out the steps before K
  --only-step K     takes that step alone
  --list            prints the steps and ends
  --ticks N         prices a second (150)
  --former COMMIT   the former program, whose processor runs beside those of this one (the newest tag; without tags the first commit
                    since the newest golden formats that starts)

Needs Java 17 and Maven, as "tapeline services" does; steps that fill disks need root and are left out, and told, without it.
Schedule, journal, logs of the processes and verdict.json stand in .tapeline/chaos/SEED. Exit status 1 when anything differs. Ctrl-C ends it clean.
`;

const root = fileURLToPath(new URL('../../../', import.meta.url));
const interrupted = 130;

const options = {
  minutes: { type: 'string', default: '5' },
  seed: { type: 'string', default: '1' },
  'from-step': { type: 'string' },
  'only-step': { type: 'string' },
  list: { type: 'boolean', default: false },
  ticks: { type: 'string', default: '150' },
  former: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`${reasonOf(error)}\n`);
  return 1;
});
// Clients of servers that are gone may still wait for them.
process.exit();

async function main(): Promise<number> {
  const { values } = parseArgs({ options });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const seed = numberOf('seed', values.seed, 0);
  const minutes = numberOf('minutes', values.minutes, 1);
  const schedule = drawSchedule(seed, minutes);
  const steps = chosen(schedule, values['from-step'], values['only-step']);
  process.stdout.write(`${steps.map(step => lineOf(step)).join('\n')}\n`);
  if (values.list) return 0;
  return await play(schedule, steps, { ticksPerSecond: numberOf('ticks', values.ticks, 12), former: values.former });
}

async function play(
  schedule: Schedule,
  steps: readonly Step[],
  { ticksPerSecond, former: asked }: { readonly ticksPerSecond: number; readonly former: string | undefined },
): Promise<number> {
  const folder = join(root, '.tapeline/chaos', String(schedule.seed));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'schedule.jsonl'), schedule.steps.map(step => `${JSON.stringify(step)}\n`).join(''));
  const journal = new Journal(join(folder, 'journal.jsonl'), line =>
    process.stdout.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`),
  );
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort());
  const logger = createLogger({ name: 'chaos', level: 'warn', secrets: [] });
  const former = await formerProgram(root, asked).catch((error: unknown) => {
    journal.say(`no former program: ${reasonOf(error)}`);
    return undefined;
  });
  if (former !== undefined) journal.say(`the former program is ${former.commit}`);
  const scratch = mkdtempSync(join(tmpdir(), 'tapeline-chaos-'));
  try {
    const verdict = await runChaos({
      schedule,
      steps,
      journal,
      folder,
      scratch,
      ticksPerSecond,
      former: former?.folder,
      logger,
      signal: stop.signal,
    });
    writeFileSync(join(folder, 'verdict.json'), `${JSON.stringify(verdict, undefined, 2)}\n`);
    process.stdout.write(tableOf(verdict));
    return status(verdict, folder);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    const next = journal.deeds.at(-1)?.step.step ?? steps[0]?.step ?? 1;
    process.stdout.write(`ended; to go on: npm run chaos -- --minutes ${schedule.minutes} --seed ${schedule.seed} --from-step ${next}\n`);
    return interrupted;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function status({ isPassed }: Verdict, folder: string): number {
  if (isPassed) return 0;
  process.stdout.write(`what happened when, and the logs of all processes, stand in ${folder}\n`);
  return 1;
}

function chosen({ steps }: Schedule, from: string | undefined, only: string | undefined): readonly Step[] {
  if (from !== undefined && only !== undefined) throw new Error('--from-step and --only-step exclude each other');
  const number = numberOf('step', only ?? from ?? '1', 1);
  const left = steps.filter(({ step }) => (only === undefined ? step >= number : step === number));
  if (left.length === 0) throw new Error(`there is no step ${number}: this schedule has ${steps.length}`);
  return left;
}

function numberOf(name: string, text: string, least: number): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < least) throw new Error(`--${name} must be a whole number from ${least} on, was "${text}"`);
  return number;
}
