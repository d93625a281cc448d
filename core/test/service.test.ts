import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { PipelineError } from '../src/errors.ts';
import { createLogger } from '../src/logging.ts';
import { runService } from '../src/service.ts';

const logger = createLogger({ name: 'test', level: 'silent', secrets: [] });

function part(
  name: string,
  events: string[],
  more: { start?: () => Promise<void>; stop?: () => Promise<void>; failed?: Promise<never> } = {},
) {
  return {
    name,
    start: async () => {
      events.push(`start ${name}`);
      await more.start?.();
    },
    stop: async () => {
      events.push(`stop ${name}`);
      await more.stop?.();
    },
    ...(more.failed ? { failed: more.failed } : {}),
  };
}

describe('the life of a process', () => {
  it('starts parts in order and stops them in reverse', async () => {
    const events: string[] = [];
    const stop = new AbortController();
    const status = await runService({
      parts: [part('log', events), part('store', events), part('board', events)],
      logger,
      signal: stop.signal,
      started: () => stop.abort(),
    });
    expect(status).toBe(0);
    expect(events).toEqual(['start log', 'start store', 'start board', 'stop board', 'stop store', 'stop log']);
  });

  it('stops what was started when a later part cannot start, with exit status 1', async () => {
    const events: string[] = [];
    const broken = part('store', events, {
      start: async () => {
        throw new PipelineError('store.unavailable', 'no host answers', { retriable: true });
      },
    });
    const status = await runService({
      parts: [part('log', events), broken, part('board', events)],
      logger,
      signal: new AbortController().signal,
    });
    expect(status).toBe(1);
    expect(events).toEqual(['start log', 'start store', 'stop store', 'stop log']);
  });

  it('waits for a part that still starts when the signal comes, and then stops what it opened', async () => {
    const events: string[] = [];
    const stop = new AbortController();
    const server = createServer();
    const slow = part('slow', events, {
      start: async () => {
        setTimeout(() => stop.abort(), 10);
        await sleep(110);
        server.listen(0, '127.0.0.1');
        await once(server, 'listening');
        events.push('slow listens');
      },
      stop: async () => void server.close(),
    });
    const parts = [part('log', events), slow, part('board', events)];
    expect(await runService({ parts, logger, signal: stop.signal })).toBe(0);
    expect(server.listening).toBe(false);
    expect(events).toEqual(['start log', 'start slow', 'slow listens', 'stop slow', 'stop log']);
  });

  it('takes no failure for one of its own in a part that still starts when the signal comes', async () => {
    const events: string[] = [];
    const stop = new AbortController();
    const broken = part('store', events, {
      start: async () => {
        stop.abort();
        await sleep(50);
        throw new PipelineError('store.unavailable', 'no host answers', { retriable: true });
      },
    });
    expect(await runService({ parts: [part('log', events), broken], logger, signal: stop.signal })).toBe(0);
    expect(events).toEqual(['start log', 'start store', 'stop store', 'stop log']);
  });

  it('waits for a start no longer than half of the deadline, and stops what it opened when it ends after all', async () => {
    const events: string[] = [];
    const stop = new AbortController();
    const server = createServer();
    const late = part('late', events, {
      start: async () => {
        stop.abort();
        await sleep(300);
        server.listen(0, '127.0.0.1');
        await once(server, 'listening');
      },
      stop: async () => void server.close(),
    });
    expect(await runService({ parts: [part('log', events), late], logger, signal: stop.signal, stopDeadlineMs: 200 })).toBe(0);
    expect(events).toEqual(['start log', 'start late', 'stop late', 'stop log']);
    await once(server, 'listening');
    await once(server, 'close');
    expect(events).toEqual(['start log', 'start late', 'stop late', 'stop log', 'stop late']);
  });

  it('stops the others when a part fails while it runs', async () => {
    const events: string[] = [];
    const failed = sleep(20).then(() => {
      throw new PipelineError('feed.key-refused', 'the key was refused', { retriable: false });
    });
    const status = await runService({
      parts: [part('log', events), part('feed', events, { failed })],
      logger,
      signal: new AbortController().signal,
    });
    expect(status).toBe(1);
    expect(events.slice(-2)).toEqual(['stop feed', 'stop log']);
  });

  it('stops when a part fails while a later one waits for what does not come', async () => {
    const events: string[] = [];
    const failed = Promise.withResolvers<never>();
    const waiting = part('store', events, {
      start: async () => {
        setTimeout(() => failed.reject(new PipelineError('feed.key-refused', 'the key was refused', { retriable: false })), 20);
        await sleep(2_000, undefined, { ref: false });
      },
    });
    const parts = [part('feed', events, { failed: failed.promise }), waiting, part('board', events)];
    expect(await runService({ parts, logger, stopDeadlineMs: 200, signal: new AbortController().signal })).toBe(1);
    expect(events).toEqual(['start feed', 'start store', 'stop store', 'stop feed']);
  });

  it('does not wait for a part beyond the deadline, and says so by its exit status', async () => {
    const events: string[] = [];
    const stop = new AbortController();
    const begun = Date.now();
    const status = await runService({
      parts: [part('log', events), part('stuck', events, { stop: () => new Promise(() => undefined) })],
      logger,
      signal: stop.signal,
      stopDeadlineMs: 200,
      started: () => stop.abort(),
    });
    expect(status).toBe(1);
    expect(Date.now() - begun).toBeLessThan(2_000);
    expect(events.at(-1)).toBe('stop log');
  });
});
