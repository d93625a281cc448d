/** The arguments of a program: its help, what it takes, and a usage error for all else. */
import { parseArgs } from 'node:util';
import { PipelineError } from './errors.ts';
import { exitStatusOf } from './service.ts';

export interface CommandLine {
  /** What `--help` prints. */
  readonly help: string;
  /** What it takes besides `--help`. @default nothing */
  readonly options?: Readonly<Record<string, { readonly type: 'string' | 'boolean' }>>;
  /** The words that have to be there. @default none */
  readonly words?: readonly string[];
  /** Cuts secrets out of an error that ends the program. @default as it is */
  readonly scrub?: (line: string) => string;
}

/** Options by their names; those that were not given are absent. */
export type GivenOptions = Readonly<Record<string, string | boolean | undefined>>;

/**
 * Runs a program on the process's arguments: prints its help when asked to, else what `main` does. An expected error is printed as its message.
 * @returns the exit status: 2 for arguments that it does not take
 */
export async function runCommandLine(line: CommandLine, main: (given: GivenOptions) => Promise<number>): Promise<number> {
  try {
    const given = optionsOf(process.argv.slice(2), line);
    if (given !== undefined) return await main(given);
    process.stdout.write(line.help);
    return 0;
  } catch (error) {
    return exitStatusOf(error, text => process.stderr.write((line.scrub ?? (same => same))(text)));
  }
}

/**
 * The options among the arguments; `undefined` when they ask for help.
 * @throws PipelineError `usage`.
 */
export function optionsOf(args: readonly string[], { options = {}, words = [] }: Omit<CommandLine, 'help'>): GivenOptions | undefined {
  const known = { ...options, help: { type: 'boolean', short: 'h' } } as const;
  const { values, positionals, tokens } = parseArgs({ args: [...args], options: known, strict: false, tokens: true });
  if (values.help === true) return undefined;
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
    if (option === undefined) throw usage(`"${token.rawName}" is no option, expected ${expected(options)}`);
    if (option.type === 'string' && token.value === undefined) throw usage(`${token.rawName} needs a value`);
    if (option.type === 'boolean' && token.value !== undefined) throw usage(`${token.rawName} takes no value, was "${token.value}"`);
  }
  if (positionals.join(' ') === words.join(' ')) return values as GivenOptions;
  if (words.length > 0) throw usage(`expected ${words.join(' ')}, was "${args.join(' ')}"; see --help`);
  throw usage(`"${positionals[0]}" is no option, expected ${expected(options)}`);
}

function expected(options: NonNullable<CommandLine['options']>): string {
  const names = Object.keys(options).map(name => `--${name}`);
  return [...(names.length === 0 ? ['none'] : names), '--help'].join(' or ');
}

function usage(message: string): PipelineError {
  return new PipelineError('usage', message, { retriable: false });
}
