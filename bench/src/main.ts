/** The command `npm run bench`: measures Tapeline and its peers, and writes BENCHMARKS.md of what was measured. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endAsRefused } from '@tapeline/core/command-line';
import { createLogger } from '@tapeline/core/logging';
import { exitStatusOf } from '@tapeline/core/service';
import { openKafkaLog } from '@tapeline/log/kafka-log';
import type { MarketLog } from '@tapeline/log/market-log';
import { Command } from 'commander';
import { measureAll } from './all-figures.ts';
import { type BacklogOptions, measureBacklog } from './backlog.ts';
import type { BenchContext } from './bench-context.ts';
import { progress, say } from './bench-output.ts';
import { BenchServers } from './bench-servers.ts';
import { measureCorrectness } from './correctness.ts';
import { fill, measureCost } from './cost.ts';
import { type FanOutOptions, measureFanOut } from './fan-out.ts';
import { measureIngesterCost, measureIngesterLatency, measureIngesterMemory } from './ingester.ts';
import { measureLive } from './live.ts';
import { type LoadFigureOptions, measureLoad, refuseFaults } from './load-figure.ts';
import { loadProfiles } from './load-profiles.ts';
import { measureMemory } from './memory.ts';
import { measurePair } from './pair.ts';
import { measureRecovery } from './recovery.ts';
import { writeReport } from './report.ts';
import { Results } from './results.ts';
import { smoke } from './smoke.ts';
import { measureSoak, type SoakOptions, sumUp } from './soak.ts';
import { subjects, usualSubjects } from './subjects.ts';

const directory = join('.tapeline', 'bench');
/** The exit status that shells give to a command ended by Ctrl-C. */
const interrupted = 130;
const program = new Command('bench')
  .exitOverride(endAsRefused)
  .description('Measures Tapeline and its peers on one machine, one topic, in turns.')
  .showHelpAfterError('(add --help for what is possible)')
  .option('--results <folder>', 'where results are kept as lines of JSON', join(directory, 'results'))
  .option('--resume', 'leave out what the results hold already', false)
  .addHelpText(
    'after',
    `\nSubjects:\n${subjects.map(({ name, description }) => `  ${name.padEnd(20)} ${description}`).join('\n')}
\nServers: KAFKA_BROKERS and CASSANDRA_CONTACT_POINTS when they are set; otherwise they are started, with their data in ${directory}.
The JVM peers need a JDK 17 and, the first time, Maven; what it fetches is kept in ~/.cache/tapeline (TAPELINE_CACHE_DIR).\n`,
  );

interface TopicFlags {
  readonly ticks: number;
  readonly symbols: number;
  readonly subjects: readonly string[];
}

interface LiveFlags {
  readonly rate: number;
  readonly symbols: number;
  readonly seconds: number;
  readonly rounds: number;
}

topicCommand('fill', 'fill the topic that everybody reads', 10_000_000).action((flags: TopicFlags) => run(context => fill(context, flags)));

topicCommand('cost', 'CPU time for a tick and catch-up throughput, in turns', 10_000_000)
  .option('--rounds <count>', 'how often each is measured', number, 3)
  .action((flags: TopicFlags & { rounds: number }) => run(context => measureCost(context, { ...flags, topic: flags })));

topicCommand('correctness', 'the bars of each against the oracle', 1_000_000).action((flags: TopicFlags) =>
  run(context => measureCorrectness(context, { ...flags, topic: flags })),
);

program
  .command('memory')
  .description('memory for a symbol, growth over many ticks, and the cost of the fold alone')
  .option('--symbols <count>', 'symbols', number, 12_000)
  .option('--ticks <count>', 'ticks fed from memory', number, 50_000_000)
  .action((flags: TopicFlags) => run(context => measureMemory(context, flags)));

program
  .command('pair')
  .description('CPU of two processors of one group for the work of one')
  .option('--ticks <count>', 'ticks in the topic', number, 10_000_000)
  .option('--symbols <count>', 'symbols in the topic', number, 1_000)
  .option('--rounds <count>', 'how often', number, 3)
  .action((flags: TopicFlags & { rounds: number }) => run(context => measurePair(context, { ...flags, topic: flags })));

program
  .command('ingester')
  .description('CPU of the ingester for a price, from the socket to its acknowledgement by Kafka')
  .option('--events <count>', 'prices that are measured', number, 4_000_000)
  .option('--symbols <count>', 'symbols', number, 1_000)
  .option('--rounds <count>', 'how often', number, 3)
  .action((flags: LiveFlags & { events: number }) => run(context => measureIngesterCost(context, flags)));

program
  .command('ingester-latency')
  .description('socket → acknowledged by Kafka, in turns with a bare kafkajs produce')
  .option('--rate <count>', 'prices in a second', number, 50_000)
  .option('--symbols <count>', 'symbols', number, 1_000)
  .option('--seconds <count>', 'how long each turn', number, 15)
  .option('--rounds <count>', 'how many turns', number, 5)
  .action((flags: LiveFlags) => run(context => measureIngesterLatency(context, flags)));

program
  .command('ingester-memory')
  .description('memory of the ingester under a steady load')
  .option('--rate <count>', 'prices in a second (default: half of what was measured)', number)
  .option('--symbols <count>', 'symbols', number, 1_000)
  .option('--seconds <count>', 'how long', number, 600)
  .action((flags: LiveFlags) => run(context => measureIngesterMemory(context, flags)));

program
  .command('fan-out')
  .description('rows of the live board to its clients: CPU of the server for them, and how long they take')
  .option('--clients <count>', 'clients that read', number, 2_000)
  .option('--symbols <count>', 'symbols of the market', number, 1_000)
  .option('--watched <count>', 'symbols that each client watches', number, 50)
  .option('--stalled <count>', 'clients that read nothing, in the second half', number, 100)
  .option('--seconds <count>', 'how long each half', number, 20)
  .option('--rounds <count>', 'how often', number, 3)
  .action((flags: FanOutOptions) => run(context => measureFanOut(context, flags)));

program
  .command('load')
  .description('the whole chain, price server to Cassandra and live board, under steady loads and bursts, with its account')
  .option(
    '--profiles <names>',
    'which, separated by commas; 2000 and bursts-2000 are profiles of so many ticks a second',
    (list: string) => list.split(','),
    loadProfiles.map(({ name }) => name),
  )
  .option('--symbols <count>', 'symbols', number, 1_000)
  .option('--seconds <count>', 'how long each turn', number, 60)
  .option('--rounds <count>', 'how many turns of each; the bars of the first are held against a replay', number, 3)
  .action((flags: LoadFigureOptions) => run(async context => refuseFaults(await measureLoad(context, flags))));

program
  .command('backlog')
  .description('a processor that starts with many ticks waiting: first result, catching up, memory, and going on after a stop')
  .option('--ticks <count>', 'ticks that wait for one whose bars are only counted (275 bytes of disk each)', number, 50_000_000)
  .option('--cassandra-ticks <count>', 'ticks that wait for one that writes to Cassandra', number, 5_000_000)
  .option('--no-cassandra', 'leave Cassandra out')
  .option('--symbols <count>', 'symbols', number, 1_000)
  .option('--rounds <count>', 'how often', number, 1)
  .option('--keep', 'leave the filled topics for another time', false)
  .action((flags: BacklogOptions & { cassandra: boolean }) =>
    run(context => measureBacklog(context, { ...flags, cassandraTicks: flags.cassandra ? flags.cassandraTicks : 0 })),
  );

program
  .command('soak')
  .description('the whole chain under a steady load, looked at every 10 s: does memory stay as it is?')
  .option('--minutes <count>', 'how long', number, 60)
  .option('--rate <count>', 'ticks a second', number, 20_000)
  .option('--symbols <count>', 'symbols', number, 1_000)
  .option('--summary', 'sum up what the last one left, instead: of one that was killed', false)
  .action((flags: SoakOptions & { summary: boolean }) =>
    run(async context => (flags.summary ? sumUp(context) : measureSoak(context, flags))),
  );

program
  .command('recovery')
  .description('how long partitions are without results when a processor ends (npm run schedules -- recovery)')
  .option('--samples <count>', 'ends of each kind', number, 20)
  .action((flags: { samples: number }) => run(context => measureRecovery(context, flags)));

program
  .command('all')
  .description('every figure, then BENCHMARKS.md; some four hours on two cores with nothing else on them')
  .action(() => run(async context => measureAll(context).then(() => writeReport(context.results, say))));

program
  .command('smoke')
  .description('a small run for CI: four minutes, loose ratios, without the JVM peers')
  .action(() => run(smoke));

program
  .command('report')
  .description('write BENCHMARKS.md of the results that there are')
  .action(() => writeReport(new Results(program.opts<{ results: string }>().results), say));

liveCommand('latency', 'append → closed bar readable by a consumer', 100_000);
liveCommand('durability', 'window passed by the watermark → bar durable in Cassandra', 20_000);

await program.parseAsync();

function liveCommand(figure: 'latency' | 'durability', description: string, rate: number): void {
  program
    .command(figure)
    .description(description)
    .option('--rate <count>', 'ticks in a second', number, rate)
    .option('--symbols <count>', 'symbols', number, 1_000)
    .option('--seconds <count>', 'how long', number, 60)
    .option('--rounds <count>', 'how often', number, 3)
    .action((flags: LiveFlags) => run(context => measureLive(context, { ...flags, figure, ticksPerSecond: flags.rate })));
}

function topicCommand(name: string, description: string, ticks: number): Command {
  return program
    .command(name)
    .description(description)
    .option('--subjects <names>', 'who, separated by commas', (list: string) => list.split(','), usualSubjects)
    .option('--ticks <count>', 'ticks in the topic', number, ticks)
    .option('--symbols <count>', 'symbols in the topic', number, 1_000);
}

async function run(work: (context: BenchContext) => Promise<unknown>): Promise<void> {
  const { results, resume } = program.opts<{ results: string; resume: boolean }>();
  const logger = createLogger({ name: 'bench', level: 'warn', secrets: [] });
  const stopping = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stopping.abort());
  const named = { brokers: process.env.KAFKA_BROKERS || undefined, contactPoints: process.env.CASSANDRA_CONTACT_POINTS || undefined };
  const servers = new BenchServers({ directory, named, logger, signal: stopping.signal });
  const scratch = mkdtempSync(join(tmpdir(), 'tapeline-bench-'));
  let opened: Promise<MarketLog> | undefined;
  const log = (): Promise<MarketLog> => {
    opened ??= servers.brokers().then(brokers => openKafkaLog({ brokers, clientId: 'bench', logger }));
    return opened;
  };
  const context: BenchContext = {
    servers,
    log,
    results: new Results(results),
    resume,
    scratch,
    logger,
    signal: stopping.signal,
    say,
    progress,
  };
  try {
    await work(context);
  } catch (error) {
    if (stopping.signal.aborted) say('interrupted; --resume leaves out what was measured');
    process.exitCode = stopping.signal.aborted ? interrupted : exitStatusOf(error, say);
  } finally {
    await (await opened?.catch(() => undefined))?.close();
    await servers.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
}

function number(text: string): number {
  const value = Number(text.replaceAll('_', '').replaceAll(',', ''));
  if (Number.isInteger(value) && value > 0) return value;
  return program.error(`"${text}" is not a count, expected a whole number above 0`);
}
