import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from '@jest/globals';
import { askChart } from '../src/yahoo/chart-request.ts';

it('a chart is asked for behind the path of its address, as by way of a proxy', async () => {
  const asked: (string | undefined)[] = [];
  const server = createServer(({ url }, response) => {
    asked.push(url);
    response.end('{}');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const question = { symbol: '^GSPC', timeoutMs: 5_000, signal: new AbortController().signal };
  for (const end of ['', '/', '/yahoo', '/yahoo/']) await askChart({ url: `http://127.0.0.1:${port}${end}`, ...question });
  const chart = '/v8/finance/chart/%5EGSPC?interval=1d&range=1d';
  expect(asked).toEqual([chart, chart, `/yahoo${chart}`, `/yahoo${chart}`]);
  server.close();
});
