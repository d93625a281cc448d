/** A WebSocket server on loopback that does what a test tells it to, message by message. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

export interface VendorServer {
  readonly url: string;
  /** What each connection sent, oldest connection first. */
  readonly received: readonly (readonly { readonly action?: string; readonly params?: { readonly symbols: string } }[])[];
  readonly requests: readonly IncomingMessage[];
  close(): Promise<void>;
}

export interface VendorScript {
  /** Called with each connection, counted from 1. */
  readonly connected?: (socket: WebSocket, number: number) => void;
  /** Called with each `subscribe`; what it returns is sent. */
  readonly subscribed?: (symbols: readonly string[], number: number, socket: WebSocket) => readonly unknown[];
  /** In place of the upgrade. */
  readonly refuse?: (request: IncomingMessage) => string | undefined;
}

/** Starts the server; texts are sent as they are, everything else as JSON. */
export async function startVendor(script: VendorScript): Promise<VendorServer> {
  const http = createServer();
  const sockets = new WebSocketServer({ noServer: true });
  const received: unknown[][] = [];
  const requests: IncomingMessage[] = [];
  http.on('upgrade', (request, tcp, head) => {
    requests.push(request);
    const refusal = script.refuse?.(request);
    if (refusal !== undefined) {
      tcp.end(refusal);
      return;
    }
    sockets.handleUpgrade(request, tcp, head, socket => {
      const messages: unknown[] = [];
      received.push(messages);
      const number = received.length;
      socket.on('message', data => {
        const message = JSON.parse(String(data));
        messages.push(message);
        if (message.action !== 'subscribe') return;
        const answers = script.subscribed?.(message.params.symbols.split(','), number, socket) ?? [];
        for (const answer of answers) socket.send(typeof answer === 'string' ? answer : JSON.stringify(answer));
      });
      script.connected?.(socket, number);
    });
  });
  await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve));
  return {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}`,
    received: received as VendorServer['received'],
    requests,
    close: async () => {
      for (const socket of sockets.clients) socket.terminate();
      await new Promise(resolve => {
        http.close(resolve);
        http.closeAllConnections();
      });
    },
  };
}

/** A `subscribe-status` that accepts these symbols. */
export function accepted(...symbols: readonly string[]): unknown {
  return { event: 'subscribe-status', status: 'ok', success: symbols.map(symbol => ({ symbol, type: 'Digital Currency' })), fails: null };
}

/** A price of BTC/USD, stamped now. */
export function aPrice(overrides: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return {
    event: 'price',
    symbol: 'BTC/USD',
    type: 'Digital Currency',
    timestamp: Math.floor(Date.now() / 1_000),
    price: 100,
    ...overrides,
  };
}
