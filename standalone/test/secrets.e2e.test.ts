/**
 * No secret comes out: whole processes in which every secret setting is a canary, among servers that refuse and repeat all that they
 * are told, and a search for the canaries in all that can be seen of the processes.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { SettingName } from '@tapeline/core/settings';
import { WebSocket } from 'ws';
import { startOtlpReceiver } from '../../core/test/support/otlp-receiver.ts';
import { accepted, aPrice, startVendor } from '../../ingestion/test/support/vendor-server.ts';
import { eventually } from '../../test/support/eventually.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { addressSettings, canary, filesBelow, leaksIn, secretSettings } from './support/canaries.ts';
import { type RunningProcess, runProgram, startProgram } from './support/processes.ts';
import { startRepeatingHttp, startRepeatingMailServer } from './support/repeating-servers.ts';

const program = 'standalone/src/main.ts';
const scratch = temporaryFolder('secrets');

const fixture = (name: string) => readFileSync(new URL(`../../stream-processing/test/fixtures/${name}`, import.meta.url), 'utf8');
const certificate = { key: fixture('mail-server.key'), cert: fixture('mail-server.crt') };
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** Characters that each encoding writes in another way, around what can be found in all of them. */
const awkward = (name: SettingName) => `"ä/${canary(name)}+&<ü`;
const token = canary('HTTP_TOKEN');
const tried = new Set<SettingName>();
/** What must not come out. */
const hidden = [...new Set([...secretSettings, ...addressSettings])];

function withSecrets<const T extends Partial<Record<SettingName, string>>>(secrets: T): T {
  for (const [name, text] of Object.entries(secrets) as [SettingName, string][]) {
    expect(decodeURIComponent(text)).toContain(canary(name));
    tried.add(name);
  }
  return secrets;
}

async function servers() {
  const http = await startRepeatingHttp();
  closers.push(http.close);
  const mail = await startRepeatingMailServer(certificate);
  closers.push(mail.close);
  const ca = join(scratch, 'ca.crt');
  writeFileSync(ca, certificate.cert);
  return { http, mail, ca, url: `http://127.0.0.1:${http.port}` };
}

/** A vendor whose prices come and whose errors repeat the key, and the one in its address. */
async function repeatingVendor() {
  const vendor = await startVendor({
    subscribed: (symbols, number, socket) => {
      const request = vendor.requests[number - 1];
      const key = `${request?.headers['x-td-apikey']} ${request?.url}`;
      const timer = setInterval(() => socket.send(JSON.stringify(aPrice())), 100);
      socket.once('close', () => clearInterval(timer));
      const fails = [{ symbol: 'ETH/USD', message: `not with ${key}` }];
      const answer = accepted(...symbols.filter(symbol => symbol === 'BTC/USD')) as object;
      const errors = [
        `bad gateway for ${key}`,
        { event: 'error', message: `no ${key}` },
        { event: key },
        aPrice({ symbol: key }),
        aPrice({ price: key }),
      ];
      return [{ ...answer, fails }, ...errors];
    },
  });
  closers.push(vendor.close);
  return vendor;
}

const says = (running: RunningProcess, words: string | RegExp) =>
  eventually(
    `${words}, after ${running.stderr().slice(-2_000)}`,
    () => (running.stdout() + running.stderr()).match(words) ?? undefined,
    60_000,
  );

async function answersOf(url: string): Promise<Record<string, string>> {
  const answers: Record<string, string> = {};
  const paths = ['/', '/metrics', '/readyz', '/livez', '/api/openapi.json', '/api/latest', '/api/alerts', '/api/gaps', '/api/instruments'];
  const more = [
    '/api/bars?symbol=BTC/USD&interval=1s',
    '/api/ticks?symbol=BTC/USD',
    '/api/bars?interval=7',
    '/nowhere',
    '/%',
    '/assets/main.js',
  ];
  for (const path of [...paths, ...more]) {
    for (const headers of [{}, { authorization: `Bearer ${token}` }] as Record<string, string>[]) {
      const answer = await fetch(url + path, { headers, redirect: 'manual' });
      answers[`${path} ${Object.keys(headers)}`] = `${JSON.stringify([...answer.headers])}\n${await answer.text()}`;
    }
  }
  const opened = await fetch(`${url}/?token=${token}`);
  answers['/?token='] = `${JSON.stringify([...opened.headers])}\n${await opened.text()}`;
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, { headers: { authorization: `Bearer ${token}` } });
  answers['/ws'] = '';
  socket.on('message', data => {
    answers['/ws'] += `${data}\n`;
  });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  socket.send('no JSON');
  socket.send(JSON.stringify({ watch: { symbols: ['BTC/USD'] } }));
  await eventually('the board answers', () => answers['/ws']?.includes('message.invalid'));
  socket.close();
  return answers;
}

describe('secrets', () => {
  it('stay inside of the one process, whatever vendor, mail server, webhook and bucket repeat of them', async () => {
    const { http, mail, ca, url } = await servers();
    const vendor = await repeatingVendor();
    const collector = await startOtlpReceiver();
    closers.push(collector.close);
    const dataDir = join(scratch, 'data');
    const rules = join(scratch, 'rules.json');
    writeFileSync(rules, JSON.stringify({ rules: [{ name: 'any', condition: 'level', symbols: ['BTC/USD'], interval: '1s', above: 1 }] }));
    const keyFile = join(scratch, 'finnhub-key');
    const finnhubKey = withSecrets({ FINNHUB_API_KEY: awkward('FINNHUB_API_KEY') });
    writeFileSync(keyFile, `${finnhubKey.FINNHUB_API_KEY}\n`);
    const secrets = withSecrets({
      // A header takes no other characters.
      TWELVE_DATA_API_KEY: canary('TWELVE_DATA_API_KEY'),
      HTTP_TOKEN: token,
      SMTP_URL: `smtp://tapeline:${encodeURIComponent(awkward('SMTP_URL'))}@localhost:${mail.port}`,
      ALERT_WEBHOOK_URL: `${url}/hooks/${canary('ALERT_WEBHOOK_URL')}?key=${encodeURIComponent(awkward('ALERT_WEBHOOK_URL'))}`,
      ALERT_WEBHOOK_SECRET: awkward('ALERT_WEBHOOK_SECRET'),
      EXPORT_ACCESS_KEY: canary('EXPORT_ACCESS_KEY'),
      EXPORT_SECRET_KEY: awkward('EXPORT_SECRET_KEY'),
      OTEL_EXPORTER_OTLP_HEADERS: `api-key=${encodeURIComponent(awkward('OTEL_EXPORTER_OTLP_HEADERS'))}`,
      // Not used without their servers, and kept all the same.
      KAFKA_PASSWORD: awkward('KAFKA_PASSWORD'),
      CASSANDRA_PASSWORD: awkward('CASSANDRA_PASSWORD'),
    });
    const running = startProgram(program, {
      args: ['start'],
      env: {
        ...secrets,
        CASSANDRA_USERNAME: 'writer',
        LOG_LEVEL: 'trace',
        DATA_DIR: dataDir,
        HTTP_PORT: '0',
        FEEDS: 'twelve-data,finnhub',
        SYMBOLS: 'BTC/USD,ETH/USD',
        TWELVE_DATA_URL: `${vendor.url}/prices?apikey=${canary('TWELVE_DATA_URL')}`,
        TWELVE_DATA_REST_URL: url,
        FEED_RECORDING_FILE: join(dataDir, 'recording.jsonl'),
        FINNHUB_URL: `ws://desk:${canary('FINNHUB_URL')}@127.0.0.1:${http.port}`,
        FINNHUB_SYMBOLS: 'AAPL',
        FINNHUB_API_KEY_FILE: keyFile,
        ALERT_RULES_FILE: rules,
        ALERT_MAIL_TO: 'desk@example.com',
        ALERT_MAIL_FROM: 'tapeline@example.com',
        ALERT_GATHER_MS: '50',
        SMTP_CA_FILE: ca,
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        TRACE_SAMPLING: '1',
        EXPORT_BUCKET: 'market-data',
        EXPORT_ENDPOINT: url,
      },
    });
    try {
      const board = (await says(running, /Tapeline is at (http:\S+)/))[1] as string;
      await says(running, /SMTP_USERNAME and SMTP_PASSWORD/);
      await says(running, /ALERT_WEBHOOK_SECRET/);
      await says(running, /the key was refused 3 times .*FINNHUB_API_KEY/);
      // They did get what they were to repeat.
      const names = ['FINNHUB_API_KEY', 'ALERT_WEBHOOK_URL', 'EXPORT_ACCESS_KEY', 'TWELVE_DATA_API_KEY'] as const;
      for (const name of names) await eventually(`${name} is told`, () => http.told().includes(canary(name)));
      expect(mail.told()).toContain(awkward('SMTP_URL'));
      await eventually('ticks are traced', () => collector.spans.length > 20, 60_000);
      collector.behaviour = 'repeats';
      await says(running, /the collector of traces does not take spans/);
      const answers = await answersOf(board);
      expect(running.stdout()).toContain(`feed   ${vendor.url}/prices; finnhub\n`);
      // One of its feeds failed for good.
      expect(await running.end()).toBe(1);
      const output = { stdout: running.stdout(), stderr: running.stderr() };
      const seen: Record<string, string | Buffer> = { ...output, ...answers, ...filesBelow(dataDir) };
      expect(Object.keys(seen)).toEqual(expect.arrayContaining([join(dataDir, 'log.sqlite'), join(dataDir, 'recording.jsonl')]));
      expect(leaksIn(seen, hidden)).toEqual([]);
      // The collector has its own secret in a header, where it is to be, and none in a span.
      expect(collector.requests.every(({ headers }) => String(headers['api-key']).includes(canary('OTEL_EXPORTER_OTLP_HEADERS')))).toBe(
        true,
      );
      const bodies = Object.fromEntries(collector.requests.map(({ body }, index) => [`spans ${index}`, body]));
      expect(leaksIn(bodies, hidden)).toEqual([]);
      // The dead letters among the records, and the recording, had something to hide.
      const redacted = ['log.sqlite', 'recording.jsonl'].map(name => seen[join(dataDir, name)]?.includes('bad gateway for [redacted]'));
      expect(redacted).toEqual([true, true]);
    } finally {
      await running.end('SIGKILL');
    }
  }, 120_000);

  it('stay out of what a test message says', async () => {
    const { mail, ca, url } = await servers();
    const secrets = withSecrets({
      SMTP_PASSWORD: awkward('SMTP_PASSWORD'),
      ALERT_WEBHOOK_URL: `${url}/hooks/${canary('ALERT_WEBHOOK_URL')}`,
    });
    const env = {
      ...secrets,
      SMTP_HOST: 'localhost',
      SMTP_PORT: String(mail.port),
      SMTP_USERNAME: 'tapeline',
      SMTP_CA_FILE: ca,
      ALERT_MAIL_TO: 'desk@example.com',
      ALERT_MAIL_FROM: 'tapeline@example.com',
    };
    for (const [path, ...args] of [
      [program, 'notify-test'],
      ['stream-processing/src/notifier/main.ts', '--test'],
    ] as const) {
      const { status, stdout, stderr } = await runProgram(path, { args, env });
      expect([status, stdout]).toEqual([1, expect.stringContaining('not taken: ')]);
      expect(mail.told()).toContain(awkward('SMTP_PASSWORD'));
      expect(leaksIn({ stdout, stderr }, hidden)).toEqual([]);
    }
  }, 60_000);

  it.each([
    ['Kafka', 'KAFKA_PASSWORD', { KAFKA_SASL_MECHANISM: 'plain', KAFKA_USERNAME: 'ingester' }, 'KAFKA_BROKERS'],
    ['Cassandra', 'CASSANDRA_PASSWORD', { CASSANDRA_USERNAME: 'writer' }, 'CASSANDRA_CONTACT_POINTS'],
  ] as const)(
    'stay inside while %s is away, or what answers in its place',
    async (_server, password, more, place) => {
      // Neither protocol understands this.
      const server = createServer(socket => socket.on('error', () => undefined).once('data', data => socket.end(`what? ${data}`)));
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
      closers.push(async () => server.close());
      const { port } = server.address() as { port: number };
      for (const address of ['127.0.0.1:1', `127.0.0.1:${port}`]) {
        const dataDir = temporaryFolder('away');
        const env = { ...withSecrets({ [password]: awkward(password) }), ...more, [place]: address };
        const running = startProgram(program, { args: ['start'], env: { ...env, LOG_LEVEL: 'trace', DATA_DIR: dataDir, HTTP_PORT: '0' } });
        await eventually('it says that it cannot connect', () => /"level":[456]0/.exec(running.stderr()) ?? undefined, 60_000);
        await running.end();
        const seen = { stdout: running.stdout(), stderr: running.stderr(), ...filesBelow(dataDir) };
        expect(leaksIn(seen, hidden)).toEqual([]);
      }
    },
    120_000,
  );

  it('stay out of what is said of a wrong configuration', async () => {
    const wrong = {
      ...Object.fromEntries(addressSettings.map(name => [name, `nowhere://desk:${canary(name)}@127.0.0.1/?key=${canary(name)}`])),
      ...Object.fromEntries(secretSettings.map(name => [name, `no url, no token: ${awkward(name)}`])),
    };
    const files = Object.fromEntries(secretSettings.map(name => [`${name}_FILE`, join(scratch, 'absent')]));
    for (const env of [wrong, { ...wrong, ...files }]) {
      const { status, stdout, stderr } = await runProgram(program, { args: ['start'], env });
      expect([status, stderr]).toEqual([1, expect.stringContaining('the configuration has ')]);
      expect(leaksIn({ stdout, stderr }, hidden)).toEqual([]);
    }
  }, 30_000);

  it('are all tried above', () => {
    expect([...tried].toSorted()).toEqual(secretSettings.toSorted());
  });
});
