import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, it } from '@jest/globals';
import { BucketDestination } from '../src/export/bucket-destination.ts';

it('a bucket whose store says nothing is waited for until somebody ends it', async () => {
  const server = createServer(socket => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const credentials = { accessKeyId: 'an-example', secretAccessKey: 'an-example' };
  const destination = new BucketDestination({ bucket: 'a-bucket', endpoint, region: 'eu-central-1', credentials });
  const stopping = new AbortController();
  const asked = destination.find('a/path', stopping.signal);
  await once(server, 'connection');
  stopping.abort();
  await expect(asked).rejects.toMatchObject({ code: 'export.unavailable' });
  await destination.close();
  server.close();
});
