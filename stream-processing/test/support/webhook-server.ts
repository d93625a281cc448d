/** A webhook on loopback that keeps what it takes. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Post {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface WebhookServer {
  readonly url: string;
  /** Those that were answered with 2xx. */
  readonly posts: readonly Post[];
  /** What is answered to a post; it may wait. */
  answer: () => Promise<Reply> | Reply;
  close(): Promise<void>;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export async function startWebhookServer(): Promise<WebhookServer> {
  const posts: Post[] = [];
  const http = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { status, headers = {} } = await server.answer();
    if (status >= 200 && status < 300) posts.push({ headers: request.headers, text: Buffer.concat(chunks).toString() });
    response.writeHead(status, headers).end('ok');
  });
  await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve));
  const server: WebhookServer = {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/hooks/abcdefgh`,
    posts,
    answer: () => ({ status: 200 }),
    close: () =>
      new Promise(resolve => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
  return server;
}
