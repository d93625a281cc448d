/** The command `npm run fuzz`: gives parsers inputs that nobody would send, keeps those that show a fault, and counts. */
import { fileURLToPath } from 'node:url';
import { endAsRefused } from '@tapeline/core/command-line';
import { reasonOf } from '@tapeline/core/errors';
import { Command, InvalidArgumentError } from 'commander';
import { faultOf } from './examination.ts';
import { type FuzzOptions, fuzz } from './fuzz.ts';
import { inputOf } from './inputs.ts';
import { parserNamed, parsers } from './parsers.ts';
import { writeReport } from './report.ts';
import { Totals } from './totals.ts';

/** The exit status that shells give to a command ended by Ctrl-C. */
const interrupted = 130;
const totals = new Totals(fileURLToPath(new URL('../totals', import.meta.url)));
const say = (line: string) => process.stdout.write(`${line}\n`);

interface Flags {
  readonly parser?: readonly string[];
  readonly inputs: number;
  readonly seed?: number;
  readonly minutes?: number;
  readonly index?: number;
  readonly list?: true;
  readonly resume?: true;
  readonly count: boolean;
  readonly short?: number;
}

const program = new Command('fuzz')
  .exitOverride(endAsRefused)
  .description('Gives every parser inputs that nobody would send, and looks at what it makes of them.')
  .showHelpAfterError('(add --help for what is possible)')
  .option('--parser <names...>', 'only these (see --list)')
  .option('--inputs <count>', 'inputs for each parser; with --resume in all, runs before this one included', wholeNumber(1), 10_000)
  .option('--seed <number>', 'the same seed gives the same inputs; a new one when absent', wholeNumber(0))
  .option('--minutes <number>', 'stop after so long; parsers share the time', positive)
  .option('--index <number>', 'only the input with this number, shown with what is wrong with it', wholeNumber(0))
  .option('--list', 'list the parsers and what was done so far')
  .option('--resume', 'go on with the last seed (or --seed) where it ended')
  .option('--short <count>', 'as --inputs, but a slow parser gets fewer of them', wholeNumber(1))
  .option('--no-count', 'leave the totals alone and keep no inputs')
  .addHelpText(
    'after',
    `
Totals are kept in fuzz/totals, so that runs add up; an input that shows a fault is made small and kept in fuzz/regressions.
Exit status: 0 when nothing was found, 1 when something was. \`npm run fuzz -- report\` writes docs/fuzzing.md.\n`,
  )
  .action((flags: Flags) => act(flags));

program
  .command('report')
  .description('write docs/fuzzing.md of the totals and the kept inputs')
  .action(() => {
    process.exitCode = writeReport(totals, say) ? 0 : 1;
  });

process.stdout.on('error', error => {
  if ('code' in error && error.code === 'EPIPE') process.exit(0);
  throw error;
});
await program.parseAsync();

async function act(flags: Flags): Promise<void> {
  const chosen = chosenParsers(flags.parser);
  if (flags.list) return list();
  const seed = flags.seed ?? (flags.resume ? totals.lastSeed() : undefined) ?? Math.floor(Math.random() * 2 ** 31);
  if (flags.index !== undefined)
    return showInput(
      chosen.map(({ name }) => name),
      seed,
      flags.index,
    );
  const stopping = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stopping.abort());
  const options: FuzzOptions = {
    parsers: chosen,
    inputsOf: ({ slowness = 1 }) => (flags.short === undefined ? flags.inputs : Math.ceil(flags.short / slowness)),
    seed,
    minutes: flags.minutes,
    resume: flags.resume === true,
    totals: flags.count ? totals : undefined,
    signal: stopping.signal,
    say,
  };
  const faults = await fuzz(options);
  if (stopping.signal.aborted) say('interrupted; --resume goes on');
  process.exitCode = stopping.signal.aborted ? interrupted : faults > 0 ? 1 : 0;
}

function list(): void {
  for (const { name, reads, heldTo } of parsers) {
    say(`${name.padEnd(24)} ${totals.of(name).inputs.toLocaleString('en').padStart(12)}  ${reads}`);
    say(`${''.padEnd(38)} ${heldTo}`);
  }
}

async function showInput(names: readonly string[], seed: number, index: number): Promise<void> {
  for (const name of names) {
    const parser = parserNamed(name);
    const input = inputOf(parser, seed, index);
    const isText = parser.format !== 'bytes';
    say(`${name}, seed ${seed}, input ${index}: ${input.length} bytes\n${isText ? input.toString() : input.toString('hex')}`);
    const fault = await faultOf(parser, input);
    say(fault === undefined ? 'nothing is wrong with what the parser makes of it' : `${fault.mark}\n${fault.detail}`);
    if (fault !== undefined) process.exitCode = 1;
  }
}

function chosenParsers(names: readonly string[] | undefined) {
  try {
    return names === undefined ? parsers : names.flatMap(list => list.split(',')).map(parserNamed);
  } catch (error) {
    return program.error(reasonOf(error));
  }
}

function wholeNumber(least: number): (text: string) => number {
  return text => {
    const value = Number(text.replaceAll(/[_,]/g, ''));
    if (Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`expected a whole number from ${least}.`);
  };
}

function positive(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('expected a number above 0.');
}
