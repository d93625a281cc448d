/** Who is subscribed to what at a vendor of a test: answers clients as the simulator's market does, for prices that somebody else makes. */
import type { ClientMessage } from '@tapeline/simulator/client-messages';
import type { Connection } from '@tapeline/simulator/connection';
import { findInstrument, type Instrument } from '@tapeline/simulator/market/instruments';
import { statusEntry } from '@tapeline/simulator/market/price-event';

export class Subscribers {
  readonly #instruments: readonly Instrument[];
  readonly #clock: () => number;
  readonly #subscribed = new Map<Connection, Set<Instrument>>();

  constructor(instruments: readonly Instrument[], clock: () => number) {
    this.#instruments = instruments;
    this.#clock = clock;
  }

  serve(connection: Connection): void {
    const subscribed = new Set<Instrument>();
    this.#subscribed.set(connection, subscribed);
    connection.signal.addEventListener('abort', () => this.#subscribed.delete(connection), { once: true });
    connection.listen(message => this.#handle(connection, subscribed, message));
  }

  /** Connections that are told prices of this instrument. */
  *of(instrument: Instrument): Generator<Connection, void, undefined> {
    for (const [connection, subscribed] of this.#subscribed) if (subscribed.has(instrument)) yield connection;
  }

  #handle(connection: Connection, subscribed: Set<Instrument>, message: ClientMessage): void {
    if (message.action !== 'subscribe' && message.action !== 'unsubscribe') return;
    const asked = message.names.flatMap(name => findInstrument(this.#instruments, name) ?? []);
    if (message.action === 'subscribe') this.#subscribe(connection, subscribed, asked);
    else {
      for (const instrument of asked) subscribed.delete(instrument);
      const event = { event: 'unsubscribe-status', status: 'ok', success: asked.map(statusEntry), fails: null };
      connection.message({ event, timeMs: this.#clock() });
    }
    connection.subscribed([...subscribed].map(({ symbol }) => symbol));
  }

  #subscribe(connection: Connection, subscribed: Set<Instrument>, asked: readonly Instrument[]): void {
    const refusals = asked.map(instrument => ({ instrument, message: connection.refusal(instrument.symbol) }));
    const accepted = refusals.flatMap(({ instrument, message }) => (message === undefined ? [instrument] : []));
    const fails = refusals.flatMap(({ instrument, message }) => (message === undefined ? [] : [{ symbol: instrument.symbol, message }]));
    for (const instrument of accepted) subscribed.add(instrument);
    const status = fails.length === 0 ? 'ok' : accepted.length === 0 ? 'error' : 'warning';
    const event = { event: 'subscribe-status', status, success: accepted.map(statusEntry), fails: fails.length === 0 ? null : fails };
    connection.status(
      event,
      this.#clock(),
      accepted.map(({ symbol }) => symbol),
    );
  }
}
