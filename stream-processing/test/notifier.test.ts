import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { pause } from '@tapeline/core/pause';
import { alertsTopic } from '@tapeline/core/topics';
import { eventually } from '../../test/support/eventually.ts';
import { notifyTest } from '../src/notifier/notify-test.ts';
import { anAlert, type Bench, numbered, openBench, publish } from './support/alerts.ts';
import { certificate, type MailServer, type MailServerOptions, type Moment, numbersIn, startMailServer } from './support/mail-server.ts';

const upTo = (count: number, from = 0) => Array.from({ length: count }, (_, index) => from + index);

describe('a notifier that mails', () => {
  let bench: Bench;
  const servers: MailServer[] = [];
  beforeEach(async () => {
    bench = await openBench();
  });
  afterEach(async () => {
    await bench.close();
    for (const server of servers.splice(0)) await server.close();
  });

  const startServer = async (options?: MailServerOptions) => {
    const server = await startMailServer({ security: 'none', ...options });
    servers.push(server);
    return server;
  };
  /** A notifier that has found its place in the topic. */
  const startAt = async (server: MailServer, more = {}) => {
    const notifier = bench.start(bench.mailbox(server.port, more));
    await eventually('it has begun', () => notifier.lines.find(line => line.includes('alerts are sent there from now on')));
    return notifier;
  };
  const mailed = (server: MailServer, count: number) =>
    eventually(`${count} alerts are mailed, were ${numbersIn(server.mails).length}`, () => numbersIn(server.mails).length >= count);
  /** Refuses at a moment of a conversation for as long as `isWrong` says so. */
  const answerAt = (server: MailServer, moment: Moment, code: number, isWrong: () => boolean = () => true) => {
    server.answer = at => (at === moment && isWrong() ? { code, text: `no, ${code}` } : undefined);
  };
  /** Takes its time at a moment of a conversation; resolves when that has begun. */
  const slowAt = (server: MailServer, slow: Moment): Promise<void> => {
    const begun = Promise.withResolvers<void>();
    server.answer = async moment => {
      if (moment !== slow) return undefined;
      begun.resolve();
      await pause(300);
      return undefined;
    };
    return begun.promise;
  };

  it('sends each alert once, those that come together in one mail, over restarts', async () => {
    const server = await startServer();
    await publish(bench.log, numbered(5, {}, 900));
    const first = await startAt(server);
    await publish(bench.log, numbered(3));
    await mailed(server, 3);
    await publish(bench.log, numbered(2, {}, 3));
    await mailed(server, 5);
    await first.stop();
    await publish(bench.log, numbered(4, {}, 5));
    bench.start(bench.mailbox(server.port));
    await mailed(server, 9);
    // What was there before the first start of all is nobody's news.
    expect(numbersIn(server.mails)).toEqual(upTo(9));
    expect(server.mails).toHaveLength(3);
    const [mail] = server.mails;
    expect(mail).toMatchObject({ to: 'desk@example.com', from: 'tapeline@example.com', email: { subject: '3 alerts: AAPL big-drop' } });
    expect(mail?.email.from).toEqual({ address: 'tapeline@example.com', name: 'Tapeline' });
    expect(mail?.email.html).toContain('alert 2 of this test');
    expect(mail?.email.headers.find(({ key }) => key === 'auto-submitted')?.value).toBe('auto-generated');
  });

  it('sends an alert that a replay puts into the topic again no second time', async () => {
    const server = await startServer();
    const first = await startAt(server);
    await publish(bench.log, numbered(3));
    await mailed(server, 3);
    await first.stop();
    const second = bench.start(bench.mailbox(server.port));
    await publish(bench.log, [...numbered(3), anAlert(1), anAlert(3), anAlert(3)]);
    await mailed(server, 4);
    expect(numbersIn(server.mails)).toEqual([0, 1, 2, 3]);
    expect(await second.metric('tapeline_notifier_alerts_skipped_total', { reason: 'known' })).toBe(5);
  });

  it('sends all of a topic that was made anew while it was away, also once that is as long as the former one', async () => {
    const server = await startServer();
    const first = await startAt(server);
    await publish(bench.log, numbered(3));
    await mailed(server, 3);
    await first.stop();
    const anew = await openBench();
    cpSync(join(bench.folder, 'notifier'), join(anew.folder, 'notifier'), { recursive: true });
    await publish(anew.log, numbered(4, {}, 10));
    const second = anew.start(anew.mailbox(server.port));
    await mailed(server, 7);
    expect(numbersIn(server.mails)).toEqual([0, 1, 2, 10, 11, 12, 13]);
    expect(second.lines.find(line => line.includes('made anew'))).toContain('sent from its start');
    await anew.close();
  });

  it('waits for a server that is down, and loses nothing', async () => {
    const server = await startServer();
    const notifier = await startAt(server);
    await server.close();
    await publish(bench.log, numbered(150));
    await eventually('it has tried', async () => ((await notifier.metric('tapeline_notifier_failures_total')) ?? 0) >= 3);
    expect(await notifier.metric('tapeline_notifier_oldest_waiting_timestamp_seconds')).toBeGreaterThan(Date.now() / 1_000 - 60);
    await server.open();
    await mailed(server, 150);
    expect(numbersIn(server.mails)).toEqual(upTo(150));
    await eventually('nothing waits', async () => (await notifier.metric('tapeline_notifier_oldest_waiting_timestamp_seconds')) === 0);
    expect(notifier.lines.find(line => line.includes('ECONNREFUSED'))).toContain('check SMTP_HOST and SMTP_PORT');
  });

  it.each([
    ['the greeting', 'connect', 421],
    ['the sender, for good as it says', 'sender', 553],
    ['the receiver', 'receiver', 450],
    ['the message', 'taken', 451],
  ] as const)('tries again while the server refuses %s', async (_, moment, code) => {
    const server = await startServer();
    await startAt(server);
    let refusals = 0;
    answerAt(server, moment === 'taken' ? 'data' : moment, code, () => {
      refusals += 1;
      return refusals <= 3;
    });
    await publish(bench.log, numbered(2));
    await mailed(server, 2);
    expect(numbersIn(server.mails)).toEqual([0, 1]);
  });

  it.each([
    ['a receiver', 'receiver', 550],
    ['a message', 'data', 554],
  ] as const)('gives up when %s is refused for good, says so, keeps it visible and goes on', async (_, moment, code) => {
    const server = await startServer();
    const notifier = await startAt(server);
    let isWrong = true;
    answerAt(server, moment, code, () => isWrong);
    await publish(bench.log, [anAlert(0)]);
    await eventually('it is refused', async () => (await notifier.metric('tapeline_notifier_messages_refused_total')) === 1);
    await eventually('it is kept', async () => (await notifier.metric('tapeline_notifier_refusals_kept')) === 1);
    const connections = server.connections();
    isWrong = false;
    await publish(bench.log, [anAlert(1)]);
    await mailed(server, 1);
    expect(numbersIn(server.mails)).toEqual([1]);
    expect(server.connections()).toBe(connections + 1);
    expect(notifier.lines.find(line => line.includes('refuses a message for good'))).toContain('big-drop:AAPL:0');
    await notifier.stop();
    const again = bench.start(bench.mailbox(server.port));
    const reminder = await eventually('it is told again', () => again.lines.find(line => line.includes('refused messages for good')));
    expect(reminder).toContain('big-drop:AAPL:0');
    expect(await again.metric('tapeline_notifier_refusals_kept')).toBe(1);
  });

  it('keeps mailboxes apart: one that is refused or waits holds up no other, and each gets all', async () => {
    const server = await startServer();
    const names = ['good', 'slow', 'wrong'];
    const boxes = names.map((to, index) => bench.mailbox(server.port, { to: `${to}@example.com`, name: `mail-${index + 1}` }));
    const notifier = bench.start(...boxes);
    await eventually('all have begun', () => notifier.lines.filter(line => line.includes('from now on')).length === 3);
    let isSlow = true;
    server.answer = (moment, address) => {
      if (moment !== 'receiver') return undefined;
      if (address === 'wrong@example.com') return { code: 550, text: 'no such mailbox' };
      return address === 'slow@example.com' && isSlow ? { code: 450, text: 'greylisted' } : undefined;
    };
    await publish(bench.log, numbered(3));
    await mailed(server, 3);
    expect(server.mails.map(({ to }) => to)).toEqual(['good@example.com']);
    isSlow = false;
    await mailed(server, 6);
    expect(server.mails.map(({ to }) => to)).toEqual(['good@example.com', 'slow@example.com']);
    expect(numbersIn(server.mails)).toEqual([0, 1, 2, 0, 1, 2]);
    expect(await notifier.metric('tapeline_notifier_messages_refused_total', { destination: 'mail-3' })).toBe(1);
  });

  it('gives up on a server that does not answer, and comes back', async () => {
    const server = await startServer();
    const notifier = await startAt(server, { deadlineMs: 150 });
    let connections = 0;
    server.answer = moment => {
      if (moment !== 'connect') return undefined;
      connections += 1;
      return connections <= 2 ? new Promise(() => undefined) : undefined;
    };
    await publish(bench.log, numbered(2));
    await mailed(server, 2);
    expect(numbersIn(server.mails)).toEqual([0, 1]);
    expect(notifier.lines.find(line => line.includes('alerts for'))).toContain('not done within 150 ms');
  });

  it('brings a mail that is under way to its end when it is stopped', async () => {
    const server = await startServer();
    const notifier = await startAt(server);
    const begun = slowAt(server, 'receiver');
    await publish(bench.log, numbered(2));
    await begun;
    await notifier.stop();
    expect(numbersIn(server.mails)).toEqual([0, 1]);
    bench.start(bench.mailbox(server.port));
    await publish(bench.log, [anAlert(2)]);
    await mailed(server, 3);
    expect(numbersIn(server.mails)).toEqual([0, 1, 2]);
  });

  it('brings a mail that is under way to its end when it is stopped, also while other mailboxes have nothing to do', async () => {
    const server = await startServer();
    const idle = { to: 'idle@example.com', name: 'mail-2', filter: { lowestSeverity: 'critical', rules: undefined } } as const;
    const boxes = [bench.mailbox(server.port), bench.mailbox(server.port, idle)];
    const notifier = bench.start(...boxes);
    await eventually('both have begun', () => notifier.lines.filter(line => line.includes('from now on')).length === 2);
    const begun = slowAt(server, 'data');
    await publish(bench.log, numbered(2));
    await begun;
    await notifier.stop();
    bench.start(...boxes);
    await publish(bench.log, [anAlert(2)]);
    await mailed(server, 3);
    expect(numbersIn(server.mails)).toEqual([0, 1, 2]);
  });

  it.each([
    ['STARTTLS', undefined, 'starttls'],
    ['TLS from the start', 'tls', 'tls'],
  ] as const)('logs in over %s, and sends nothing to a server that is not who it says', async (_, offered, security) => {
    const login = { user: 'tapeline', password: 's3cret' };
    const server = await startMailServer({ ...(offered === undefined ? {} : { security: offered }), login });
    servers.push(server);
    const address = { host: 'localhost', port: server.port, security, login };
    const stranger = bench.start(bench.mailbox(server.port, { server: address }));
    await eventually('it has begun', () => stranger.lines.find(line => line.includes('from now on')));
    await publish(bench.log, numbered(2));
    const refusal = await eventually('it is wary', () => stranger.lines.find(line => line.includes('trying again')));
    expect(refusal).toMatch(/self-signed certificate.*SMTP_CA_FILE|SMTP_CA_FILE.*self-signed certificate/);
    await stranger.stop();
    bench.start(bench.mailbox(server.port, { server: address, ca: certificate }));
    await mailed(server, 2);
    expect(server.mails).toEqual([expect.objectContaining({ isSecure: true, user: 'tapeline' })]);
    expect(numbersIn(server.mails)).toEqual([0, 1]);
  });

  it('waits while the password is refused, and mails when it is right', async () => {
    const server = await startMailServer({ login: { user: 'tapeline', password: 's3cret' } });
    servers.push(server);
    const withPassword = (password: string) =>
      bench.mailbox(server.port, {
        ca: certificate,
        server: { host: 'localhost', port: server.port, security: 'starttls', login: { user: 'tapeline', password } },
      });
    const wrong = bench.start(withPassword('hunter2'));
    await eventually('it has begun', () => wrong.lines.find(line => line.includes('from now on')));
    await publish(bench.log, numbered(2));
    const line = await eventually('it is refused', () => wrong.lines.find(text => /\b535\b/.test(text)));
    expect(line).toContain('check SMTP_USERNAME and SMTP_PASSWORD');
    await wrong.stop();
    expect(wrong.lines.join()).not.toContain('hunter2');
    bench.start(withPassword('s3cret'));
    await mailed(server, 2);
    expect(numbersIn(server.mails)).toEqual([0, 1]);
  });

  it('sends nothing in clear to a server that offers no STARTTLS', async () => {
    const server = await startServer();
    const notifier = await startAt(server, {
      server: { host: '127.0.0.1', port: server.port, security: 'starttls', login: undefined },
    });
    await publish(bench.log, numbered(1));
    const line = await eventually('it is wary', () => notifier.lines.find(text => text.includes('trying again')));
    expect(line).toContain('check SMTP_SECURITY');
    expect(server.mails).toEqual([]);
  });

  it('passes over what is no alert, and stops at a newer format until it is upgraded', async () => {
    const server = await startServer();
    const notifier = await startAt(server);
    const value = (text: string) => [{ topic: alertsTopic.name, partition: 0, value: Buffer.from(text) }];
    await bench.log.append(value('not an alert'));
    await publish(bench.log, [anAlert(0)]);
    await mailed(server, 1);
    expect(await notifier.metric('tapeline_notifier_alerts_skipped_total', { reason: 'invalid' })).toBe(1);
    await bench.log.append(value(JSON.stringify({ ...anAlert(1), v: 999 })));
    await eventually('it says so', () => notifier.lines.find(line => line.includes('upgrade the readers first')));
    expect(await notifier.metric('tapeline_notifier_paused', {})).toBe(1);
  });

  it('sends nothing more until what it sent is remembered, and sends nothing twice for a store that was away', async () => {
    const server = await startServer();
    let isAway = false;
    const notifier = bench.startOnWeakStore(() => isAway, bench.mailbox(server.port));
    await eventually('it has begun', () => notifier.lines.find(line => line.includes('from now on')));
    isAway = true;
    await publish(bench.log, numbered(2));
    await mailed(server, 2);
    await eventually('it cannot remember', () => notifier.lines.find(line => line.includes('remembering what was sent failed')));
    await publish(bench.log, numbered(2, {}, 2));
    await pause(300);
    expect(numbersIn(server.mails)).toEqual([0, 1]);
    isAway = false;
    await mailed(server, 4);
    expect(numbersIn(server.mails)).toEqual([0, 1, 2, 3]);
  });

  it('takes turns: of two in one group one sends, and the other goes on when it stops', async () => {
    const server = await startServer();
    const first = await startAt(server);
    const second = bench.start(bench.mailbox(server.port));
    await publish(bench.log, numbered(3));
    await mailed(server, 3);
    expect([await first.metric('tapeline_notifier_sender', {}), await second.metric('tapeline_notifier_sender', {})]).toEqual([1, 0]);
    await first.stop();
    await publish(bench.log, numbered(2, {}, 3));
    await mailed(server, 5);
    expect(numbersIn(server.mails)).toEqual(upTo(5));
    expect(await second.metric('tapeline_notifier_sender', {})).toBe(1);
  });

  it('sums up what is older than an hour in one mail, 100,000 of them in bounded memory', async () => {
    const server = await startServer();
    const notifier = await startAt(server);
    await server.close();
    const beforeBytes = process.memoryUsage().heapUsed;
    const old = { timeMs: Date.now() - 7_200_000 };
    for (let from = 0; from < 100_000; from += 5_000) await publish(bench.log, numbered(5_000, old, from));
    await publish(bench.log, numbered(3, {}, 200_000));
    await eventually('it has tried', async () => ((await notifier.metric('tapeline_notifier_failures_total')) ?? 0) >= 1, 60_000);
    // What was published above is garbage by then, too.
    expect(process.memoryUsage().heapUsed - beforeBytes).toBeLessThan(150 * 1_048_576);
    await server.open();
    await mailed(server, 3);
    expect(await notifier.metric('tapeline_notifier_alerts_sent_total', { told: 'counted' })).toBe(100_000);
    expect(numbersIn(server.mails)).toEqual([200_000, 200_001, 200_002]);
    expect(server.mails.length).toBeLessThanOrEqual(3);
    const again = bench.start(bench.mailbox(server.port));
    await notifier.stop();
    await publish(bench.log, [anAlert(99_999, old), anAlert(5, {})]);
    await eventually(
      'they are known',
      async () => (await again.metric('tapeline_notifier_alerts_skipped_total', { reason: 'known' })) === 2,
    );
  }, 120_000);

  it('says in a test what was taken, what was not, and what helps', async () => {
    const server = await startServer();
    server.answer = (moment, address) =>
      moment === 'receiver' && address.startsWith('wrong') ? { code: 550, text: 'no such mailbox' } : undefined;
    const lines: string[] = [];
    const run = (...names: readonly string[]) =>
      notifyTest({
        destinations: names.map(to => bench.mailbox(server.port, { to: `${to}@example.com` })),
        nowMs: Date.now(),
        print: line => lines.push(line),
        signal: new AbortController().signal,
      });
    expect(await run('desk')).toBe(0);
    expect(await run('desk', 'wrong')).toBe(1);
    await server.close();
    expect(await run('desk')).toBe(1);
    expect(await run()).toBe(1);
    expect(lines.join('')).toMatch(
      /^desk@example\.com: taken\ndesk@example\.com: taken\nwrong@example\.com: refused for good: .*550.*\n {2}correct ALERT_MAIL_TO.*\ndesk@example\.com: not taken: .*ECONNREFUSED.*\n {2}check SMTP_HOST.*\nalerts are sent nowhere: set ALERT_MAIL_TO/,
    );
    expect(server.mails[0]?.email.subject).toContain('This is a test');
  });
});
