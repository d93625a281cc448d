/** The arguments of a program: its help, what it takes, and a usage error for all else. */
import { parseArgs } from 'node:util';
import { type PipelineError, usageError } from './errors.ts';
import { mindNoReaderThatLeaves } from './readers-that-leave.ts';
import { exitStatusOf } from './service.ts';

export interface CommandLine {
  /** What `--help` prints. */
  readonly help: string;
  /** What it takes besides `--help`. @default nothing */
  readonly options?: Readonly<Record<string, OptionKind>>;
  /** The words that have to be there; `any`: `main` judges them. @default none */
  readonly words?: readonly string[] | 'any';
  /** Prints the help behind what is wrong with the arguments. @default false */
  readonly faultsShowHelp?: boolean;
  /** Cuts secrets out of an error that ends the program. @default as it is */
  readonly scrub?: (line: string) => string;
}

export interface OptionKind {
  readonly type: 'string' | 'boolean';
  /** Text that may be given several times: a list. @default false */
  readonly multiple?: boolean;
}

/** Options by their names; those that were not given are absent. */
export type GivenOptions = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

export interface GivenArguments {
  readonly options: GivenOptions;
  /** What is no option, in its order. */
  readonly words: readonly string[];
}

/**
 * Runs a program on the process's arguments: prints its help when asked to, else what `main` does. An expected error is printed as its message.
 * @returns the exit status: 2 for arguments that it does not take
 */
export async function runCommandLine(
  line: CommandLine,
  main: (options: GivenOptions, words: readonly string[]) => Promise<number>,
): Promise<number> {
  mindNoReaderThatLeaves();
  try {
    const given = argumentsOf(process.argv.slice(2), line);
    if (given !== undefined) return await main(given.options, given.words);
    process.stdout.write(line.help);
    return 0;
  } catch (error) {
    return exitStatusOf(error, text => process.stderr.write((line.scrub ?? (same => same))(text)));
  }
}

/**
 * Options and words among the arguments; `undefined` when they ask for help.
 * @throws PipelineError `usage`.
 */
export function argumentsOf(args: readonly string[], line: Partial<CommandLine>): GivenArguments | undefined {
  const { options = {}, words = [], help = '', faultsShowHelp = false } = line;
  const usage = (message: string) => usageFault(faultsShowHelp ? `${message}\n\n${help}` : message);
  const known = { ...options, help: { type: 'boolean', short: 'h' } } as const;
  const { values, positionals, tokens } = parseArgs({ args: [...args], options: known, strict: false, tokens: true });
  if (values.help === true) return undefined;
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
    if (option === undefined) throw usage(`"${token.rawName}" is not an option, expected ${expected(options)}`);
    if (option.type === 'string' && token.value === undefined) throw usage(`${token.rawName} needs a value`);
    if (option.type === 'boolean' && token.value !== undefined) throw usage(`${token.rawName} takes no value, was "${token.value}"`);
  }
  const given = { options: values as GivenOptions, words: positionals };
  if (words === 'any' || positionals.join(' ') === words.join(' ')) return given;
  if (words.length > 0) throw usage(`expected ${words.join(' ')}, was "${args.join(' ')}"; see --help`);
  throw usage(`"${positionals[0]}" is not an option, expected ${expected(options)}`);
}

function expected(options: NonNullable<CommandLine['options']>): string {
  const names = Object.keys(options).map(name => `--${name}`);
  return [...(names.length === 0 ? ['none'] : names), '--help'].join(' or ');
}

/** Arguments that a program does not take: it ends with status 2. */
export function usageFault(message: string): PipelineError {
  return usageError(message);
}

/** For commander's `exitOverride`: what it refuses, and has printed why, ends the program with the status that {@link runCommandLine} gives. */
export function endAsRefused({ exitCode }: { readonly exitCode: number }): never {
  process.exit(exitCode === 0 ? 0 : 2);
}
