import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Alert } from '@tapeline/core/alerts';
import { eventually } from '../../test/support/eventually.ts';
import { signatureOf, type WebhookDestinationOptions, webhookDestination } from '../src/notifier/webhook-destination.ts';
import { anAlert, type Bench, numbered, openBench, publish } from './support/alerts.ts';
import { startWebhookServer, type WebhookServer } from './support/webhook-server.ts';

describe('a notifier that posts to a webhook', () => {
  let bench: Bench;
  let server: WebhookServer;
  beforeEach(async () => {
    bench = await openBench();
    server = await startWebhookServer();
  });
  afterEach(async () => {
    await bench.close();
    await server.close();
  });

  const webhook = (more: Partial<WebhookDestinationOptions> = {}) =>
    webhookDestination({
      url: server.url,
      secret: undefined,
      format: 'json',
      filter: { lowestSeverity: 'info', rules: undefined },
      links: { board: 'https://board.example.com', grafana: undefined },
      summaryAfterMs: 3_600_000,
      ...more,
    });
  const startWith = async (more: Partial<WebhookDestinationOptions> = {}) => {
    const notifier = bench.start(webhook(more));
    await eventually('it has begun', () => notifier.lines.find(line => line.includes('alerts are sent there from now on')));
    return notifier;
  };
  const posted = () =>
    server.posts.flatMap(({ text }) => (JSON.parse(text) as { alerts: readonly Alert[] }).alerts.map(({ versionUs }) => versionUs));
  const arrived = (count: number) => eventually(`${count} alerts are posted`, () => posted().length >= count);

  it('sends whole alerts once each, over restarts and replays, signed with the secret', async () => {
    const first = await startWith({ secret: 's3cret' });
    const alerts = numbered(250);
    await publish(bench.log, alerts);
    await arrived(250);
    await first.stop();
    bench.start(webhook({ secret: 's3cret' }));
    await publish(bench.log, [...alerts.slice(0, 20), anAlert(250)]);
    await arrived(251);
    expect(posted()).toEqual(Array.from({ length: 251 }, (_, index) => index));
    const [post] = server.posts;
    expect(JSON.parse(post?.text ?? '')).toEqual({
      v: 1,
      kind: 'alerts',
      id: post?.headers['tapeline-notice'],
      alerts: alerts.slice(0, 100),
    });
    const signature = String(post?.headers['tapeline-signature']);
    const [, seconds] = /^t=(\d+),v1=[0-9a-f]{64}$/.exec(signature) ?? [];
    expect(signature).toBe(signatureOf('s3cret', Number(seconds) * 1_000, post?.text ?? ''));
    expect(Math.abs(Number(seconds) - Date.now() / 1_000)).toBeLessThan(120);
  });

  it('tells a program of old alerts one by one, too', async () => {
    await startWith();
    await publish(bench.log, numbered(120, { timeMs: Date.now() - 7_200_000 }));
    await arrived(120);
    expect(posted()).toHaveLength(120);
  });

  it("posts a text for people in Slack's shape, and sums old alerts up there", async () => {
    await startWith({ format: 'slack' });
    await publish(bench.log, [...numbered(30, { timeMs: Date.now() - 7_200_000 }), anAlert(77, { message: 'fell <fast> & far' })]);
    const post = await eventually('it is posted', () => server.posts[0]);
    const { text, ...rest } = JSON.parse(post.text) as { text: string };
    expect(rest).toEqual({});
    expect(text).toContain('*[warning] AAPL big-drop* at ');
    expect(text).toContain('fell &lt;fast&gt; &amp; far');
    expect(text).toContain('<https://board.example.com/?symbol=AAPL&amp;interval=1m|Board>');
    expect(text).toContain('30 older alerts could not be sent in time:');
  });

  it.each([
    ['500', { status: 500 }],
    ['429 with a time to wait', { status: 429, headers: { 'retry-after': '0' } }],
    ['403', { status: 403 }],
    ['a redirection', { status: 302, headers: { location: 'http://127.0.0.1:1/' } }],
  ])('tries again after %s', async (_, reply) => {
    const notifier = await startWith();
    let refusals = 0;
    server.answer = () => {
      refusals += 1;
      return refusals <= 2 ? reply : { status: 204 };
    };
    await publish(bench.log, numbered(3));
    await arrived(3);
    expect(posted()).toEqual([0, 1, 2]);
    expect(await notifier.metric('tapeline_notifier_failures_total', { destination: 'webhook' })).toBe(2);
  });

  it('waits as long as it is asked to', async () => {
    await startWith();
    const times: number[] = [];
    server.answer = () => {
      times.push(performance.now());
      return times.length === 1 ? { status: 503, headers: { 'retry-after': '1' } } : { status: 200 };
    };
    await publish(bench.log, [anAlert(0)]);
    await arrived(1);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(990);
  });

  it.each([400, 404, 410, 413])('gives up at %i, says so and goes on', async status => {
    const notifier = await startWith();
    let isWrong = true;
    server.answer = () => ({ status: isWrong ? status : 200 });
    await publish(bench.log, [anAlert(0)]);
    await eventually(
      'it is kept',
      async () => (await notifier.metric('tapeline_notifier_refusals_kept', { destination: 'webhook' })) === 1,
    );
    isWrong = false;
    await publish(bench.log, [anAlert(1)]);
    await arrived(1);
    expect(posted()).toEqual([1]);
    expect(notifier.lines.join()).toContain(`answered with status ${status}`);
  });

  it('gives up on a receiver that does not answer, and comes back', async () => {
    const notifier = await startWith({ deadlineMs: 100 });
    let asked = 0;
    server.answer = () => {
      asked += 1;
      return asked === 1 ? new Promise(() => undefined) : { status: 200 };
    };
    await publish(bench.log, [anAlert(0)]);
    await arrived(1);
    expect(notifier.lines.join()).toContain('no answer within 100 ms');
  });

  it('names the host of the address and nothing more of it', async () => {
    const notifier = await startWith();
    server.answer = () => ({ status: 500 });
    await publish(bench.log, [anAlert(0)]);
    await eventually('it has failed', () => notifier.lines.find(line => line.includes('trying again')));
    expect(notifier.lines.join()).toContain('the webhook at 127.0.0.1:');
    expect(notifier.lines.join()).not.toContain('abcdefgh');
  });

  it('sends only what passes its filter', async () => {
    await startWith({ filter: { lowestSeverity: 'critical', rules: ['big-drop'] } });
    await publish(bench.log, [anAlert(0), anAlert(1, { severity: 'critical', rule: 'other' }), anAlert(2, { severity: 'critical' })]);
    await arrived(1);
    expect(posted()).toEqual([2]);
  });
});
