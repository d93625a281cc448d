/** A server that speaks TwelveData's price protocol over a real socket, with a seeded market or a recording behind it. */
import { usageError } from '@tapeline/core/errors';
import { surveyRecording } from '@tapeline/core/recorded-sessions';
import type { Logger } from 'pino';
import type { ConnectionHistory, UpgradeAttempt } from './connection-journal.ts';
import { FaultSet } from './fault-set.ts';
import type { Instrument } from './market/instruments.ts';
import { seededMarket } from './market/market.ts';
import { mixed, type Random, randomOf } from './market/random.ts';
import { instrumentsNamed, wellKnownInstruments } from './market/well-known-instruments.ts';
import { MarketSource } from './market-source.ts';
import type { Misbehaviour, MisbehaviourName } from './misbehaviours/misbehaviour.ts';
import { PriceServer } from './price-server.ts';
import type { PriceSource } from './price-source.ts';
import { RecordingSource } from './recording-source.ts';
import { pricePath } from './upgrade.ts';

/** Of the market over all instruments, subscribed or not, on average. */
export const defaultTicksPerSecond = 20;

export interface MarketOptions {
  /** Symbols of well-known instruments, or instruments of your own. @default all well-known ones */
  readonly instruments?: readonly (string | Instrument)[];
  /** Over all instruments, subscribed or not, on average. @default 20 */
  readonly ticksPerSecond?: number;
  /** The market's time at the start; from there it runs with `clock`. @default the clock's */
  readonly startMs?: number;
  /** Markets never close, so that there is movement at night and on weekends. @default true */
  readonly alwaysOpen?: boolean;
}

export interface SimulatorOptions {
  /** @default 0, any free port */
  readonly port?: number;
  /** @default '127.0.0.1' */
  readonly host?: string;
  /** When given, any other key is refused. @default every key is accepted, none too */
  readonly apiKey?: string;
  /** The same seed and time give the same market. */
  readonly seed: number;
  readonly market?: MarketOptions;
  /** Milliseconds since the Unix epoch. @default Date.now */
  readonly clock?: () => number;
  /** Play this instead of the market; `speed` 1 is the recording's own, `'max'` as fast as the client reads. */
  readonly recording?: { readonly path: string; readonly speed: number | 'max' };
  /** Say the time before each message, for an ingester with `FEED_CLOCK=feed`. @default false */
  readonly sayTime?: boolean;
  /** What to do wrong from the start, one or several at once. */
  readonly misbehaviour?: Misbehaviour | readonly Misbehaviour[];
  readonly logger: Logger;
}

export interface Simulator {
  /** `ws://127.0.0.1:PORT/v1/quotes/price` */
  readonly url: string;
  readonly port: number;
  /** All connections, the newest 1,000, oldest first; the entries change while the connections live. */
  readonly connections: readonly ConnectionHistory[];
  /** All requests to connect, refused ones included, the newest 1,000. */
  readonly attempts: readonly UpgradeAttempt[];
  /** Switches a misbehaviour on, in place of one of the same kind; counts (`afterMessages`, `connections`) begin now. */
  misbehave(misbehaviour: Misbehaviour): void;
  /** Switches one kind of misbehaviour off, or all. */
  behave(kind?: MisbehaviourName): void;
  /** Ends every open connection without a close code. */
  dropConnections(): void;
  /** Resolves when the recording's last message has gone out; never without a recording. */
  whenPlayed(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts a simulator; it listens when the promise resolves. Every answer to an upgrade carries `x-simulated: true`.
 * @throws PipelineError `usage` for a misbehaviour or symbol that is none; `recording.malformed`, `recording.unreadable`;
 *   `configuration.invalid` when it cannot listen.
 */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const faults = new FaultSet();
  for (const misbehaviour of [options.misbehaviour ?? []].flat()) faults.add(misbehaviour);
  const random = randomOf(mixed(options.seed, 0x636f6e6e));
  const source = await sourceOf(options, random);
  const server = new PriceServer(source, {
    faults,
    clock: options.clock ?? Date.now,
    sayTime: options.sayTime ?? false,
    lastPrices: new Map(),
    random,
    logger: options.logger,
    apiKey: options.apiKey,
  });
  const host = options.host ?? '127.0.0.1';
  const port = await server.listen(options.port ?? 0, host).catch(async (error: unknown) => {
    await source.stop();
    throw error;
  });
  return {
    url: `ws://${host.includes(':') ? `[${host}]` : host}:${port}${pricePath}`,
    port,
    connections: server.connections,
    attempts: server.attempts,
    misbehave: misbehaviour => faults.add(misbehaviour),
    behave: kind => faults.remove(kind),
    dropConnections: () => server.dropConnections(),
    whenPlayed: () => source.played,
    close: async () => {
      await Promise.all([server.close(), source.stop()]);
    },
  };
}

async function sourceOf(options: SimulatorOptions, random: Random): Promise<PriceSource> {
  const { recording, logger } = options;
  if (recording === undefined) return marketSourceOf(options, random);
  const { path, speed } = recording;
  if (speed !== 'max' && !(Number.isFinite(speed) && speed > 0)) {
    throw usageError(`speed must be a number above 0 or "max", was ${speed}`);
  }
  return new RecordingSource({ path, speed, survey: await surveyRecording(path), logger });
}

function marketSourceOf(options: SimulatorOptions, random: Random): PriceSource {
  const {
    instruments: wanted = wellKnownInstruments,
    ticksPerSecond = defaultTicksPerSecond,
    startMs,
    alwaysOpen = true,
  } = options.market ?? {};
  if (!(Number.isFinite(ticksPerSecond) && ticksPerSecond >= 0)) {
    throw usageError(`ticksPerSecond must be 0 or more, was ${ticksPerSecond}`);
  }
  const instruments = wanted.flatMap(each => (typeof each === 'string' ? instrumentsNamed([each]) : [each]));
  const clock = options.clock ?? Date.now;
  const beganMs = clock();
  return new MarketSource({
    market: seededMarket({ seed: options.seed, instruments, ticksPerSecond, alwaysOpen }),
    instruments,
    now: () => (startMs ?? beganMs) + clock() - beganMs,
    random,
  });
}
