/** Does what a step says: breaks something for its time, mends it, and waits until it works again. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeRecord } from '@tapeline/core/record-codec';
import { feedTopic } from '@tapeline/core/topics';
import type { RunningNode } from '@tapeline/services/server-node';
import { eventually, NotInTime } from '../../../test/support/eventually.ts';
import { randomOf } from '../../../test/support/random.ts';
import type { Disk } from './disk.ts';
import { formerProcessor } from './former.ts';
import type { Member } from './member.ts';
import type { Recoveries } from './recovery.ts';
import type { Weather } from './relay.ts';
import { rulesAfter } from './rules.ts';
import { partitions, type Scene } from './scene.ts';
import type { Step } from './schedule.ts';

/** What was broken did not work again in time. */
export class NotWhole extends Error {}

const wholeDeadlineMs = 120_000;
/** While prices flow a partition has results all the time. */
const freshMs = 1_500;
const subscribingMs = 2_000;
const stormPauseMs = 1_000;
const mostExtras = 2;
const mostLifeMs = 6_000;

export class Faults {
  readonly #scene: Scene;
  readonly #recoveries: Recoveries;
  #rules = 0;

  constructor(scene: Scene, recoveries: Recoveries) {
    this.#scene = scene;
    this.#recoveries = recoveries;
  }

  /** Breaks and mends. @returns why the step could not be done, if it could not */
  async act(step: Step): Promise<string | undefined> {
    const { do: kind, forMs, target = 1 } = step;
    const scene = this.#scene;
    switch (kind) {
      case 'kill-ingester':
        return void (await scene.ingesters[target - 1]?.kill(1_000));
      case 'freeze-ingester':
        return void (await scene.ingesters[target - 1]?.freeze(forMs));
      case 'kill-processor':
        return void (await this.#killProcessor(step));
      case 'freeze-processor':
        return void (await scene.processors[target - 1]?.freeze(forMs));
      case 'roll-processors':
        return void (await this.#roll(step));
      case 'storm-of-processors':
        return void (await this.#storm(forMs));
      case 'former-processor':
        return this.#former(forMs);
      case 'kill-broker':
      case 'freeze-broker':
        return void (await disturb(scene.kafka.nodes[target - 1], kind === 'kill-broker', forMs));
      case 'kill-cassandra':
      case 'freeze-cassandra':
        return void (await disturb(scene.cassandra.nodes[0], kind === 'kill-cassandra', forMs));
      case 'fill-broker':
        return fill(scene.brokerDisks[target - 1], scene.kafka.nodes[target - 1], forMs, () => scene.hasAllReplicas());
      case 'fill-cassandra':
        return fill(scene.cassandraDisk, scene.cassandra.nodes[0], forMs, () => this.#storeWrites());
      case 'jump-clock-of-ingester':
        return void (await this.#jump(`ingester ${target}`, step));
      case 'jump-clock-of-processor':
        return void (await this.#jump(`processor ${target}`, step));
      case 'slow-vendor':
      case 'cut-vendor':
        return void (await this.#weather(`vendor ${target}`, step));
      case 'slow-broker':
      case 'cut-broker':
        return void (await this.#weather(`broker ${target}`, step));
      case 'slow-cassandra':
      case 'cut-cassandra':
        return void (await this.#weather('cassandra', step));
      case 'drop-vendor':
        return void scene.vendors.drop(target);
      case 'poison':
        return void (await scene.poison.write(randomOf(scene.options.seed * 10_000 + step.step)));
      case 'change-rules':
        return void (await this.publishRules());
    }
  }

  /** The next set of alert rules, to every partition. */
  async publishRules(): Promise<void> {
    const value = encodeRecord({ v: 1, kind: 'alert-rules', rules: rulesAfter(this.#rules), receivedTimeMs: Date.now() });
    this.#rules += 1;
    await this.#scene.cluster.log.append(
      Array.from({ length: partitions }, (_, partition) => ({ topic: feedTopic.name, partition, value })),
    );
  }

  /** Waits until every symbol is asked for: of a price before that nobody could know. */
  async untilSubscribed(signal: AbortSignal): Promise<void> {
    const areReady = async (): Promise<boolean> => {
      signal.throwIfAborted();
      return (await Promise.all(this.#scene.ingesters.map(ingester => ingester.isReady()))).every(isReady => isReady);
    };
    if (!(await within(areReady, wholeDeadlineMs))) throw new NotWhole(`ingesters have not subscribed after ${wholeDeadlineMs / 1_000} s`);
    // Finnhub is asked for one symbol after the other once its session stands; waiting for long would make the feeds mute.
    await sleep(subscribingMs, undefined, { signal });
  }

  /** Waits until everything works. @throws NotWhole with what does not */
  async untilWhole(signal?: AbortSignal): Promise<void> {
    const endMs = performance.now() + wholeDeadlineMs;
    for (;;) {
      const missing = await this.#missing();
      if (missing === undefined) return;
      if (performance.now() > endMs) throw new NotWhole(`${missing} after ${wholeDeadlineMs / 1_000} s`);
      await sleep(200, undefined, { signal });
    }
  }

  async #missing(): Promise<string | undefined> {
    const { ingesters, processors, extras } = this.#scene;
    for (const member of [...ingesters, ...processors]) if (!(await member.isReady())) return `${member.name} is not ready`;
    const owned = (await Promise.all([...processors, ...extras].map(member => member.partitions()))).flat();
    if (new Set(owned).size !== partitions) return `partitions ${owned.join(' ')} of ${partitions} have a processor`;
    if (!(await this.#scene.hasAllReplicas())) return 'not all replicas are in step';
    const sinceMs = performance.now() - freshMs;
    const quiet = Array.from({ length: partitions }, (_, partition) => partition).filter(
      partition => this.#scene.results.silenceMs(partition, sinceMs, sinceMs) === undefined,
    );
    return quiet.length === 0 ? undefined : `partitions ${quiet.join(' ')} have no results`;
  }

  /** Results go on: a server that lives may refuse writes. */
  async #storeWrites(): Promise<boolean> {
    const fromMs = performance.now();
    await sleep(3_000);
    return this.#scene.results.silenceMs(0, fromMs, fromMs) !== undefined;
  }

  async #killProcessor(step: Step): Promise<void> {
    const victim = this.#scene.processors[(step.target ?? 1) - 1];
    const owned = (await victim?.partitions()) ?? [];
    const fromMs = performance.now();
    await victim?.kill(1_000);
    await this.#recoveries.measure('kill', step, owned, fromMs);
  }

  /** As a deployment does it: another one first, then the former one is asked to end. */
  async #roll(step: Step): Promise<void> {
    const { processors, extras } = this.#scene;
    const all = Array.from({ length: partitions }, (_, partition) => partition);
    for (let place = 0; place < processors.length; place += 1) {
      const former = processors[place] as Member;
      const next = await this.#scene.newProcessor(former.name);
      const fromMs = performance.now();
      extras.add(next);
      next.start();
      await within(() => next.isReady());
      processors[place] = next;
      extras.delete(next);
      await former.stop();
      await this.#recoveries.measure('rolling restart', step, all, fromMs);
    }
  }

  /** Others come and go all the time, some killed, some asked to end; each lives just long enough to be given partitions. */
  async #storm(forMs: number): Promise<void> {
    const endMs = performance.now() + forMs;
    const lives: Promise<void>[] = [];
    for (let count = 0; performance.now() < endMs; count += 1) {
      const extra = await this.#scene.newExtra();
      lives.push(this.#live(extra, count % 2 === 0 ? 'stop' : 'destroy'));
      await sleep(stormPauseMs);
      // On a slow machine those that end need the processor that the next one would take.
      if (lives.length > mostExtras) await lives.shift();
    }
    await Promise.all(lives);
  }

  async #live(extra: Member, end: 'stop' | 'destroy'): Promise<void> {
    extra.start();
    await within(() => extra.isReady(), mostLifeMs);
    await extra[end]();
    this.#scene.extras.delete(extra);
  }

  async #former(forMs: number): Promise<string | undefined> {
    const { former } = this.#scene.options;
    if (former === undefined) return 'there is no former program';
    const extra = await this.#scene.newExtra(join(former, formerProcessor));
    extra.start();
    // What it needs may be away just then.
    const works = await within(async () => (await extra.partitions()).length > 0);
    await sleep(forMs);
    await extra.stop();
    this.#scene.extras.delete(extra);
    return works ? undefined : 'the former processor had no partition within a minute';
  }

  async #jump(name: string, { forMs, offsetMs = 0 }: Step): Promise<void> {
    const file = this.#scene.clockFile(name);
    writeFileSync(file, String(offsetMs));
    await sleep(forMs);
    writeFileSync(file, '0');
  }

  async #weather(relay: string, { forMs, delayMs, bytesPerSecond, how }: Step): Promise<void> {
    const weather: Weather =
      how === undefined ? { is: 'slow', delayMs: delayMs ?? 0, bytesPerSecond: bytesPerSecond ?? 1_000_000 } : { is: how };
    await this.#scene.relays.weather(relay, weather);
    await sleep(forMs);
    await this.#scene.relays.weather(relay, { is: 'fine' });
  }
}

async function disturb(node: RunningNode | undefined, isKill: boolean, forMs: number): Promise<void> {
  await node?.kill(isKill ? 'SIGKILL' : 'SIGSTOP');
  await sleep(forMs);
  await (isKill ? node?.start() : node?.kill('SIGCONT'));
}

/** A server whose disk was full is started again where it gave up, as those who freed the disk would do. */
async function fill(
  disk: Disk | undefined,
  node: RunningNode | undefined,
  forMs: number,
  works: () => Promise<boolean>,
): Promise<string | undefined> {
  if (disk === undefined) return 'disks are mounted by root only';
  await disk.fill();
  await sleep(forMs / 2);
  await disk.topUp();
  await sleep(forMs / 2);
  await disk.free();
  const worksAgain = node?.pid !== undefined && (await within(works, 15_000));
  if (!worksAgain) {
    await node?.kill('SIGKILL');
    await node?.start();
  }
  return undefined;
}

async function within(holds: () => Promise<boolean>, deadlineMs = 60_000): Promise<boolean> {
  return eventually('it holds', holds, deadlineMs).catch((error: unknown) => {
    if (error instanceof NotInTime) return false;
    throw error;
  });
}
