import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { createLogger, scrubber } from '../src/logging.ts';

describe('logger', () => {
  it('cuts secrets out of messages, fields and errors', () => {
    const lines: string[] = [];
    const logger = createLogger({
      name: 'ingester',
      level: 'info',
      secrets: ['s3cret"key'],
      destination: { write: line => lines.push(line) },
    });
    logger.info({ url: 'wss://host/?apikey=s3cret%22key', password: 'other' }, 'connecting with s3cret"key');
    logger.error(new Error('the vendor said: s3cret"key is wrong'));
    expect(lines).toHaveLength(2);
    expect(lines.join('')).not.toMatch(/s3cret/);
    expect(lines.join('')).not.toMatch(/other/);
    expect(JSON.parse(lines[0] as string)).toMatchObject({ name: 'ingester', msg: 'connecting with [redacted]', password: '[redacted]' });
  });

  it('ends no process when its lines go to a full disk', () => {
    const full = openSync('/dev/full', 'w');
    const program = `
      import { createLogger } from '@tapeline/core/logging';
      const logger = createLogger({ name: 'ingester', level: 'info', secrets: [] });
      for (let line = 0; line < 10_000; line += 1) logger.info({ line }, 'x'.repeat(1_000));
      process.stdout.write('went on');`;
    const cwd = new URL('../../', import.meta.url);
    const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', program];
    const { status, stdout } = spawnSync(process.execPath, args, { cwd, env: {}, stdio: ['ignore', 'pipe', full] });
    closeSync(full);
    expect([status, stdout.toString()]).toEqual([0, 'went on']);
  });
});

describe('scrubber', () => {
  const secret = 'pa/ss"wörd!';
  const scrub = scrubber([secret]);

  it.each([
    ['an address', `?k=${encodeURIComponent(secret)}&x`],
    ['a query', `?${new URLSearchParams({ k: secret })}&x`],
    ['JSON', JSON.stringify({ k: secret })],
    ['base64', Buffer.from(secret).toString('base64')],
    ['a login of SMTP', `AUTH PLAIN ${Buffer.from(`\0tapeline\0${secret}`).toString('base64')}`],
    ['a basic authorization', `Basic ${Buffer.from(`user:${secret}`).toString('base64')}`],
    ['a token', Buffer.from(`xy${secret}z`).toString('base64url')],
  ])('finds a secret in %s', (_place, text) => {
    expect(scrub(text)).toContain('[redacted]');
    expect(scrub(text)).not.toMatch(/pa.{1,3}ss|YS9zcyJ3|cGEvc3Mi|L3NzIn/);
  });

  it('leaves no end of a secret that begins with another one', () => {
    expect(scrubber(['abcdefgh', 'abcdefgh-and-more'])('abcdefgh-and-more abcdefgh')).toBe('[redacted] [redacted]');
  });

  it('leaves other text alone, and all of it without a secret', () => {
    expect(scrubber(['ab', ''])('YWI= a b')).toBe('YWI= a b');
    expect(scrubber([])('text')).toBe('text');
  });
});
