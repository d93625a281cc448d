import { describe, expect, it } from '@jest/globals';
import { deadLetter, encodeDeadLetter } from '@tapeline/core/dead-letters';
import { createLogger } from '@tapeline/core/logging';
import { deadLetterTopic } from '@tapeline/core/topics';
import { openEmbeddedLog } from '@tapeline/log/embedded-log';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { deadLettersSince } from '../src/doctor/log-tail.ts';

describe('the dead letters of a while', () => {
  it('count a record once that a restarted processor has refused again, and each message of a vendor', async () => {
    const log = await openEmbeddedLog({
      directory: temporaryFolder('letters'),
      logger: createLogger({ name: 'test', level: 'silent', secrets: [] }),
    });
    await log.ensureTopics([{ name: deadLetterTopic.name, partitions: 1 }]);
    const origins = [
      'market-data.feed/0@7',
      'market-data.feed/1@7',
      'market-data.feed/0@7',
      'twelve-data/0 session 1',
      'twelve-data/0 session 1',
    ];
    const letters = origins.map(origin => deadLetter({ reason: 'malformed', detail: 'price: absent', origin, timeMs: 5_000, value: '{}' }));
    await log.append(letters.map(letter => ({ topic: deadLetterTopic.name, partition: 0, value: encodeDeadLetter(letter) })));
    expect([...(await deadLettersSince(log, 1_000)).byReason]).toEqual([['malformed', 4]]);
    await log.close();
  });
});
