/** Servers of the worst kind: they refuse, and repeat in their answer all that they were told, in each place where an answer has text. */
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';

export interface RepeatingServer {
  readonly port: number;
  /** All that was sent here so far, decoded where it was encoded. */
  told(): string;
  close(): Promise<void>;
}

/** HTTP and WebSocket: 401 with path, headers and body in reason, headers and body. */
export async function startRepeatingHttp(): Promise<RepeatingServer> {
  let told = '';
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = repeated(request.url ?? '', request.rawHeaders, Buffer.concat(chunks));
    const message = `apikey refused: ${text}`;
    const isObject = request.headers['x-amz-date'] !== undefined;
    const xml = `<?xml version="1.0"?><Error><Code>SignatureDoesNotMatch</Code><Message>${message.replaceAll(/[<>&]/g, ' ')}</Message></Error>`;
    response.writeHead(isObject ? 403 : 401, text.replaceAll(/[^\x20-\x7e]/g, ' ').slice(0, 2_000), {
      'content-type': isObject ? 'application/xml' : 'application/json',
    });
    response.end(isObject ? xml : JSON.stringify({ code: 401, status: 'error', message }));
  });
  server.on('upgrade', (request, socket) => {
    const text = repeated(request.url ?? '', request.rawHeaders, Buffer.alloc(0));
    socket.end(`HTTP/1.1 403 ${text}\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    told: () => told,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };

  function repeated(path: string, headers: readonly string[], body: Buffer): string {
    const text = `${path} ${decodeURIComponent(path)} ${headers.join(' ')} ${body.toString()}`.slice(0, 4_000);
    told += `${text}\n`;
    return text.replaceAll(/[\r\n]/g, ' ');
  }
}

/** SMTP with STARTTLS that refuses each login with the user and password that it was given, as they came and in clear. */
export async function startRepeatingMailServer(certificate: { readonly key: string; readonly cert: string }): Promise<RepeatingServer> {
  let told = '';
  const sockets = new Set<Socket>();
  const secureContext = createSecureContext(certificate);
  const server = createTcpServer(socket => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    socket.write('220 ready\r\n');
    talk(socket, line => {
      if (/^EHLO/i.test(line)) return '250-here\r\n250 STARTTLS';
      if (!/^STARTTLS/i.test(line)) return '530 STARTTLS first';
      socket.removeAllListeners('data');
      socket.write('220 go on\r\n');
      const secure = new TLSSocket(socket, { isServer: true, secureContext });
      secure.on('error', () => undefined);
      talk(secure, command => {
        if (/^EHLO/i.test(command)) return '250-here\r\n250 AUTH PLAIN';
        const decoded = Buffer.from(command.split(' ').at(-1) ?? '', 'base64')
          .toString()
          .replaceAll('\0', ' ');
        told += `${decoded}\n`;
        return `535 refused: ${command} is ${decoded}`;
      });
      return undefined;
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    told: () => told,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function talk(socket: Socket, answer: (line: string) => string | undefined): void {
  let rest = '';
  socket.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\r\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const text = answer(line);
      if (text !== undefined) socket.write(`${text}\r\n`);
    }
  });
}
