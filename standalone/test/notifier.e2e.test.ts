import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeRecord } from '@tapeline/core/record-codec';
import { feedTopic, topics } from '@tapeline/core/topics';
import type { MarketLog } from '@tapeline/log/market-log';
import { describeWithServers } from '@tapeline/services/for-tests';
import { numbered, publish } from '../../stream-processing/test/support/alerts.ts';
import { certificate, type MailServer, numbersIn, startMailServer } from '../../stream-processing/test/support/mail-server.ts';
import { startWebhookServer } from '../../stream-processing/test/support/webhook-server.ts';
import { eventually } from '../../test/support/eventually.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { type TestCluster, testCluster } from './support/cluster.ts';
import { type RunningProcess, runProgram, startProgram } from './support/processes.ts';

const scratch = temporaryFolder('notifier');
const login = { user: 'tapeline', password: 's3cret-of-mail' };
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

let server: MailServer;
const closers: (() => Promise<void>)[] = [];
beforeEach(async () => {
  server = await startMailServer({ login });
});
afterEach(async () => {
  await server.close();
  for (const close of closers.splice(0)) await close();
});

function mailSettings(): Readonly<Record<string, string>> {
  const ca = join(scratch, 'ca.crt');
  const password = join(scratch, 'password');
  writeFileSync(ca, certificate);
  writeFileSync(password, login.password);
  return {
    ALERT_MAIL_TO: 'desk@example.com',
    ALERT_MAIL_FROM: 'Tapeline <tapeline@example.com>',
    ALERT_GATHER_MS: '50',
    SMTP_HOST: 'localhost',
    SMTP_PORT: String(server.port),
    SMTP_CA_FILE: ca,
    SMTP_USERNAME: login.user,
    SMTP_PASSWORD_FILE: password,
  };
}

const told = (count: number) =>
  eventually(`${count} alerts are mailed`, () => (numbersIn(server.mails).length >= count ? numbersIn(server.mails) : undefined), 60_000);
const says = (running: RunningProcess, words: string) => eventually(words, () => running.stderr().includes(words), 60_000);
/** Killed before it says so, it may send once more. */
const remembered = ' and remembered';
const sends = (running: RunningProcess) => running.stderr().split('alerts are sent from here').length - 1;

describe('the test message', () => {
  it('is sent by the notifier and by tapeline, and says what is wrong with the password', async () => {
    const env = mailSettings();
    const good = await runProgram('stream-processing/src/notifier/main.ts', { args: ['--test'], env });
    expect([good.status, good.stdout]).toEqual([0, 'desk@example.com: taken\n']);
    const { SMTP_PASSWORD_FILE: _, ...rest } = env;
    const wrong = await runProgram('standalone/src/main.ts', { args: ['notify-test'], env: { ...rest, SMTP_PASSWORD: 'hunter2hunter2' } });
    expect([wrong.status, wrong.stdout]).toEqual([
      1,
      expect.stringMatching(/not taken: .*535.*\n {2}check SMTP_USERNAME and SMTP_PASSWORD/),
    ]);
    expect(wrong.stdout + wrong.stderr).not.toContain('hunter2');
    expect(server.mails.map(({ email }) => email.subject)).toEqual([expect.stringContaining('This is a test')]);
  }, 60_000);

  it('is refused with what to set when there is nowhere to send to', async () => {
    const nothing = await runProgram('stream-processing/src/notifier/main.ts', {});
    expect([nothing.status, nothing.stderr]).toEqual([
      1,
      expect.stringContaining('set ALERT_MAIL_TO, ALERT_WEBHOOK_URL or ALERT_RULES_FILE'),
    ]);
    expect((await runProgram('stream-processing/src/notifier/main.ts', { args: ['--tset'] })).status).toBe(2);
  }, 60_000);
});

describe('the one process, with a file of rules', () => {
  it('mails what its fold finds, each alert once, also after kill -9 and with rules that change', async () => {
    const file = join(scratch, 'levels.yaml');
    const symbols = ['BTC/USD', 'ETH/USD', 'EUR/USD'];
    const rule = (name: string) =>
      ` - { name: ${name}, condition: level, symbols: ${JSON.stringify(symbols)}, interval: 1s, above: 0.001, cooldown: 1h }\n`;
    writeFileSync(file, `rules:\n${rule('first')}`);
    const env = { DATA_DIR: join(scratch, 'rules'), HTTP_PORT: '0', SYMBOLS: symbols.join(','), ALERT_RULES_FILE: file, ...mailSettings() };
    const alertsIn = () =>
      server.mails
        .flatMap(({ email }) => [...(email.text ?? '').matchAll(/^\[warning\] (\S+ \S+) at /gm)].map(([, title]) => title))
        .sort();
    const expected = (name: string) => symbols.map(symbol => `${symbol} ${name}`);
    const mailed = (running: RunningProcess, titles: readonly string[]) =>
      eventually(
        `${titles.length} alerts are mailed and remembered: ${alertsIn()}`,
        () =>
          alertsIn().length >= titles.length && server.mails.length === before + running.stderr().split(remembered).length - 1
            ? true
            : undefined,
        60_000,
      );
    let before = 0;
    const first = startProgram('standalone/src/main.ts', { args: ['start'], env });
    await mailed(first, expected('first')).finally(() => first.end('SIGKILL'));
    before = server.mails.length;
    writeFileSync(file, `rules:\n${rule('first')}${rule('second')}`);
    const second = startProgram('standalone/src/main.ts', { args: ['start'], env });
    const all = [...expected('first'), ...expected('second')].sort();
    await mailed(second, all).finally(() => second.end());
    expect(alertsIn()).toEqual(all);
    expect(server.mails.every(({ email }) => email.text?.includes('\n  SIMULATED: '))).toBe(true);
  }, 150_000);
});

describeWithServers('notifiers on Kafka and Cassandra', (kafka, cassandra) => {
  let cluster: TestCluster;
  beforeEach(async () => {
    cluster = await testCluster({ kafka, cassandra });
    await cluster.log.ensureTopics(topics.map(topic => ({ ...topic, partitions: topic.partitions ?? 4 })));
  }, 60_000);
  afterEach(async () => cluster.close(), 90_000);

  it('mail each alert once, whoever of them is killed, stands still or is replaced', async () => {
    const env = { ...mailSettings(), KAFKA_SESSION_TIMEOUT_MS: '3000' };
    const first = cluster.startNotifier(env);
    await says(first, 'alerts are sent there from now on');
    const second = cluster.startNotifier(env);
    await says(second, 'partitions were assigned');
    await publish(cluster.log, numbered(3));
    expect(await told(3)).toEqual(upTo(3));
    expect([sends(first), sends(second)]).toEqual([1, 0]);
    await says(first, remembered);

    await first.end('SIGKILL');
    await publish(cluster.log, numbered(6));
    expect(await told(6)).toEqual(upTo(6));
    expect(sends(second)).toBe(1);
    await says(second, remembered);

    const third = cluster.startNotifier(env);
    await says(third, 'partitions were assigned');
    second.child.kill('SIGSTOP');
    await publish(cluster.log, numbered(9));
    expect(await told(9)).toEqual(upTo(9));
    second.child.kill('SIGCONT');
    await says(second, 'standing by');

    const status = third.end('SIGTERM');
    await publish(cluster.log, numbered(12));
    expect(await told(12)).toEqual(upTo(12));
    expect(await status).toBe(0);
    for (const running of [first, second, third]) expect(running.stderr()).not.toContain(login.password);
    expect(server.mails.every(({ isSecure, user }) => isSecure && user === login.user)).toBe(true);
  }, 120_000);

  it('put the file of alert rules into every partition of the feed, also without anybody to send to', async () => {
    const file = join(scratch, 'rules.yaml');
    writeFileSync(file, 'rules: []\n');
    const running = cluster.startNotifier({ ALERT_RULES_FILE: file });
    await says(running, 'alert rules are in force');
    const kinds = await Promise.all(upTo(4).map(partition => kindsIn(cluster.log, partition)));
    expect(kinds).toEqual(upTo(4).map(() => ['alert-rules']));
    expect(await running.end()).toBe(0);
  }, 60_000);

  it('are a part of the one process, too, which remembers in its folder', async () => {
    const webhook = await startWebhookServer();
    closers.push(webhook.close);
    const { KAFKA_BROKERS, KAFKA_TOPIC_PREFIX } = cluster.env;
    const env = {
      KAFKA_BROKERS,
      KAFKA_TOPIC_PREFIX,
      KAFKA_GROUP: cluster.groupName('one'),
      DATA_DIR: join(scratch, 'data'),
      HTTP_PORT: '0',
    };
    const start = () =>
      startProgram('standalone/src/main.ts', { args: ['start'], env: { ...env, ...mailSettings(), ALERT_WEBHOOK_URL: webhook.url } });
    const first = start();
    try {
      await eventually('both have begun', () => first.stderr().split('from now on').length === 3, 60_000);
      await publish(cluster.log, numbered(2));
      expect(await told(2)).toEqual([0, 1]);
      await eventually('both are remembered', () => first.stderr().split(remembered).length === 3);
    } finally {
      await first.end('SIGKILL');
    }
    const second = start();
    try {
      await publish(cluster.log, numbered(4));
      expect(await told(4)).toEqual(upTo(4));
      await eventually('it is posted', () => webhook.posts.map(({ text }) => JSON.parse(text).alerts.length).reduce((a, b) => a + b) === 4);
    } finally {
      expect(await second.end()).toBe(0);
    }
  }, 120_000);
});

async function kindsIn(log: MarketLog, partition: number): Promise<readonly string[]> {
  const offsets = (await log.offsets(feedTopic.name)).find(one => one.partition === partition);
  const kinds: string[] = [];
  if (offsets === undefined || offsets.highWatermark === offsets.lowOffset) return kinds;
  for await (const { records } of log.read({
    topic: feedTopic.name,
    partition,
    fromOffset: offsets.lowOffset,
    toOffset: offsets.highWatermark,
  })) {
    kinds.push(...records.map(({ value }) => decodeRecord(value).kind));
  }
  return kinds;
}
