/**
 * Seeded interleavings of two ingesters that share a Lease, on a real API server and a real Kafka.
 *
 *   npm run fencing -- --seed 1 --count 200 [--lanes 3] [--minutes 60] [--again]
 *
 * Seeds `seed` to `seed + count - 1`, `lanes` at a time. Each prints what it draws as a line of JSON before it runs and its result after.
 * What is done is noted in .tapeline/fencing/progress.jsonl: the next run leaves out seeds that passed, unless `--again`. Exit status 1
 * when one left a fault. KAFKA_BROKERS is used when it is set; otherwise a broker is started.
 */
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createLogger } from '@tapeline/core/logging';
import { startKafka } from '@tapeline/services/kafka';
import { startLeaseCluster } from '../support/lease-cluster.ts';
import { drawInterleaving } from './interleaving.ts';
import { type Lane, openLane } from './lane.ts';
import { runInterleaving } from './run.ts';

const folder = '.tapeline/fencing';
const progress = join(folder, 'progress.jsonl');

const help = `fencing: two ingesters that share a Lease, with seeded failures, on a real API server and a real Kafka.

  npm run fencing -- --seed 1 --count 200 [--lanes 3] [--minutes 60] [--again]

Seeds from --seed on, --lanes at a time, until --count or --minutes is reached. Those that passed are left out the next time, unless --again
(.tapeline/fencing/progress.jsonl). Exit status 1 when one left a fault, 130 after Ctrl-C.
`;

interface Done {
  readonly seed: number;
  readonly faults: readonly string[];
}

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '200' },
    lanes: { type: 'string', default: '3' },
    minutes: { type: 'string' },
    again: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

if (values.help) {
  process.stdout.write(help);
  process.exit(0);
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
process.exitCode = await main();

async function main(): Promise<number> {
  const seeds = Array.from({ length: Number(values.count) }, (_, index) => Number(values.seed) + index);
  mkdirSync(folder, { recursive: true });
  const passed = values.again ? new Set<number>() : passedSeeds();
  const left = seeds.filter(seed => !passed.has(seed));
  print({ seeds: seeds.length, alreadyPassed: seeds.length - left.length });
  if (left.length === 0) return 0;
  const failed = await inLanes(left);
  print({ failed });
  return failed === 0 ? 0 : 1;
}

/** @returns how many left a fault */
async function inLanes(left: number[]): Promise<number> {
  const scratch = mkdtempSync(join(tmpdir(), 'tapeline-fencing-'));
  const logger = createLogger({ name: 'services', level: 'warn', secrets: [] });
  const named = process.env.KAFKA_BROKERS?.split(',');
  const kafka = named === undefined ? await startKafka({ brokers: 1, directory: join(scratch, 'kafka'), logger }) : undefined;
  const cluster = await startLeaseCluster(scratch);
  const endMs = values.minutes === undefined ? Number.POSITIVE_INFINITY : performance.now() + Number(values.minutes) * 60_000;
  let failed = 0;
  const work = async (name: string) => {
    const lane = await openLane(cluster, name, scratch);
    for (let seed = left.shift(); seed !== undefined && performance.now() < endMs; seed = left.shift()) {
      const isWell = await one(seed, lane, kafka?.brokers ?? named ?? []);
      // The lanes share the count: it is read only now.
      if (!isWell) failed += 1;
    }
    await lane.close();
  };
  try {
    await Promise.all(Array.from({ length: Number(values.lanes) }, (_, index) => work(`lane-${index + 1}`)));
  } finally {
    await cluster.close();
    await kafka?.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
  return failed;
}

async function one(seed: number, lane: Lane, brokers: readonly string[]): Promise<boolean> {
  const interleaving = drawInterleaving(seed);
  print({ interleaving });
  try {
    const { output, ...result } = await runInterleaving(interleaving, lane, brokers);
    print({ result });
    note(result);
    if (output !== '') writeFileSync(join(folder, `seed-${seed}.log`), output);
    return result.faults.length === 0;
  } catch (error) {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    print({ seed, broke: reason });
    note({ seed, faults: [reason] });
    return false;
  }
}

function passedSeeds(): ReadonlySet<number> {
  if (!existsSync(progress)) return new Set();
  const lines = readFileSync(progress, 'utf8').split('\n').slice(0, -1);
  const done = lines.map(line => JSON.parse(line) as Done);
  return new Set(done.filter(({ faults }) => faults.length === 0).map(({ seed }) => seed));
}

function note(done: Done): void {
  appendFileSync(progress, `${JSON.stringify(done)}\n`);
}

function print(line: unknown): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
