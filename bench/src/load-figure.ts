/** Figure `load`: steady loads and bursts over the whole chain, each with its account. */
import { usageError } from '@tapeline/core/errors';
import type { BenchContext } from './bench-context.ts';
import { measureCapacity } from './load-capacity.ts';
import { needRoom } from './load-leftovers.ts';
import { loadProfileNamed, pacesOf } from './load-profiles.ts';
import { loadTurn } from './load-run.ts';
import type { BenchResult } from './results.ts';

export interface LoadFigureOptions {
  readonly profiles: readonly string[];
  readonly symbols: number;
  /** Of each turn. */
  readonly seconds: number;
  readonly rounds: number;
}

const longestWarmUpSeconds = 10;
const stepSeconds = 15;
/** A tick in the log, with its bars and what the broker removes a minute later only. */
const bytesOfTick = 350;
const roomForServers = 2e9;

/** @returns the turns that were measured now */
export async function measureLoad(context: BenchContext, options: LoadFigureOptions): Promise<readonly BenchResult[]> {
  const { symbols, seconds, rounds } = options;
  const profiles = options.profiles.map(loadProfileNamed);
  const needsCarried = profiles.some(profile => profile.needsCarried);
  const carried = needsCarried ? await measureCapacity(context, { symbols, seconds: stepSeconds }) : 0;
  const measured: BenchResult[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    for (const { name, meanOf, isBursts } of profiles) {
      const mean = meanOf(carried);
      const wanted = { figure: 'load', subject: name, round, parameters: { meanPerSecond: mean, bursts: isBursts, symbols, seconds } };
      if (context.resume && context.results.has(wanted)) continue;
      await needRoom(mean * seconds * 2 * bytesOfTick + roomForServers, `load ${name}`, 'ask for fewer --seconds');
      const warmUpSeconds = Math.min(longestWarmUpSeconds, Math.ceil(seconds / 3));
      const turn = { name, symbols, paces: pacesOf(isBursts, mean, seconds), warmUpSeconds, isReplayed: round === 1 };
      const values = await loadTurn(context, turn);
      const command = `npm run bench -- load --profiles ${name} --symbols ${symbols} --seconds ${seconds}`;
      measured.push(context.results.add({ ...wanted, values, command }));
      context.say(`load ${name}, round ${round}: ${textOf(values)}`);
    }
  }
  return measured;
}

/** @throws PipelineError `usage` with all that is wrong with the accounts of these turns */
export function refuseFaults(turns: readonly BenchResult[]): void {
  const faults = turns.flatMap(turn => faultOf(turn) ?? []);
  if (faults.length > 0) throw usageError(`an account does not add up: ${faults.join('; ')}`);
}

/** What is wrong with the account of a turn; absent when all adds up. */
export function faultOf({ subject, round, values }: Pick<BenchResult, 'subject' | 'round' | 'values'>): string | undefined {
  const { sent, inLog, inGaps, unaccounted, twiceInLog, differentBars = 0 } = values;
  const where = `load ${subject}, round ${round}`;
  if (unaccounted !== 0)
    return `${where}: ${sent} ticks sent, ${inLog} in the log and ${inGaps} in gap records: ${unaccounted} unaccounted for`;
  if (twiceInLog !== 0) return `${where}: ${twiceInLog} ticks stand twice in the log`;
  return differentBars === 0 ? undefined : `${where}: ${differentBars} bars differ from those of a replay`;
}

function textOf(values: Readonly<Record<string, number>>): string {
  const ms = (name: string): string => values[name]?.toFixed(1) ?? '–';
  const account = `${values.sent} sent = ${values.inLog} in the log + ${values.inGaps} in gap records${values.unaccounted === 0 ? '' : ` (${values.unaccounted} UNACCOUNTED FOR)`}`;
  const bars = values.bars === undefined ? '' : `; ${values.bars - (values.differentBars ?? 0)} of ${values.bars} bars equal a replay's`;
  const behind = `lag at most ${values.lagMost}, at the end ${values.lagAtEnd}`;
  return `${account}${bars}; ${behind}; acknowledged p50 ${ms('ackP50Ms')}, p99 ${ms('ackP99Ms')} ms; bar durable p50 ${ms('barP50Ms')}, p99 ${ms('barP99Ms')} ms`;
}
