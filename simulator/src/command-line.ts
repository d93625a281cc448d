/** The simulator's command line: what it offers, and the options that it stands for. */
import { PipelineError } from '@tapeline/core/errors';
import { Command, InvalidArgumentError, Option } from 'commander';
import { seededMarket } from './market/market.ts';
import { instrumentsNamed, wellKnownInstruments, wellKnownSymbols } from './market/well-known-instruments.ts';
import { type Misbehaviour, misbehaviourDescriptions, parseMisbehaviour } from './misbehaviours/misbehaviour.ts';
import { marketBars } from './rest/market-bars.ts';
import type { RestSimulatorOptions } from './rest/rest-simulator.ts';
import type { SimulatorOptions } from './simulator.ts';

interface Flags {
  readonly port: number;
  readonly host: string;
  readonly seed: number;
  readonly symbols?: readonly string[];
  readonly ticksPerSecond: number;
  readonly apiKey?: string;
  readonly misbehave: readonly Misbehaviour[];
  readonly recording?: string;
  readonly speed: number | 'max';
  readonly sayTime: boolean;
  readonly alwaysOpen: boolean;
  readonly restPort?: number;
}

/** What is to be started. */
export interface SimulatorGiven {
  readonly prices: Omit<SimulatorOptions, 'logger'>;
  /** Absent when it was not asked for. */
  readonly rest?: RestSimulatorOptions;
}

/** The command with all its options; `act` gets them when it is run. */
export function simulatorCommand(act: (given: SimulatorGiven) => Promise<void>): Command {
  return new Command('simulator')
    .description("A server that speaks TwelveData's price protocol, with a seeded market or a recording behind it.")
    .option('--port <port>', 'where it listens; 0 is any free port', wholeNumber(0, 65_535), 7010)
    .option('--host <host>', 'the address that it listens on', '127.0.0.1')
    .option('--seed <number>', 'the same seed and time give the same prices', wholeNumber(0, 4_294_967_295), 1)
    .option('--symbols <list>', 'the market has only these, as in BTC/USD,AAPL,RY:TSX (default: all well-known ones)', symbolList)
    .option('--ticks-per-second <number>', 'prices over all symbols, on average', positive, 20)
    .option('--api-key <key>', 'refuse every other key (default: every key is accepted; also read from SIMULATOR_API_KEY)')
    .option('--misbehave <kind:option=value,…>', 'do something wrong; may be given several times; see below', misbehaviours, [])
    .option('--recording <file>', 'play this recording, a session for each connection, in place of the market')
    .option('--speed <factor>', 'of the recording: 1 is its own, "max" as fast as the client reads', speedFactor, 1)
    .option('--say-time', 'say the time before each message, for an ingester with FEED_CLOCK=feed', false)
    .option('--always-open', 'markets never close', true)
    .option('--no-always-open', 'markets open and close where they are, holidays not counted')
    .addOption(
      new Option('--rest-port <port>', "also answer TwelveData's REST API there, with the bars of this market; 0 is any free port")
        .argParser(wholeNumber(0, 65_535))
        .conflicts('recording'),
    )
    .addHelpText('after', helpAfter)
    .action((flags: Flags) => act({ prices: optionsOf(flags), ...restOf(flags) }));
}

function optionsOf(flags: Flags): Omit<SimulatorOptions, 'logger'> {
  const { recording, symbols, apiKey } = flags;
  return {
    port: flags.port,
    host: flags.host,
    seed: flags.seed,
    ...(apiKey === undefined ? {} : { apiKey }),
    market: {
      ticksPerSecond: flags.ticksPerSecond,
      alwaysOpen: flags.alwaysOpen,
      ...(symbols === undefined ? {} : { instruments: symbols }),
    },
    ...(recording === undefined ? {} : { recording: { path: recording, speed: flags.speed } }),
    sayTime: flags.sayTime,
    misbehaviour: flags.misbehave,
  };
}

/** The same market as the price stream's: seed, symbols and pace make it. */
function restOf({ restPort: port, host, seed, symbols, ticksPerSecond, alwaysOpen }: Flags): Pick<SimulatorGiven, 'rest'> {
  if (port === undefined) return {};
  const instruments = symbols === undefined ? wellKnownInstruments : instrumentsNamed(symbols);
  const market = seededMarket({ seed, instruments, ticksPerSecond, alwaysOpen });
  return { rest: { port, host, seed, instruments, bars: marketBars(market), alwaysOpen } };
}

function helpAfter(): string {
  const kinds = misbehaviourDescriptions.map(({ kind, summary, options }) => {
    const lines = options.filter(({ name }) => name !== 'connections').map(({ name, description }) => `      ${name}: ${description}`);
    return [`  ${kind}: ${summary}`, ...lines].join('\n');
  });
  const connections = misbehaviourDescriptions[0]?.options.find(({ name }) => name === 'connections')?.description ?? '';
  return `
Misbehaviours, as in --misbehave mute:afterMessages=20,connections=1
${kinds.join('\n')}
  and each of them
      connections: ${connections}

Symbols: ${wellKnownSymbols.join(' ')}`;
}

function wholeNumber(lowest: number, highest: number): (text: string) => number {
  return text => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= lowest && value <= highest) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${lowest} to ${highest}.`);
  };
}

function positive(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a number above 0.');
}

function speedFactor(text: string): number | 'max' {
  return text === 'max' ? 'max' : positive(text);
}

function symbolList(text: string): readonly string[] {
  const symbols = text
    .split(',')
    .map(symbol => symbol.trim())
    .filter(symbol => symbol !== '');
  if (symbols.length > 0) return symbols;
  throw new InvalidArgumentError('It must name at least one symbol.');
}

function misbehaviours(text: string, before: readonly Misbehaviour[]): readonly Misbehaviour[] {
  try {
    return [...before, parseMisbehaviour(text)];
  } catch (error) {
    if (error instanceof PipelineError) throw new InvalidArgumentError(error.message);
    throw error;
  }
}
