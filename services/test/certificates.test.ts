import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import { describe, expect, it } from '@jest/globals';
import { type Certified, makeAuthority, makeCertificate } from '../src/certificates.ts';

const authority = await makeAuthority('Tapeline test');

/** What a client that trusts `ca` says of a server with this certificate, whom it calls `name`. */
async function handshake(server: Certified, ca: string, name: string): Promise<string> {
  const listening = createServer({ cert: server.certificate, key: server.key }, socket => socket.end());
  listening.on('tlsClientError', () => undefined);
  await once(listening.listen(0, '127.0.0.1'), 'listening');
  const { port } = listening.address() as AddressInfo;
  const socket = connect({ host: '127.0.0.1', port, ca, servername: name });
  try {
    return await once(socket, 'secureConnect').then(
      () => 'trusted',
      error => String(error.code),
    );
  } finally {
    socket.destroy();
    listening.close();
  }
}

describe('certificates of our own', () => {
  it('are taken by Node for the names that they carry', async () => {
    const server = await makeCertificate(authority, { names: ['localhost', '127.0.0.1'] });
    expect(await handshake(server, authority.certificate, 'localhost')).toBe('trusted');
    expect(await handshake(server, authority.certificate, 'elsewhere')).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
    expect(new X509Certificate(server.certificate).checkIP('127.0.0.1')).toBe('127.0.0.1');
  });

  it('are refused when another authority is trusted, or when their time is over', async () => {
    const server = await makeCertificate(authority, { names: ['localhost'] });
    expect(await handshake(server, (await makeAuthority('another')).certificate, 'localhost')).toMatch(/UNABLE_TO_VERIFY|SELF_SIGNED/);
    const old = await makeCertificate(authority, { names: ['localhost'], notBeforeMs: 0, notAfterMs: Date.now() - 1_000 });
    expect(await handshake(old, authority.certificate, 'localhost')).toBe('CERT_HAS_EXPIRED');
  });

  it('hold through years beyond 2049', async () => {
    const late = await makeCertificate(authority, { names: ['localhost'], notAfterMs: Date.UTC(2061, 0, 2) });
    expect(new X509Certificate(late.certificate).validTo).toBe('Jan  2 00:00:00 2061 GMT');
  });
});
