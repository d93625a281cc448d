import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { openSecurity } from '@tapeline/services/security';
import { pino } from 'pino';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { securing } from '../src/secured-services.ts';

const known = { brokers: ['127.0.0.1:9092'], contactPoints: ['127.0.0.1:9042'] };

it('the files of processes name servers that are left out this time, which the administrator is not told of', async () => {
  const folder = temporaryFolder('secured-files');
  const security = await openSecurity(folder);
  const servers = { brokers: undefined, contactPoints: undefined, known, security, logger: pino({ level: 'silent' }) };
  const lines = await securing({}).prepare(servers);
  expect(lines.filter(line => !line.startsWith('#'))).toEqual([]);
  const file = readFileSync(join(folder, 'settings', 'stream-processor.env'), 'utf8');
  expect(file).toContain("export KAFKA_BROKERS='127.0.0.1:9092'\n");
  expect(file).toContain("export KAFKA_USERNAME='stream-processor'\n");
  expect(file).toContain("export CASSANDRA_CONTACT_POINTS='127.0.0.1:9042'\n");
});

it('the files of processes stay as they are after Ctrl-C', async () => {
  const security = await openSecurity(temporaryFolder('secured-files'));
  const none = { brokers: undefined, contactPoints: undefined };
  const servers = { ...none, known: none, security, logger: pino({ level: 'silent' }), signal: AbortSignal.abort() };
  await expect(securing({}).prepare(servers)).rejects.toMatchObject({ name: 'AbortError' });
});
