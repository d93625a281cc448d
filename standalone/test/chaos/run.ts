/** One run: the scene is set, steps are taken at their times, checkpoints look at what is there, and at the end everything is judged. */
import { setTimeout as sleep } from 'node:timers/promises';
import { feedTopic } from '@tapeline/core/topics';
import { eventually } from '../../../test/support/eventually.ts';
import { Differences } from './difference.ts';
import { Faults, NotWhole } from './faults.ts';
import type { Journal } from './journal.ts';
import { Judge, type Places } from './judge.ts';
import { Recoveries } from './recovery.ts';
import { group, partitions, Scene, type SceneOptions } from './scene.ts';
import type { Schedule, Step } from './schedule.ts';
import { type Verdict, verdictOf } from './verdict.ts';

export interface RunOptions extends Omit<SceneOptions, 'seed' | 'ended'> {
  readonly schedule: Schedule;
  /** Steps of the schedule that are taken. */
  readonly steps: readonly Step[];
  readonly journal: Journal;
}

const checkpointMs = 5 * 60_000;
/** Before the first of the steps that are taken. */
const leadMs = 8_000;
const drainDeadlineMs = 300_000;
/** What ingesters wrote at their end is read. */
const restMs = 3_000;

export async function runChaos(options: RunOptions): Promise<Verdict> {
  const run = new Run(options);
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  options.signal.addEventListener('abort', () => reject(options.signal.reason), { once: true });
  const playing = run.play();
  // What is under way when it is given up may fail as it likes.
  playing.catch(() => undefined);
  try {
    return await Promise.race([playing, aborted]);
  } finally {
    await run.close();
  }
}

class Run {
  readonly #options: RunOptions;
  readonly #journal: Journal;
  readonly #differences = new Differences();
  readonly #ends: { readonly name: string; readonly status: number | string; readonly timeMs: number }[] = [];
  readonly #notDone: { readonly step: number; readonly why: string }[] = [];
  readonly #beginMs = Date.now();
  #scene: Scene | undefined;
  #isOver = false;
  #checkpoints = 0;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#journal = options.journal;
  }

  async play(): Promise<Verdict> {
    const { schedule, journal, signal } = this.#options;
    journal.say('starting three brokers, Cassandra, ingesters and processors');
    const scene = await Scene.start({ ...this.#options, seed: schedule.seed, ended: (name, status) => this.#ended(name, status) });
    this.#scene = scene;
    const { cluster, vendors } = scene;
    const { ledger } = vendors;
    const judge = new Judge({ ...cluster, partitions, ledger, notesFile: scene.notesFile, differences: this.#differences });
    const recoveries = new Recoveries(scene.results, journal);
    const faults = new Faults(scene, recoveries);
    await faults.untilSubscribed(signal);
    vendors.trade();
    await faults.untilWhole(signal);
    await faults.publishRules();
    await this.#take(faults, () => this.#checkpoint(scene, judge));
    await this.#drain(scene, faults);
    recoveries.stop();
    journal.say('comparing everything');
    const judgement = await judge.finish(await placesOf(scene), scene.poison.written);
    return verdictOf({
      schedule,
      seconds: Math.round((Date.now() - this.#beginMs) / 1_000),
      steps: journal.deeds.length,
      notDone: this.#notDone,
      ends: this.#ends,
      ...judgement,
      poison: scene.poison.written.length,
      checkpoints: this.#checkpoints,
      recoveries,
      differences: this.#differences,
      journal,
    });
  }

  async close(): Promise<void> {
    this.#isOver = true;
    await this.#scene?.close();
  }

  /** Each step at its time; what is still at work when the next checkpoint is due is waited for. */
  async #take(faults: Faults, checkpoint: () => Promise<void>): Promise<void> {
    const { steps, signal, journal } = this.#options;
    const shiftMs = Math.max(0, (steps[0]?.atMs ?? 0) - leadMs);
    const begunMs = performance.now();
    let heldMs = 0;
    let checkedMs = performance.now();
    let under: Promise<void>[] = [];
    for (const [index, step] of steps.entries()) {
      const before = steps[index - 1];
      // A machine may be slower than the schedule thinks.
      if (before !== undefined && before.group !== step.group) {
        const sinceMs = performance.now();
        await Promise.all(under);
        under = [];
        await this.#whole(faults);
        heldMs += Math.max(0, performance.now() - Math.max(sinceMs, begunMs + heldMs + step.atMs - shiftMs));
        if (performance.now() - checkedMs > checkpointMs) {
          const beganMs = performance.now();
          await checkpoint();
          checkedMs = performance.now();
          heldMs += checkedMs - beganMs;
        }
      }
      await sleep(Math.max(0, begunMs + heldMs + step.atMs - shiftMs - performance.now()), undefined, { signal });
      under.push(this.#step(faults, step));
    }
    await Promise.all(under);
    journal.say('all steps were taken');
  }

  async #step(faults: Faults, step: Step): Promise<void> {
    const deed = this.#journal.begin(step);
    try {
      const why = await faults.act(step);
      if (why !== undefined) {
        this.#notDone.push({ step: step.step, why });
        this.#journal.say(`step ${step.step} was left out: ${why}`);
      }
    } catch (error) {
      if (this.#isOver) return;
      this.#fail(`step ${step.step} could not be done: ${error instanceof Error ? error.message : String(error)}`);
    }
    deed.mendedMs = Date.now();
    this.#journal.note({ mended: step.step });
    await this.#whole(faults);
    deed.wholeMs = Date.now();
    this.#journal.note({ whole: step.step });
  }

  async #whole(faults: Faults): Promise<void> {
    try {
      await faults.untilWhole(this.#options.signal);
    } catch (error) {
      if (!(error instanceof NotWhole)) throw error;
      this.#fail(error.message);
    }
  }

  async #checkpoint(scene: Scene, judge: Judge): Promise<void> {
    await judge.checkpoint(await placesOf(scene));
    this.#checkpoints += 1;
    this.#journal.say(`checkpoint ${this.#checkpoints}: ${judge.records} records folded, ${this.#differences.total} differences so far`);
  }

  /** The markets rest, the processors read all of it, and are stopped as people stop them. */
  async #drain(scene: Scene, faults: Faults): Promise<void> {
    const { cluster, ingesters, processors, vendors } = scene;
    await this.#whole(faults);
    await sleep(3_000);
    vendors.rest();
    // Heartbeats go on until the windows of the last prices are closed and past, and committed offsets say so: a lag is as old as its batch.
    await sleep(5_000);
    const target = await cluster.log.offsets(feedTopic.name);
    this.#journal.say('waiting until every record is committed');
    const isCommitted = async (): Promise<boolean> => {
      this.#options.signal.throwIfAborted();
      const committed = await cluster.committedOffsets(group).catch(() => new Map<number, number>());
      return target.every(({ partition, highWatermark }) => (committed.get(partition) ?? 0) >= highWatermark);
    };
    await eventually('every record is committed', isCommitted, drainDeadlineMs).catch((error: unknown) => this.#fail(String(error)));
    for (const ingester of ingesters) await ingester.stop();
    await sleep(restMs);
    for (const processor of processors) await processor.stop();
  }

  #fail(what: string): void {
    this.#differences.add({ check: 'run', what, timeMs: Date.now() });
    this.#journal.say(`!!! ${what}`);
  }

  #ended(name: string, status: number | string): void {
    if (this.#isOver || this.#options.signal.aborted) return;
    this.#ends.push({ name, status, timeMs: Date.now() });
    this.#journal.say(`${name} ended by itself with ${status}`);
  }
}

async function placesOf({ cluster }: Scene): Promise<Places> {
  const committed = await cluster.committedOffsets(group);
  const saved: number[] = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    const snapshot = await cluster.store.loadSnapshot({ consumerGroup: cluster.groupName(group), topic: feedTopic.name, partition });
    saved.push(snapshot?.nextOffset ?? 0);
  }
  return { committed, saved };
}
