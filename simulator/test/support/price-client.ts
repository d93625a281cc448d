/** A client as plain as can be: collects what it is sent, and lets a test wait for it. */
import WebSocket from 'ws';
import { eventually } from '../../../test/support/eventually.ts';

export type Message = Readonly<Record<string, unknown>>;

export class PriceClient {
  readonly socket: WebSocket;
  /** Texts as they came. */
  readonly texts: string[] = [];
  pongs = 0;
  headers: NodeJS.Dict<string | string[]> = {};
  readonly #closed: Promise<number>;

  constructor(url: string, options: WebSocket.ClientOptions = {}) {
    this.socket = new WebSocket(url, options);
    this.socket.on('message', data => this.texts.push(String(data)));
    this.socket.on('pong', () => {
      this.pongs += 1;
    });
    this.socket.on('upgrade', response => {
      this.headers = response.headers;
    });
    this.socket.on('error', () => {});
    this.#closed = new Promise(resolve => this.socket.on('close', code => resolve(code)));
  }

  /** Messages that were JSON objects. */
  get messages(): readonly Message[] {
    return this.texts.flatMap(text => {
      try {
        return [JSON.parse(text) as Message];
      } catch {
        return [];
      }
    });
  }

  get prices(): readonly Message[] {
    return this.of('price');
  }

  of(event: string): readonly Message[] {
    return this.messages.filter(message => message.event === event);
  }

  /** Resolves with the close code; 1006 when TCP just ended. */
  closed(): Promise<number> {
    return this.#closed;
  }

  say(value: unknown): void {
    this.socket.send(typeof value === 'string' ? value : JSON.stringify(value));
  }

  subscribe(symbols: unknown): void {
    this.say({ action: 'subscribe', params: { symbols } });
  }

  async until(condition: (client: PriceClient) => boolean): Promise<void> {
    await eventually(
      () => `${condition}; received last ${this.texts.slice(-3).join('\n')}`,
      () => condition(this),
    );
  }
}

/** Connects, and resolves when the WebSocket is open. */
export async function connected(url: string, options: WebSocket.ClientOptions = {}): Promise<PriceClient> {
  const client = new PriceClient(url, options);
  await new Promise<void>((resolve, reject) => {
    client.socket.once('open', resolve);
    client.socket.once('error', reject);
  });
  return client;
}

/** The plain HTTP answer to an upgrade that was refused. */
export async function refused(
  url: string,
  options: WebSocket.ClientOptions = {},
): Promise<{ status: number; body: string; simulated: unknown }> {
  const socket = new WebSocket(url, options);
  return new Promise((resolve, reject) => {
    socket.once('open', () => reject(new Error('the upgrade was not refused')));
    socket.once('error', reject);
    socket.once('unexpected-response', (_, response) => {
      let body = '';
      response.on('data', (data: Buffer) => {
        body += String(data);
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body, simulated: response.headers['x-simulated'] }));
    });
  });
}
