/** Runs one interleaving with two ingester processes and judges what it left in the log. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { openKafkaLog } from '@tapeline/log/kafka-log';
import type { MarketLog } from '@tapeline/log/market-log';
import { prefixedLog } from '@tapeline/log/prefixed-log';
import { type Simulator, startSimulator } from '@tapeline/simulator/simulator';
import { eventually } from '../../../test/support/eventually.ts';
import { aLogger } from '../support/logger.ts';
import { Candidate } from './candidate.ts';
import { type Action, demandsTakeover, type Interleaving, isAlone, takeoverMs, type Who } from './interleaving.ts';
import type { Lane } from './lane.ts';
import { Standstill } from './standstill.ts';
import { type Verdict, verdictOn } from './verdict.ts';

export interface InterleavingResult extends Omit<Verdict, 'receiptsMs'> {
  readonly seed: number;
  /** From a trouble to the other's claim, where it was to be timed. */
  readonly takeoversMs: readonly number[];
  readonly terms: number;
  readonly seconds: number;
  /** Of both ingesters, for a run with faults. */
  readonly output: string;
}

const partitions = 2;
const symbols = ['BTC/USD', 'ETH/USD', 'EUR/USD'];
const settleDeadlineMs = 60_000;
/** Without the witness a leader would stop so long after the API server went away. */
const deadlineMs = 3_500;
/** For so long whoever sees the API server again could claim a term that is not its own. */
const againMs = 3_000;

/** @param lane is this run's alone until it returns */
export async function runInterleaving(interleaving: Interleaving, lane: Lane, brokers: readonly string[]): Promise<InterleavingResult> {
  const begunMs = performance.now();
  const prefix = `fencing-${interleaving.seed}-${randomUUID().slice(0, 8)}.`;
  const { logger } = aLogger();
  const { seed, ticksPerSecond } = interleaving;
  const vendor = await startSimulator({ seed, logger, market: { ticksPerSecond, instruments: symbols } });
  const log = prefixedLog(await openKafkaLog({ brokers, clientId: 'fencing', logger }), prefix);
  await lane.freeLease();
  const play = new Play(interleaving, { lane, vendor, brokers, prefix });
  try {
    await play.begin();
    await play.act();
    await play.settle();
    return await judged(play, interleaving, log, begunMs);
  } finally {
    await play.end();
    await log.close();
    await vendor.close();
  }
}

async function judged(play: Play, { seed }: Interleaving, log: MarketLog, begunMs: number): Promise<InterleavingResult> {
  const { receiptsMs, ...verdict } = await verdictOn(log);
  const terms = play.claims.map(({ term }) => term);
  const faults = [
    ...play.faults,
    ...verdict.faults,
    ...(new Set(terms).size < terms.length ? [`two began the same term: ${terms.join(', ')}`] : []),
    ...play.outages.flatMap(outage => silenceIn(outage, receiptsMs)),
    ...(verdict.ticks === 0 ? ['no tick came into the log'] : []),
  ];
  const seconds = Math.round((performance.now() - begunMs) / 1_000);
  const output = faults.length === 0 ? '' : play.output;
  return { ...verdict, seed, faults, takeoversMs: play.takeoversMs, terms: terms.length, seconds, output };
}

/** While the API server was away for both, whoever led went on. */
interface Outage {
  readonly term: number;
  /** What of it came after the time for which a Lease is held unrenewed, by the leader's clock. */
  readonly fromMs: number;
  readonly toMs: number;
}

function silenceIn({ term, fromMs, toMs }: Outage, receiptsMs: Verdict['receiptsMs']): readonly string[] {
  const ofTerm = [...receiptsMs].filter(([session]) => Math.floor(session / 1_000_000) === term).flatMap(([, receipts]) => receipts);
  if (ofTerm.some(receiptMs => receiptMs >= fromMs && receiptMs <= toMs)) return [];
  return [`term ${term} wrote nothing without the API server from ${fromMs} to ${toMs}`];
}

interface Parts {
  readonly lane: Lane;
  readonly vendor: Simulator;
  readonly brokers: readonly string[];
  readonly prefix: string;
}

class Play {
  readonly faults: string[] = [];
  readonly takeoversMs: number[] = [];
  readonly outages: Outage[] = [];
  readonly #interleaving: Interleaving;
  readonly #vendor: Simulator;
  readonly #candidates: readonly [Candidate, Candidate];
  readonly #standstill = new Standstill();

  constructor(interleaving: Interleaving, { lane, vendor, brokers, prefix }: Parts) {
    this.#interleaving = interleaving;
    this.#vendor = vendor;
    const environment = (kubeconfig: string) => ({
      ...{ KAFKA_BROKERS: brokers.join(','), KAFKA_TOPIC_PREFIX: prefix, KAFKA_FEED_PARTITIONS: String(partitions) },
      ...{ TWELVE_DATA_URL: vendor.url, SYMBOLS: symbols.join(',') },
      ...{ INGESTER_LEASE: 'ingester', POD_NAMESPACE: lane.namespace, KUBECONFIG: kubeconfig },
    });
    const candidate = (index: 0 | 1, name: string) =>
      new Candidate({
        name,
        environment: environment(lane.kubeconfigs[index]),
        skewMs: interleaving.skewsMs[index],
        gate: lane.gates[index],
      });
    this.#candidates = [candidate(0, 'ingester-a'), candidate(1, 'ingester-b')];
  }

  get claims() {
    return this.#candidates.flatMap(({ claims }) => claims).sort((a, b) => a.atMs - b.atMs);
  }

  get output(): string {
    return this.#candidates.map(({ name, output }) => `${name}:\n${output}`).join('\n');
  }

  /** One leads and has ticks, the other stands by. */
  async begin(): Promise<void> {
    const [a, b] = this.#candidates;
    a.start();
    await this.#until('the first one feeds', () => a.output.includes('"msg":"subscribed"'));
    b.start();
    await this.#until('the second one stands by', () => b.output.includes('standing by: ingester-a_'));
  }

  async act(): Promise<void> {
    let begunMs = performance.now();
    const acting: Promise<void>[] = [];
    for (const action of this.#interleaving.actions) {
      await sleep(Math.max(0, begunMs + action.atMs - performance.now()));
      if (this.#isToBeTimed(action)) {
        // Who was started again may need a while on a busy machine until it can take over at all: the rest comes later by as much.
        const waitsMs = performance.now();
        await this.#until('the other one stands by', () => this.#who('leader').term !== undefined && this.#who('standby').isWatching);
        begunMs += performance.now() - waitsMs;
      }
      acting.push(this.#do(action));
    }
    await Promise.all(acting);
  }

  /** All is well again: one leads and is subscribed, the other could take over; then both are stopped. */
  async settle(): Promise<void> {
    await this.#until('one leads and the other is ready to', async () => {
      const leaders = this.#candidates.filter(({ term }) => term !== undefined);
      const ready = await Promise.all(this.#candidates.map(async candidate => await candidate.readiness().catch(() => '')));
      return leaders.length === 1 && ready.every(answer => answer.startsWith('200'));
    });
    await sleep(1_000);
    const statuses = await Promise.all(this.#candidates.map(candidate => candidate.stop()));
    if (statuses.some(status => status !== 0)) this.faults.push(`the ingesters ended with ${statuses.join(' and ')}, expected 0 and 0`);
  }

  async end(): Promise<void> {
    this.#standstill.stop();
    for (const { gate } of this.#candidates) gate.mend();
    await Promise.all(this.#candidates.map(candidate => candidate.kill()));
  }

  async #do(action: Action): Promise<void> {
    const timing = this.#timed(action);
    if (action.do === 'drop-vendor') this.#vendor.dropConnections();
    else if (action.do === 'cut-api') await this.#cutApi(action);
    else await this.#trouble(action);
    await timing;
  }

  /** It comes alone, and another has to take over. */
  #isToBeTimed(action: Action): boolean {
    return demandsTakeover(action) && isAlone(this.#interleaving, action);
  }

  /** How long until the other one says that it leads. */
  async #timed(action: Action): Promise<void> {
    if (!this.#isToBeTimed(action)) return;
    const standby = this.#who('standby');
    const [sinceMs, before] = [performance.now(), standby.claims.length];
    while (standby.claims.length === before && performance.now() < sinceMs + 2 * takeoverMs) await sleep(10);
    const claim = standby.claims[before];
    const tookMs = Math.round((claim?.atMs ?? Number.POSITIVE_INFINITY) - sinceMs);
    this.takeoversMs.push(tookMs);
    const allowedMs = takeoverMs + this.#standstill.since(sinceMs);
    if (tookMs > allowedMs)
      this.faults.push(`after ${action.do} at ${action.atMs} ms the other led after ${tookMs} ms, expected at most ${allowedMs}`);
  }

  async #trouble({ do: what, who, forMs }: Action & { readonly do: 'freeze' | 'kill' | 'stop'; readonly who: Who }): Promise<void> {
    const candidate = this.#who(who);
    if (!candidate.isRunning || candidate.isFrozen) return;
    if (what === 'freeze') candidate.freeze();
    else if (what === 'kill') await candidate.kill();
    else await candidate.stop();
    await sleep(forMs);
    if (what === 'freeze') candidate.thaw();
    else candidate.start();
  }

  async #cutApi(action: Action & { readonly do: 'cut-api' }): Promise<void> {
    const leader = this.#who('leader');
    const { term } = leader;
    const concerned = action.who === 'both' ? this.#candidates : [this.#who(action.who)];
    for (const { gate } of concerned) gate.cut(action.how);
    await sleep(action.forMs);
    const isWhole = action.who === 'both' && isAlone(this.#interleaving, action) && this.#isUndisturbedBy(action);
    if (isWhole && term !== undefined) {
      const toMs = Date.now() + leader.skewMs;
      if (action.forMs >= deadlineMs + 1_000) this.outages.push({ term, fromMs: toMs - action.forMs + deadlineMs, toMs });
      if (leader.term !== term) this.faults.push(`term ${term} ended while the API server was away for both`);
    }
    for (const { gate } of concerned) gate.mend();
    if (!isWhole || term === undefined || !this.#isQuietAfter(action)) return;
    await sleep(againMs);
    if (leader.term !== term) this.faults.push(`term ${term} ended when the API server came back for both`);
  }

  /** Nothing else is done while the API server comes back. */
  #isQuietAfter({ atMs, forMs }: Action): boolean {
    return this.#interleaving.actions.every(other => other.atMs <= atMs || other.atMs > atMs + forMs + againMs + 500);
  }

  /** No other trouble lies in the whole of it. */
  #isUndisturbedBy(action: Action): boolean {
    return this.#interleaving.actions.every(
      other => other === action || other.atMs > action.atMs + action.forMs || other.atMs < action.atMs,
    );
  }

  /** Of two who think that they lead, the one with the later term does. */
  #who(who: Who): Candidate {
    const [a, b] = this.#candidates;
    const leader = (b.term ?? 0) > (a.term ?? 0) ? b : a;
    return (who === 'leader') === (leader === a) ? a : b;
  }

  async #until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    await eventually(() => `${what}:\n${this.output.slice(-8_000)}`, holds, settleDeadlineMs);
  }
}
