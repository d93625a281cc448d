/**
 * The life of one destination: alerts from where it was → a message → sent → remembered. One message at a time, in the order of the log; one
 * that cannot be sent now holds up those behind it, which the topic keeps. A message is sent again only where the process dies between the
 * receiver's answer and the memory of it.
 */
import { BackOff } from '@tapeline/core/back-off';
import { counted } from '@tapeline/core/counted';
import { hasCode, isPassing, PipelineError } from '@tapeline/core/errors';
import { patiently } from '@tapeline/core/patience';
import { pause } from '@tapeline/core/pause';
import type { Logger } from 'pino';
import type { LastRecord } from '../hot/hot-snapshot.ts';
import type { AlertStream, ReadAlert } from './alert-stream.ts';
import type { Destination, Outcome } from './destination.ts';
import type { Fence } from './fence.ts';
import { hashOfId, type Notice, NoticeDraft } from './notice.ts';
import type { NotifierMetrics } from './notifier-metrics.ts';
import type { Refusals } from './refusals.ts';
import type { SentMemory } from './sent-memory.ts';

export interface SenderTiming {
  /** Alerts that come within this time of the first share a message. */
  readonly gatherMs: number;
  /** Bounds of the pause between attempts. @default 1,000 and 300,000 */
  readonly firstRetryMs?: number | undefined;
  readonly longestRetryMs?: number | undefined;
}

export interface SenderOptions {
  readonly destination: Destination;
  readonly memory: SentMemory;
  readonly refusals: Refusals;
  readonly stream: AlertStream;
  readonly fence: Fence;
  readonly timing: SenderTiming;
  readonly metrics: NotifierMetrics;
  readonly logger: Logger;
  /** From its abort on nothing new is begun. */
  readonly stopping: AbortSignal;
  /** From its abort on what is under way is broken off. */
  readonly over: AbortSignal;
  /** Somebody else has begun to send. */
  readonly superseded: () => void;
  /** Everything before the offset was dealt with, durably. */
  readonly reached: (nextOffset: number) => void;
}

/** How long a position may stand only in memory while nothing is sent. */
const restMs = 5_000;
/** The log has more, so it comes. */
const moreWithinMs = 30_000;

/**
 * Runs until `stopping` aborts.
 * @throws what no waiting helps against
 */
export async function runSender(options: SenderOptions): Promise<void> {
  try {
    await new Sender(options).run();
  } catch (error) {
    if (!hasCode(error, 'record.newer')) throw error;
    options.metrics.paused.set(1);
    options.logger.error(
      { code: error.code, destination: options.destination.name },
      `nothing is sent to ${options.destination.receiver}: ${error.message}`,
    );
    await pause(2 ** 31 - 1, options.stopping);
  } finally {
    // What waits still is whoever's turn it is to tell of.
    options.metrics.oldestWaiting.set({ destination: options.destination.name }, 0);
  }
}

class Sender {
  readonly #options: SenderOptions;
  /** Everything before it was read. */
  #readOffset: number;
  /** The record before it. */
  #last: LastRecord | undefined;
  #hasMore = true;
  #savedMs = performance.now();

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#readOffset = options.memory.nextOffset;
    this.#last = options.memory.last;
  }

  async run(): Promise<void> {
    const { stopping, destination } = this.#options;
    while (!stopping.aborted) {
      const draft = new NoticeDraft(destination.limits);
      await this.#fill(draft);
      // What is in it is not dealt with, so it is read again by whoever goes on.
      if (draft.size > 0 && !(await this.#deliver(draft))) return;
    }
    if (this.#readOffset > this.#options.memory.nextOffset) await this.#save();
  }

  /** Takes what waits; with nothing in the draft waits for something. */
  async #fill(draft: NoticeDraft): Promise<void> {
    const { stopping, stream, timing } = this.#options;
    let sinceMs = performance.now();
    while (!stopping.aborted) {
      const gatheringMs = Math.max(0, sinceMs + timing.gatherMs - performance.now());
      const read = await stream.peek(this.#hasMore ? moreWithinMs : draft.size === 0 ? restMs : gatheringMs);
      this.#hasMore = read?.hasMore ?? false;
      if (read !== undefined && !this.#take(draft, read)) return;
      if (draft.size === 0) {
        await this.#saveNowAndThen();
        sinceMs = performance.now();
      } else if (read === undefined) return;
    }
  }

  /** @returns false when the draft has no room for it. */
  #take(draft: NoticeDraft, { alert, last, nextOffset }: ReadAlert): boolean {
    const { destination, memory, metrics, stream } = this.#options;
    if (alert !== undefined) {
      const hash = hashOfId(alert.id);
      const reason = memory.knows(hash) || draft.hashes.has(hash) ? 'known' : destination.accepts(alert) ? undefined : 'filtered';
      if (reason === undefined && !draft.take({ alert, hash }, Date.now())) return false;
      if (reason !== undefined) metrics.skipped.inc({ destination: destination.name, reason });
    }
    stream.take();
    this.#readOffset = nextOffset;
    this.#last = last;
    return true;
  }

  /** @returns false when it was left, neither sent nor refused. */
  async #deliver(draft: NoticeDraft): Promise<boolean> {
    const { destination, fence, timing, metrics, logger, stopping, over, superseded } = this.#options;
    const { firstRetryMs = 1_000, longestRetryMs = 300_000 } = timing;
    const backOff = new BackOff({ baseMs: firstRetryMs, capMs: longestRetryMs });
    while (!stopping.aborted) {
      metrics.oldestWaiting.set({ destination: destination.name }, (draft.oldestMs ?? 0) / 1_000);
      const holds = await patiently('looking who sends', () => fence.holds(), { signal: stopping, logger }).catch(goneWhen(stopping));
      if (holds === false) superseded();
      if (holds !== true) return false;
      const notice = draft.notice();
      const stop = metrics.sendSeconds.startTimer({ destination: destination.name });
      const outcome = await destination.send(notice, over);
      stop();
      if (outcome.kind !== 'delayed') {
        await this.#settle(draft, notice, outcome);
        return true;
      }
      this.#delayed(outcome, backOff.attempts);
      if (outcome.retryAfterMs !== undefined) await pause(outcome.retryAfterMs, stopping);
      await backOff.wait(stopping);
      if (draft.grewOlder(Date.now())) await this.#fill(draft);
    }
    return false;
  }

  #delayed({ reason, remedy }: Outcome & { readonly kind: 'delayed' }, attempts: number): void {
    const { destination, metrics, logger } = this.#options;
    const { name, receiver } = destination;
    metrics.failures.inc({ destination: name });
    logger.warn(
      { destination: name, attempts: attempts + 1 },
      `alerts for ${receiver} wait: ${reason}; trying again. If it stays so: ${remedy}`,
    );
  }

  /** It was taken, or will never be: remembered before anything else is sent. */
  async #settle(draft: NoticeDraft, notice: Notice, outcome: Outcome): Promise<void> {
    const { destination, memory, metrics, logger, over } = this.#options;
    const { name, receiver } = destination;
    const older = notice.older?.count ?? 0;
    const told = { destination: name, notice: notice.id, alerts: notice.alerts.length, older };
    if (outcome.kind === 'sent') {
      metrics.messages.inc({ destination: name });
      metrics.alerts.inc({ destination: name, told: 'listed' }, notice.alerts.length);
      metrics.alerts.inc({ destination: name, told: 'counted' }, older);
    } else await this.#refused(notice, outcome);
    try {
      const remember = () => memory.remember(draft.hashes, this.#readOffset, this.#last);
      await patiently('remembering what was sent', remember, { signal: over, logger });
      if (outcome.kind === 'sent')
        logger.info(told, `${counted(draft.size, 'alert was', 'alerts were')} sent to ${receiver} and remembered`);
    } catch (error) {
      if (!isPassing(error)) throw error;
      logger.error(told, `what was sent to ${receiver} could not be remembered and is sent once more: ${error.message}`);
    }
    metrics.oldestWaiting.set({ destination: name }, 0);
    this.#saved();
  }

  async #refused(notice: Notice, outcome: Outcome): Promise<void> {
    if (outcome.kind !== 'refused') return;
    const { destination, refusals, metrics, logger, over } = this.#options;
    const { name, receiver } = destination;
    metrics.refused.inc({ destination: name });
    const ids = notice.alerts.slice(0, 20).map(({ id }) => id);
    logger.error(
      { destination: name, notice: notice.id, ids },
      `${receiver} refuses a message for good, it is given up: ${outcome.reason}; ${outcome.remedy}`,
    );
    const keeping = patiently('noting a refusal', () => refusals.keep(notice, outcome.reason, Date.now()), { signal: over, logger });
    await keeping.catch(goneWhen(over));
    metrics.refusalsKept.set({ destination: name }, refusals.size);
  }

  async #saveNowAndThen(): Promise<void> {
    if (this.#readOffset > this.#options.memory.nextOffset && performance.now() - this.#savedMs >= restMs) await this.#save();
  }

  async #save(): Promise<void> {
    const { memory, logger, over } = this.#options;
    const advance = () => memory.advance(this.#readOffset, this.#last);
    await patiently('remembering what was read', advance, { signal: over, logger }).catch(goneWhen(over));
    this.#saved();
  }

  #saved(): void {
    this.#savedMs = performance.now();
    this.#options.reached(this.#options.memory.nextOffset);
  }
}

/** What fails after the end matters to nobody: who comes next begins where it was. */
function goneWhen(signal: AbortSignal): (error: unknown) => undefined {
  return error => {
    if (!signal.aborted || !(error instanceof PipelineError)) throw error;
    return undefined;
  };
}
