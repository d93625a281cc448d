/**
 * A recording behind the server: each connection that subscribes is sent the next session, and is then dropped without a close
 * code, as the recorded one was. The last session stays connected.
 */
import { setImmediate as immediate } from 'node:timers/promises';
import { hasCode, reasonOf } from '@tapeline/core/errors';
import { pause } from '@tapeline/core/pause';
import { type RecordingSurvey, readSessions, type SessionStep } from '@tapeline/core/recorded-sessions';
import type { Logger } from 'pino';
import type { ClientMessage } from './client-messages.ts';
import type { Connection } from './connection.ts';
import type { PriceSource } from './price-source.ts';

/** How much later than the last message the last word on the time is, so that what is over closes. */
const finalMs = 60_000;
/** After so many messages the client is waited for. */
const batchLength = 256;

export interface RecordingSourceOptions {
  readonly path: string;
  readonly survey: RecordingSurvey;
  /** 1 is the recording's own speed. */
  readonly speed: number | 'max';
  readonly logger: Logger;
}

type MessageStep = Extract<SessionStep, { kind: 'message' }>;

export class RecordingSource implements PriceSource {
  readonly played: Promise<void>;
  readonly #options: RecordingSourceOptions;
  readonly #steps: AsyncGenerator<SessionStep, void, undefined>;
  readonly #stopped = new AbortController();
  #finish: () => void = () => {};
  #finished = false;
  /** The begin that was looked at and not played yet. */
  #begin: SessionStep | undefined;
  /** Connections wait here for their turn. */
  #turn: Promise<void> = Promise.resolve();

  constructor(options: RecordingSourceOptions) {
    this.#options = options;
    this.#steps = readSessions(options.path, options.survey);
    this.played = new Promise(resolve => {
      this.#finish = resolve;
    });
    if (options.survey.messages === 0) this.#finishPlaying();
  }

  serve(connection: Connection): void {
    let asked = false;
    this.#inTurn(connection, () => this.#sayBegin(connection));
    connection.listen(message => {
      if (message.action !== 'subscribe') return;
      if (asked) return;
      asked = true;
      this.#inTurn(connection, () => this.#play(connection, message));
    });
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#turn;
    await this.#steps.return();
  }

  #inTurn(connection: Connection, action: () => Promise<void>): void {
    this.#turn = this.#turn
      .then(() => (connection.signal.aborted || this.#stopped.signal.aborted ? undefined : action()))
      .catch(error => this.#fail(connection, error));
  }

  #fail(connection: Connection, error: unknown): void {
    if (this.#stopped.signal.aborted) return;
    this.#options.logger.error(
      { err: error, code: hasCode(error, 'recording.malformed') ? error.code : undefined },
      `playing stopped: ${reasonOf(error)}`,
    );
    connection.terminate();
  }

  async #sayBegin(connection: Connection): Promise<void> {
    const begin = await this.#nextBegin();
    if (begin?.kind === 'begin' && begin.stated) connection.sayTime(begin.receivedTimeMs);
  }

  /** Passes over what is left of a session whose connection was lost. */
  async #nextBegin(): Promise<SessionStep | undefined> {
    while (!this.#finished && this.#begin === undefined) {
      const step = await this.#next();
      if (step?.kind === 'begin') this.#begin = step;
    }
    return this.#finished ? undefined : this.#begin;
  }

  /** The next step; after the last message there is none, whatever marks follow. */
  async #next(): Promise<SessionStep | undefined> {
    const { value: step } = await this.#steps.next();
    if (step === undefined) this.#finishPlaying();
    return step ?? undefined;
  }

  async #play(connection: Connection, request: ClientMessage): Promise<void> {
    if ((await this.#nextBegin()) === undefined) return this.#answerAfterTheEnd(connection, request);
    this.#begin = undefined;
    connection.cork();
    try {
      await this.#playSession(connection);
    } finally {
      connection.uncork();
    }
  }

  async #playSession(connection: Connection): Promise<void> {
    const pace = paceOf(this.#options.speed);
    let sent = 0;
    while (!connection.signal.aborted && !this.#stopped.signal.aborted) {
      const step = await this.#next();
      if (step?.kind !== 'message') return endSession(connection);
      await this.#waitFor(connection, pace(step.receivedTimeMs));
      tell(connection, step);
      if (step.line === this.#options.survey.lastMessageLine) return this.#endRecording(connection);
      sent += 1;
      if (sent % batchLength === 0) await breathe(connection);
    }
    if (!this.#stopped.signal.aborted)
      this.#options.logger.info('the client left in the middle of a recorded session; the rest of it is passed over');
  }

  async #waitFor(connection: Connection, waitMs: number): Promise<void> {
    if (waitMs <= 0) return;
    connection.uncork();
    const signal = AbortSignal.any([connection.signal, this.#stopped.signal]);
    await pause(waitMs, signal);
    connection.cork();
  }

  #endRecording(connection: Connection): void {
    connection.flush();
    connection.sayTime(this.#options.survey.lastMessageMs + finalMs);
    this.#finishPlaying();
  }

  #finishPlaying(): void {
    this.#finished = true;
    this.#finish();
  }

  /** A client that comes when all is told gets its symbols accepted and hears no more. */
  #answerAfterTheEnd(connection: Connection, request: ClientMessage): void {
    const symbols = request.action === 'subscribe' ? request.names.map(({ symbol }) => symbol) : [];
    const timeMs = this.#options.survey.lastMessageMs + finalMs;
    const status = { event: 'subscribe-status', status: 'ok', success: symbols.map(symbol => ({ symbol })), fails: null };
    connection.status(status, timeMs, symbols);
  }
}

/** How long to wait for a message, counted from the first of its session. */
function paceOf(speed: number | 'max'): (receivedTimeMs: number) => number {
  if (speed === 'max') return () => 0;
  const startMs = performance.now();
  let firstMs: number | undefined;
  return receivedTimeMs => {
    firstMs ??= receivedTimeMs;
    return startMs + (receivedTimeMs - firstMs) / speed - performance.now();
  };
}

function tell(connection: Connection, { message, receivedTimeMs: timeMs }: MessageStep): void {
  if (typeof message === 'string') return connection.message({ event: {}, raw: message, timeMs });
  if (message.event === 'price') return connection.price({ event: message, timeMs });
  if (message.event === 'simulated-time') return;
  if (message.event === 'subscribe-status') return connection.status(message, timeMs, symbolsOf(message.success));
  connection.message({ event: message, timeMs });
}

function symbolsOf(success: unknown): readonly string[] {
  if (!Array.isArray(success)) return [];
  return success.flatMap(entry => (typeof entry?.symbol === 'string' ? [entry.symbol] : []));
}

function endSession(connection: Connection): void {
  connection.flush();
  connection.end();
}

/** Lets the process do other things, and the client read. */
async function breathe(connection: Connection): Promise<void> {
  connection.uncork();
  await connection.drained();
  await immediate();
  connection.cork();
}
