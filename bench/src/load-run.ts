/** One turn of one profile over the whole chain: how long things took, how far behind it was, what each process used, and the account. */
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openCassandraStore } from '@tapeline/database/cassandra/cassandra-store';
import { Registry } from 'prom-client';
import type { BenchContext } from './bench-context.ts';
import { distributionOf } from './distribution.ts';
import { accountOf, differenceOf, type LogAccount } from './load-account.ts';
import { LoadChain } from './load-chain.ts';
import { machineMs } from './machine-clock.ts';
import { type Pace, secondsOf } from './pace.ts';
import { type ProcessSample, sampleProcess } from './process-sample.ts';

export interface LoadTurn {
  /** For the line of progress. */
  readonly name: string;
  readonly symbols: number;
  readonly paces: readonly Pace[];
  /** At the mean, before it counts. */
  readonly warmUpSeconds: number;
  /** Bars are held against a replay of the log; otherwise the log is only counted. */
  readonly isReplayed: boolean;
}

type Values = Readonly<Record<string, number>>;

/** Of one process at the begin and the end, and the most memory in between. */
interface Use {
  readonly name: string;
  readonly before: ProcessSample;
  last: ProcessSample;
  mostResidentBytes: number;
}

const sampleMs = 1_000;
/** A bar is due when its second is over and stragglers had their time. */
const dueAfterStartMs = 1_000 + 2_000;

/** @returns every figure of the turn by name; `cpu <process>` in cores, `rss <process>` in bytes at most */
export async function loadTurn(context: BenchContext, turn: LoadTurn): Promise<Values> {
  const durableFile = join(context.scratch, 'durable.jsonl');
  const chain = await LoadChain.started(context, { symbols: turn.symbols, durableFile });
  try {
    const measured = await measure(context, chain, turn);
    const totals = await chain.finish();
    const bars = await barTimes(durableFile, measured.fromMs);
    return { ...measured.values, ...bars, ...(await accounted(context, chain, turn, totals)) };
  } finally {
    await chain.remove();
    await rm(durableFile, { force: true });
  }
}

async function measure(context: BenchContext, chain: LoadChain, { name, paces, warmUpSeconds }: LoadTurn) {
  const seconds = secondsOf(paces);
  const mean = paces.reduce((sum, pace) => sum + pace.perSecond * pace.seconds, 0) / seconds;
  await chain.run.sendAt(Math.ceil(mean), warmUpSeconds);
  await chain.drained();
  chain.run.mostHeldBytes = 0;
  const begin = chain.progress;
  let lagMost = 0;
  let lagAtEnd = 0;
  chain.onProgress = ({ sent, acked, processed }) => {
    lagMost = Math.max(lagMost, acked - processed);
    context.progress(
      `load ${name}: ${sent - begin.sent} sent, ${acked - begin.acked} acknowledged, ${processed - begin.processed} processed`,
    );
  };
  const fromMs = Date.now();
  const [uses, stopSampling] = await sampled(context, chain);
  chain.beginCounting();
  const took = await chain.run.sendPaced(paces, () => {
    const { acked, processed } = chain.progress;
    // What both say comes a tenth of a second apart.
    lagAtEnd = Math.max(0, acked - processed);
  });
  const wallSeconds = (machineMs() - begin.atMs) / 1_000;
  const rows = await chain.rowsCounted();
  await stopSampling();
  const drainSeconds = await chain.drained();
  // Where some were dropped, counts of sent and acknowledged ticks no longer tell which is which.
  const isWhole = chain.run.lost === 0;
  const acknowledged = isWhole ? distributionOf(took) : undefined;
  const usage = uses.flatMap(({ name: process, before, last, mostResidentBytes }) => [
    [`cpu ${process}`, (last.cpuSeconds - before.cpuSeconds) / wallSeconds] as const,
    [`rss ${process}`, mostResidentBytes] as const,
  ]);
  const values = {
    ticksPerSecond: (chain.progress.sent - begin.sent) / seconds,
    ...(acknowledged && { ackP50Ms: acknowledged.p50, ackP99Ms: acknowledged.p99, ackHighestMs: acknowledged.highest }),
    ...{ lagMost, lagAtEnd, drainSeconds, mostHeldBytes: chain.run.mostHeldBytes, boardRowsPerSecond: rows / wallSeconds },
    ...Object.fromEntries(usage),
  };
  return { fromMs, values };
}

/** Looks at all processes every second until it is stopped. */
async function sampled(context: BenchContext, chain: LoadChain): Promise<readonly [readonly Use[], () => Promise<void>]> {
  const processes = [...(await chain.processes()), ...(await context.servers.processes())];
  const uses = await Promise.all(
    processes.map(async ({ name, pid }): Promise<Use & { readonly pid: number }> => {
      const before = await sampleProcess({ name, pid });
      return { name, pid, before, last: before, mostResidentBytes: before.residentBytes };
    }),
  );
  const look = async (): Promise<void> => {
    for (const use of uses) {
      use.last = await sampleProcess(use);
      use.mostResidentBytes = Math.max(use.mostResidentBytes, use.last.residentBytes);
    }
  };
  const timer = setInterval(() => void look(), sampleMs);
  const stop = async (): Promise<void> => {
    clearInterval(timer);
    await look();
  };
  return [uses, stop];
}

/** From the moment at which a bar is due by the vendor's stamps to that at which it is durable. */
async function barTimes(file: string, fromMs: number): Promise<Values> {
  const wallMs = Date.now() - machineMs();
  const took: number[] = [];
  for await (const line of createInterface(createReadStream(file))) {
    const { startMs, atMs }: { startMs: number; atMs: number } = JSON.parse(line);
    if (startMs >= fromMs) took.push(atMs + wallMs - startMs - dueAfterStartMs);
  }
  const { p50, p99, count } = distributionOf(took);
  return { barP50Ms: p50, barP99Ms: p99, barsTimed: count };
}

async function accounted(context: BenchContext, chain: LoadChain, { name, isReplayed }: LoadTurn, totals: Values): Promise<Values> {
  const { signal } = context;
  const onProgress = (records: number, of: number): void =>
    context.progress(`load ${name}: ${isReplayed ? 'replaying' : 'counting'} the log, ${Math.floor((records / of) * 100)} %`);
  const account = await accountOf(chain.log, { fold: isReplayed, onProgress, signal });
  const { ticks, ticksTwice, lost } = account;
  const sent = chain.run.sent;
  const counted = { sent, inLog: ticks, twiceInLog: ticksTwice, inGaps: lost, refused: totals.refused ?? Number.NaN };
  const unaccounted = sent - ticks - lost - counted.refused;
  return { ...counted, unaccounted, ...(isReplayed ? await compared(context, chain, account) : {}) };
}

async function compared(context: BenchContext, chain: LoadChain, account: LogAccount): Promise<Values> {
  const contactPoints = await context.servers.contactPoints();
  const { logger } = context;
  const store = openCassandraStore({ contactPoints, keyspace: chain.keyspace, ticks: false, logger, registry: new Registry() });
  try {
    const { expected, different, examples } = await differenceOf(account.bars, store);
    if (different > 0) context.say(`other bars than the replay's: ${examples.join('; ')}`);
    return { bars: expected, differentBars: different };
  } finally {
    await store.close();
  }
}
