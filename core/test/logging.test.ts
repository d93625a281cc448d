import { describe, expect, it } from '@jest/globals';
import { createLogger } from '../src/logging.ts';

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
});
