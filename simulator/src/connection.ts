/** One client's connection: what it says is parsed and handed on, what it is told passes through the faults. */
import type { Duplex } from 'node:stream';
import { pause } from '@tapeline/core/pause';
import type { Logger } from 'pino';
import type WebSocket from 'ws';
import { type ClientMessage, clientMessageOf } from './client-messages.ts';
import { type ConnectionHistory, remember } from './connection-journal.ts';
import type { ConnectionFaults, FaultSet } from './fault-set.ts';
import type { Random } from './market/random.ts';
import type { Outgoing, Wire } from './misbehaviours/fault.ts';

/** A client that lets so much pile up is cut off, as the vendor does: 64 MiB. */
const longestBacklogBytes = 64 * 1024 * 1024;
/** Above this a patient sender waits: 1 MiB. */
const comfortableBacklogBytes = 1024 * 1024;
/** How long a client may take to answer the end of TCP. */
const endGraceMs = 1_000;

/** What a connection shares with the simulator around it. */
export interface ConnectionHost {
  readonly faults: FaultSet;
  readonly clock: () => number;
  readonly sayTime: boolean;
  /** Last prices by symbol, whoever was sent them. */
  readonly lastPrices: Map<string, Outgoing>;
  readonly random: Random;
  readonly logger: Logger;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

export class Connection {
  /** Tells when it ends. */
  readonly signal: AbortSignal;
  readonly #socket: WebSocket;
  readonly #tcp: Duplex;
  readonly #host: ConnectionHost;
  readonly #faults: ConnectionFaults;
  readonly #ended = new AbortController();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #messages: unknown[] = [];
  readonly #history: Mutable<ConnectionHistory>;
  /** What a time said now would be: that of the last message, whatever faults held back. */
  #timeMs = 0;
  #delivering = false;
  #ending: (() => void) | undefined;

  constructor(number: number, socket: WebSocket, tcp: Duplex, host: ConnectionHost) {
    this.signal = this.#ended.signal;
    this.#socket = socket;
    this.#tcp = tcp;
    this.#host = host;
    this.#history = {
      number,
      openedMs: host.clock(),
      closedMs: undefined,
      closeCode: undefined,
      messages: this.#messages,
      messagesReceived: 0,
      pingsReceived: 0,
      pricesSent: 0,
      symbols: [],
    };
    socket.on('ping', data => this.#pong(data));
    socket.on('error', error => host.logger.debug({ err: error, connection: number }, 'client connection failed'));
    socket.on('close', code => this.#closed(code));
    this.#faults = host.faults.attach(this.#wire(), this.signal);
  }

  /** What is known of this connection; it stays up to date. */
  get history(): ConnectionHistory {
    return this.#history;
  }

  /** Hands on what the client says; what cannot be parsed and heartbeats are answered here. */
  listen(handle: (message: ClientMessage) => void): void {
    this.#socket.on('message', data => {
      const value = parsed(String(data));
      this.#history.messagesReceived += 1;
      remember(this.#messages, value);
      if (this.#silent()) return;
      const message = clientMessageOf(value);
      if (message === undefined) this.#tell({ event: 'subscribe-status', status: 'error', messages: ['Cant parse message'] });
      else if (message.action === 'heartbeat') this.#tell({ event: 'heartbeat', status: 'ok' });
      else handle(message);
    });
  }

  /** What the client is subscribed to now, for the history. */
  subscribed(symbols: readonly string[]): void {
    this.#history.symbols = symbols;
  }

  /** The vendor's message when a fault refuses the symbol. */
  refusal(symbol: string): string | undefined {
    for (const fault of this.#faults.current()) {
      const message = fault.refuse?.(symbol);
      if (message !== undefined) return message;
    }
    return undefined;
  }

  /** Sends the answer to a subscription, then what faults put after it. */
  status(status: Readonly<Record<string, unknown>>, timeMs: number, symbols: readonly string[]): void {
    this.#timeMs = timeMs;
    let answer: Readonly<Record<string, unknown>> | undefined = status;
    for (const fault of this.#faults.current()) {
      if (answer !== undefined && fault.status !== undefined) answer = fault.status(answer);
    }
    if (answer !== undefined) this.message({ event: answer, timeMs });
    const after = this.#faults.current().flatMap(fault => fault.afterStatus?.(symbols) ?? []);
    for (const out of after) this.#sendPastFaults(out);
  }

  /** Sends a message as it is, unless the connection is silent. */
  message(out: Outgoing): void {
    this.#timeMs = out.timeMs;
    if (!this.#silent()) this.#send(out);
  }

  /** Says the time without a message, where times are said. */
  sayTime(timeMs: number): void {
    if (!this.#silent()) this.#writeTime(timeMs);
  }

  /** Sends a price, or whatever the faults make of it. */
  price(out: Outgoing): void {
    if (this.#ended.signal.aborted) return;
    this.#timeMs = out.timeMs;
    this.#delivering = true;
    let outs: readonly Outgoing[] = [out];
    for (const fault of this.#faults.current()) {
      if (fault.price !== undefined) outs = outs.flatMap(each => fault.price?.(each) ?? []);
    }
    for (const each of outs) this.#sendPrice(each);
    const { symbol } = out.event;
    if (typeof symbol === 'string' && outs.includes(out)) this.#host.lastPrices.set(symbol, out);
    this.#delivering = false;
    this.#ending?.();
  }

  /** Holds what is sent until {@link uncork}, so that many messages cost one write. */
  cork(): void {
    this.#tcp.cork();
  }

  /** Lets go what was held, and cuts off a client that reads too slowly. */
  uncork(): void {
    this.#tcp.uncork();
    if (this.#socket.bufferedAmount > longestBacklogBytes) {
      this.#host.logger.warn(
        { connection: this.#history.number, bufferedBytes: this.#socket.bufferedAmount },
        'client reads too slowly, cutting it off',
      );
      this.terminate();
    }
  }

  /** Sends what faults hold back. */
  flush(): void {
    for (const out of this.#faults.current().flatMap(fault => fault.flush?.() ?? [])) this.#sendPastFaults(out);
  }

  /** Resolves when the client has taken most of what was sent, or is gone. */
  async drained(): Promise<void> {
    while (this.#socket.bufferedAmount > comfortableBacklogBytes && !this.signal.aborted) {
      await pause(5);
    }
  }

  /** Ends the TCP connection without a close code, after what was sent. */
  end(): void {
    if (this.#ended.signal.aborted) return;
    this.#release();
    this.#tcp.end();
    setTimeout(() => this.#socket.terminate(), endGraceMs).unref();
  }

  /** Ends it at once. */
  terminate(): void {
    this.#release();
    this.#socket.terminate();
  }

  #wire(): Wire {
    const finish = (ending: () => void): void => {
      this.#ending = ending;
      if (!this.#delivering) ending();
    };
    return {
      send: out => this.#sendPastFaults(out),
      later: (delayMs, action) => {
        if (this.#ended.signal.aborted) return;
        const timer = setTimeout(() => {
          this.#timers.delete(timer);
          action();
        }, delayMs);
        this.#timers.add(timer);
      },
      terminate: () => finish(() => this.end()),
      close: code => finish(() => this.#close(code)),
      lastPrice: symbol => this.#host.lastPrices.get(symbol),
      random: this.#host.random,
    };
  }

  #close(code: number): void {
    if (this.#ended.signal.aborted) return;
    this.#release();
    this.#socket.close(code);
  }

  /** A price that a fault made or held back: no other fault sees it, but where none is sent. */
  #sendPastFaults(out: Outgoing): void {
    if (!this.#silent() && !this.#mute()) this.#sendPrice(out);
  }

  #sendPrice(out: Outgoing): void {
    if (this.#ended.signal.aborted) return;
    this.#history.pricesSent += 1;
    this.#send(out);
  }

  #send(out: Outgoing): void {
    this.#writeTime(this.#timeMs);
    this.#write(out.raw ?? JSON.stringify(out.event));
  }

  #writeTime(timeMs: number): void {
    if (this.#host.sayTime) this.#write(JSON.stringify({ event: 'simulated-time', timeMs }));
  }

  #tell(event: Readonly<Record<string, unknown>>): void {
    if (!this.#silent()) this.#write(JSON.stringify(event));
  }

  #write(text: string): void {
    if (!this.#ended.signal.aborted) this.#socket.send(text);
  }

  #silent(): boolean {
    return this.#faults.current().some(fault => fault.silent?.() === true);
  }

  #mute(): boolean {
    return this.#faults.current().some(fault => fault.mute?.() === true);
  }

  #pong(data: Buffer): void {
    this.#history.pingsReceived += 1;
    if (!this.#ended.signal.aborted && !this.#silent()) this.#socket.pong(data);
  }

  #closed(code: number): void {
    this.#history.closedMs = this.#host.clock();
    this.#history.closeCode = code;
    this.#release();
  }

  #release(): void {
    this.#ended.abort();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
