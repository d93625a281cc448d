/** A TLS server on loopback that shows a certificate and then says nothing: handshakes with it end as the certificate deserves. */
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:tls';
import type { Certified } from '../../src/certificates.ts';

export interface CertifiedServer extends AsyncDisposable {
  readonly port: number;
}

export async function startCertifiedServer({ certificate, key }: Certified): Promise<CertifiedServer> {
  const sockets = new Set<Socket>();
  const server = createServer({ cert: certificate, key });
  server.on('connection', socket => sockets.add(socket.on('error', () => undefined)));
  server.on('tlsClientError', () => undefined);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise(resolve => server.close(resolve));
    },
  };
}
