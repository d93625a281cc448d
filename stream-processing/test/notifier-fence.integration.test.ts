import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createLogger } from '@tapeline/core/logging';
import { alertsTopic } from '@tapeline/core/topics';
import { openCassandraStore } from '@tapeline/database/cassandra/cassandra-store';
import { openCassandraWork } from '@tapeline/database/cassandra/cassandra-work';
import type { WorkStore } from '@tapeline/database/work-store';
import { openEmbeddedLog } from '@tapeline/log/embedded-log';
import { describeWithCassandra } from '@tapeline/services/for-tests';
import { Registry } from 'prom-client';
import { type TestKeyspace, testKeyspace } from '../../database/test/support/cassandra-keyspace.ts';
import { eventually } from '../../test/support/eventually.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { takeFence } from '../src/notifier/fence.ts';
import { mailDestination } from '../src/notifier/mail-destination.ts';
import { runNotifier } from '../src/notifier/notifier.ts';
import { SentMemory } from '../src/notifier/sent-memory.ts';
import { numbered, publish } from './support/alerts.ts';
import { numbersIn, startMailServer } from './support/mail-server.ts';

const logger = createLogger({ name: 'test', level: 'silent', secrets: [] });

describeWithCassandra('what notifiers keep in Cassandra', server => {
  let test: TestKeyspace;
  let work: WorkStore;
  beforeAll(async () => {
    test = await testKeyspace(server, 'notifier');
    const store = openCassandraStore({ contactPoints: server.contactPoints, keyspace: test.keyspace, logger, registry: new Registry() });
    await store.migrate();
    await store.close();
    work = openCassandraWork({ contactPoints: server.contactPoints, keyspace: test.keyspace, logger });
  }, 60_000);
  afterAll(async () => {
    await work.close();
    await test.drop();
  }, 60_000);

  it('is a fence that holds for who began last', async () => {
    const first = await takeFence(work.cell('a'));
    expect(await first.holds()).toBe(true);
    const [second, third] = await Promise.all([takeFence(work.cell('a')), takeFence(work.cell('a'))]);
    expect(await first.holds()).toBe(false);
    expect([await second.holds(), await third.holds()].filter(holds => holds)).toHaveLength(1);
  });

  it('is the memory of 100,000 ids, read in one go', async () => {
    const open = () =>
      SentMemory.open({ items: work.items('many'), topic: alertsTopic.name, firstOffset: async () => 7, lowOffset: async () => 0 });
    const ids = Array.from({ length: 100_000 }, (_, index) => `id-${index}`.padEnd(16, 'x'));
    await (await open()).remember(ids, 100_007);
    const again = await open();
    expect([again.nextOffset, again.size, again.isNew]).toEqual([100_007, 100_000, false]);
  }, 60_000);

  it('keeps one that has been succeeded from sending, although its group says otherwise', async () => {
    const folder = temporaryFolder('fence');
    const log = await openEmbeddedLog({ directory: folder, logger });
    await log.ensureTopics([{ ...alertsTopic, partitions: 1 }]);
    const mailServer = await startMailServer({ security: 'none' });
    const stop = new AbortController();
    const lines: string[] = [];
    const start = (group: string) =>
      runNotifier({
        log,
        group,
        topic: alertsTopic.name,
        destinations: [
          mailDestination({
            server: { host: '127.0.0.1', port: mailServer.port, security: 'none', login: undefined },
            ca: undefined,
            from: 'tapeline@example.com',
            to: 'desk@example.com',
            name: 'mail-1',
            filter: { lowestSeverity: 'info', rules: undefined },
            links: { board: undefined, grafana: undefined },
            summaryAfterMs: 3_600_000,
          }),
        ],
        items: queue => work.items(queue),
        cell: work.cell('sender'),
        timing: { gatherMs: 0 },
        logger: createLogger({ name: group, level: 'info', secrets: [], destination: { write: line => lines.push(line) } }),
        registry: new Registry(),
        signal: stop.signal,
      });
    const begun = (group: string, words: string) =>
      eventually(words, () => lines.find(line => line.includes(`"${group}"`) && line.includes(words)), 30_000);
    const running = [start('former')];
    await begun('former', 'from now on');
    // A group of its own, so that both believe that it is their turn.
    running.push(start('latter'));
    await begun('latter', 'are sent from here');
    await eventually('the fence is taken', async () => (await work.cell('sender').read()).version >= 2);
    await publish(log, numbered(1));
    await begun('former', 'another notifier has begun to send');
    await eventually('it is mailed', () => numbersIn(mailServer.mails).length > 0, 30_000);
    stop.abort();
    await Promise.all(running);
    expect(numbersIn(mailServer.mails)).toEqual([0]);
    await mailServer.close();
    await log.close();
  }, 60_000);
});
