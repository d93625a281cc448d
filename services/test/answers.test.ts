import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { cassandraAnswers, kafkaAnswers } from '../src/answers.ts';

/** Asks `question` of a server on a real socket that does `onConnection`. */
async function askServer(onConnection: (socket: Socket) => void, question: typeof kafkaAnswers): Promise<boolean> {
  const server = createServer(onConnection).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const answer = await question('127.0.0.1', (server.address() as AddressInfo).port);
  server.close();
  return answer;
}

describe('kafkaAnswers', () => {
  it('sends ApiVersions and takes an answer without an error', async () => {
    const received: Buffer[] = [];
    const reply = (socket: Socket) =>
      socket.on('data', request => {
        received.push(request);
        socket.write(Buffer.concat([Buffer.from([0, 0, 0, 6]), request.subarray(8, 12), Buffer.from([0, 0])]));
      });
    expect(await askServer(reply, kafkaAnswers)).toBe(true);
    expect(Buffer.concat(received).toString('hex')).toBe(`0000001b0012000000007a7e0011${Buffer.from('tapeline-services').toString('hex')}`);
  });

  it('takes a server that hangs up, or a closed port, for one that is not ready', async () => {
    expect(await askServer(socket => socket.destroy(), kafkaAnswers)).toBe(false);
    expect(await kafkaAnswers('127.0.0.1', 1)).toBe(false);
  });
});

describe('cassandraAnswers', () => {
  it('sends OPTIONS and takes SUPPORTED', async () => {
    const supported = Buffer.from([0x84, 0, 0, 0, 0x06, 0, 0, 0, 2, 0, 0]);
    expect(await askServer(socket => socket.on('data', () => socket.write(supported)), cassandraAnswers)).toBe(true);
  });

  it('takes an error for one that is not ready', async () => {
    const error = Buffer.from([0x84, 0, 0, 0, 0x00, 0, 0, 0, 0]);
    expect(await askServer(socket => socket.on('data', () => socket.write(error)), cassandraAnswers)).toBe(false);
  });
});
