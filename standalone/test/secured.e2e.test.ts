import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { type Configuration, readConfiguration } from '@tapeline/core/configuration';
import { PipelineError } from '@tapeline/core/errors';
import { alertsTopic, barsTopic, feedTopic } from '@tapeline/core/topics';
import { CassandraConnection } from '@tapeline/database/cassandra/cassandra-connection';
import { cassandraOptions } from '@tapeline/database/configured-store';
import { openConfiguredLog } from '@tapeline/log/configured-log';
import type { MarketLog } from '@tapeline/log/market-log';
import { makeAuthority } from '@tapeline/services/certificates';
import { describeUnless } from '@tapeline/services/for-tests';
import { startRestSimulator } from '@tapeline/simulator/rest/rest-simulator';
import { startSimulator } from '@tapeline/simulator/simulator';
import { pino } from 'pino';
import { eventually } from '../../test/support/eventually.ts';
import { type RunningProcess, runProgram, startProgram } from './support/processes.ts';
import { missingJava, type OwnSecuredServers, startSecuredServers } from './support/secured-servers.ts';

const patienceMs = 480_000;
const logger = pino({ level: 'silent' });
const keyspace = 'market_data';
const symbols = 'BTC/USD,ETH/USD';

type Settings = Readonly<Record<string, string>>;

describeUnless(await missingJava(), 'a Kafka and a Cassandra that ask who is there', () => {
  let servers: OwnSecuredServers;
  const closers: (() => Promise<unknown>)[] = [];
  beforeAll(async () => {
    servers = await startSecuredServers();
  }, patienceMs);
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  }, patienceMs);
  afterAll(async () => await servers?.[Symbol.asyncDispose](), patienceMs);

  async function started(process: string, path: string, more: Settings = {}): Promise<RunningProcess> {
    const settings = await servers.settings(process);
    const running = startProgram(path, { env: { HTTP_PORT: '0', SYMBOLS: symbols, BAR_INTERVALS: '1s,5s', ...settings, ...more } });
    closers.push(() => running.end('SIGKILL'));
    return running;
  }

  /** What a query gives to that process's role. */
  async function asks(process: string, query: string, pipeline: Settings = {}): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const configuration = readConfiguration(await servers.settings(process, pipeline));
    const options = cassandraOptions(configuration, configuration.CASSANDRA_CONTACT_POINTS ?? []);
    const connection = new CassandraConnection({ ...options, logger });
    try {
      return (await connection.executeOnce(query)).rows;
    } finally {
      await connection.close();
    }
  }

  async function refusals(process: string, queries: readonly string[]): Promise<readonly string[]> {
    const found: string[] = [];
    for (const query of queries) {
      const answer = await asks(process, query).then(
        () => 'done',
        error => (error instanceof PipelineError && !error.retriable ? error.message : String(error)),
      );
      if (!answer.includes('forbids it to this user')) found.push(`${query}: ${answer}`);
    }
    return found;
  }

  /** What this work on the log ends with. */
  async function onLog(settings: Settings, work: (log: MarketLog) => Promise<unknown>, readOnly = true): Promise<string> {
    let log: MarketLog | undefined;
    try {
      log = await openConfiguredLog(configurationOf(settings), { clientId: 'test', logger, readOnly });
      await work(log);
      return 'done';
    } catch (error) {
      return error instanceof PipelineError && !error.retriable ? error.message : `not final: ${String(error)}`;
    } finally {
      await log?.close();
    }
  }

  it(
    'carry a price from the vendor to the board, each process by TLS as a user of its own',
    async () => {
      const simulator = await startSimulator({ seed: 1, logger });
      closers.push(() => simulator.close());
      const rest = await startRestSimulator({ seed: 1, bars: () => undefined });
      closers.push(() => rest.close());
      const vendor = { TWELVE_DATA_URL: simulator.url, TWELVE_DATA_REST_URL: rest.url };
      await started('ingester', 'ingestion/src/main.ts', vendor);
      await started('stream-processor', 'stream-processing/src/main.ts', { SNAPSHOT_INTERVAL_MS: '500' });
      const backfiller = await started('backfiller', 'ingestion/src/backfill/main.ts', vendor);
      const rules = join(servers.folder, 'rules.json');
      writeFileSync(rules, JSON.stringify({ rules: [{ name: 'any', condition: 'level', symbols: '*', interval: '1s', above: 0.000001 }] }));
      const notifier = await started('notifier', 'stream-processing/src/notifier/main.ts', { ALERT_RULES_FILE: rules });
      const board = await started('live-board', 'visualization/src/main.ts');
      const url = await eventually('the board is up', () => /^http\S+/m.exec(board.stdout())?.[0].replace(/\/$/, ''), 180_000);
      const bars = await eventually(
        'closed bars',
        async () => {
          const answer = await fetch(`${url}/api/bars?symbol=BTC/USD&interval=1s`);
          const { bars: found = [] } = (await answer.json()) as { bars?: readonly { state: string }[] };
          const closed = found.filter(({ state }) => state !== 'forming');
          return closed.length >= 3 ? closed : undefined;
        },
        240_000,
      );
      expect(bars.length).toBeGreaterThanOrEqual(3);
      for (const running of [backfiller, notifier]) expect([running.child.exitCode, faults(running)]).toEqual([null, []]);
      const doctor = await runProgram('stream-processing/src/main.ts', {
        args: ['doctor', '--json', '--timeout', '60'],
        env: { BAR_INTERVALS: '1s,5s', ...(await servers.settings('stream-processor')) },
      });
      const { checks } = JSON.parse(doctor.stdout) as { checks: readonly { check: string; status: string; what: string }[] };
      expect(checks.filter(({ status }) => status === 'fault')).toEqual([]);
      expect(checks).toContainEqual(expect.objectContaining({ check: 'cassandra role', status: 'ok', what: 'writer is not a superuser' }));
      expect(await asks('live-board', `SELECT COUNT(*) FROM ${keyspace}.work_cells`)).toHaveLength(1);
    },
    patienceMs,
  );

  it(
    'let a writer rebuild into tables that the migrator made, give rights to them, and drop them as the migrator',
    async () => {
      const writer = { BAR_INTERVALS: '1s,5s', ...(await servers.settings('stream-processor')) };
      const rebuild = () => runProgram('stream-processing/src/main.ts', { args: ['rebuild', '--shorter'], env: writer });
      const early = await rebuild();
      expect([early.status, early.stderr]).toEqual([1, expect.stringContaining('before a rebuild migrate --spare')]);
      const migrator = await servers.settings('migrations');
      const migrations = (...args: readonly string[]) => runProgram('database/src/main.ts', { args, env: migrator });
      expect(await migrations('migrate', '--spare')).toMatchObject({ status: 0 });
      // Roles are looked up every two seconds.
      await eventually(
        'rights are known',
        async () => (await refusals('live-board', [`SELECT * FROM ${keyspace}_g2.gaps_by_day`]))[0],
        30_000,
      );
      expect(await rebuild()).toMatchObject({ status: 0, stderr: expect.stringContaining('2') });
      expect(await refusals('live-board', [`SELECT * FROM ${keyspace}_g2.gaps_by_day`])).toEqual([expect.stringMatching(/: done$/)]);
      expect(await refusals('stream-processor', [`DROP KEYSPACE ${keyspace}_g2`, `DROP TABLE ${keyspace}_g2.gaps_by_day`])).toEqual([]);
      const back = await runProgram('stream-processing/src/main.ts', { args: ['generations', '--switch', '1'], env: writer });
      expect(back.status).toBe(0);
      expect(await migrations('drop', '2')).toMatchObject({ status: 0 });
    },
    patienceMs,
  );

  it(
    'let no role of Cassandra do more than its process must',
    async () => {
      const reads = [
        `SELECT * FROM ${keyspace}.snapshots`,
        `SELECT * FROM ${keyspace}.generations`,
        `SELECT * FROM ${keyspace}.work_items`,
      ];
      for (const process of ['live-board', 'stream-processor', 'backfiller', 'migrations']) {
        expect([process, (await refusals(process, reads)).map(answer => answer.split(': ').at(-1))]).toEqual([
          process,
          ['done', 'done', 'done'],
        ]);
      }
      const write = `INSERT INTO ${keyspace}.gaps_by_day (day, time, symbol, id) VALUES ('1970-01-01', 0, 'X', 'x')`;
      const work = `INSERT INTO ${keyspace}.work_items (queue, id, body) VALUES ('test', 'x', 'x')`;
      const schema = [
        `DROP TABLE ${keyspace}.gaps_by_day`,
        `ALTER TABLE ${keyspace}.gaps_by_day ADD x int`,
        `DROP KEYSPACE ${keyspace}`,
        `CREATE TABLE ${keyspace}.mine (id int PRIMARY KEY)`,
        "CREATE KEYSPACE mine WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
        `INSERT INTO ${keyspace}.schema_migrations (scope, version) VALUES ('market-store', 99)`,
      ];
      const roles = ['SELECT * FROM system_auth.roles', "CREATE ROLE mine WITH PASSWORD = 'x'", `GRANT "${keyspace}_writer" TO reader`];
      const empty = `TRUNCATE ${keyspace}.work_items`;
      expect(await refusals('live-board', [write, work, empty, ...schema, ...roles])).toEqual([]);
      expect(await refusals('stream-processor', [work, empty, ...schema, ...roles])).toEqual([]);
      expect(await refusals('backfiller', [write, `TRUNCATE ${keyspace}.bars_by_symbol_interval`, ...schema, ...roles])).toEqual([]);
      expect(await refusals('migrations', roles)).toEqual([]);
      expect(await refusals('stream-processor', [write])).toEqual([expect.stringMatching(/: done$/)]);
      expect(await refusals('backfiller', [work])).toEqual([expect.stringMatching(/: done$/)]);
      await asks('backfiller', `DELETE FROM ${keyspace}.work_items WHERE queue = 'test'`);
    },
    patienceMs,
  );

  it(
    'let no user of Kafka do more than its process must, and say which right is missing',
    async () => {
      const reads = (topic: string) => async (log: MarketLog) => {
        for await (const _ of log.read({ topic, partition: 0, fromOffset: 0 })) return;
      };
      const writes = (topic: string) => (log: MarketLog) => log.append([{ topic, partition: 0, value: Buffer.from('{}') }]);
      const joins = async (log: MarketLog) => {
        for await (const claim of log.join({ topic: feedTopic.name, group: 'stream-processor', signal: AbortSignal.timeout(60_000) })) {
          claim.release();
          return;
        }
      };
      const forbidden = [
        ['ingester', reads(barsTopic.name)],
        ['ingester', writes(barsTopic.name)],
        ['ingester', joins],
        ['live-board', reads(barsTopic.name)],
        ['live-board', writes(feedTopic.name)],
        ['live-board', joins],
        ['stream-processor', writes(feedTopic.name)],
        ['stream-processor', reads(alertsTopic.name)],
        ['backfiller', reads(feedTopic.name)],
        ['notifier', writes(alertsTopic.name)],
      ] as const;
      for (const [user, work] of forbidden) {
        const answer = await onLog(await servers.settings(user), work);
        expect([user, answer]).toEqual([user, expect.stringMatching(/uthoriz.*this user lacks a right that docs\/security\.md lists/)]);
      }
    },
    patienceMs,
  );

  it(
    'give the users of another pipeline their rights to its topics, groups and tables, as the files for processes name them',
    async () => {
      const pipeline = {
        KAFKA_TOPIC_PREFIX: 'staging.',
        KAFKA_GROUP: 'folders',
        KAFKA_FEED_PARTITIONS: '2',
        CASSANDRA_KEYSPACE: 'staging',
      };
      await servers.prepare(pipeline);
      const joins = (topic: string, group: string) => async (log: MarketLog) => {
        for await (const claim of log.join({ topic, group, signal: AbortSignal.timeout(60_000) })) {
          claim.release();
          return;
        }
      };
      const allowed = [
        ['ingester', (log: MarketLog) => log.append([{ topic: feedTopic.name, partition: 1, value: Buffer.from('{}') }])],
        ['stream-processor', joins(feedTopic.name, 'folders')],
        ['notifier', joins(alertsTopic.name, 'staging.notifier')],
      ] as const;
      for (const [user, work] of allowed) {
        expect([user, await onLog(await servers.settings(user, pipeline), work)]).toEqual([user, 'done']);
      }
      for (const process of ['live-board', 'stream-processor', 'backfiller', 'migrations']) {
        // Roles are looked up every two seconds.
        const rows = await eventually(`the rights of ${process}`, () =>
          asks(process, 'SELECT * FROM staging.work_items', pipeline).catch(() => undefined),
        );
        expect([process, rows]).toEqual([process, []]);
      }
      const folder = join(servers.folder, 'security', 'settings');
      const file = readFileSync(join(folder, 'stream-processor.env'), 'utf8');
      for (const [name, value] of Object.entries(pipeline)) expect(file).toContain(`export ${name}='${value}'\n`);
    },
    patienceMs,
  );

  it(
    'refuse wrong logins and certificates at once, with what helps and without a secret',
    async () => {
      const ingester = await servers.settings('ingester');
      const processor = await servers.settings('stream-processor');
      const other = join(servers.folder, 'other.crt');
      writeFileSync(other, (await makeAuthority('another')).certificate);
      const wrong = 'never-the-right-password';
      const { KAFKA_PASSWORD_FILE: _kafka, ...kafka } = ingester;
      const { CASSANDRA_PASSWORD_FILE: _cassandra, ...cassandra } = processor;
      const cases: readonly (readonly [string, Settings, RegExp])[] = [
        ['ingestion/src/main.ts', { ...kafka, KAFKA_PASSWORD: wrong }, /check KAFKA_SASL_MECHANISM, KAFKA_USERNAME and KAFKA_PASSWORD/],
        [
          'ingestion/src/main.ts',
          { ...ingester, KAFKA_USERNAME: 'live-board' },
          /check KAFKA_SASL_MECHANISM, KAFKA_USERNAME and KAFKA_PASSWORD/,
        ],
        ['ingestion/src/main.ts', { ...ingester, KAFKA_CA_FILE: other }, /set KAFKA_CA_FILE to that authority's/],
        ['database/src/main.ts', { ...cassandra, CASSANDRA_PASSWORD: wrong }, /check CASSANDRA_USERNAME and CASSANDRA_PASSWORD/],
        ['database/src/main.ts', { ...processor, CASSANDRA_CA_FILE: other }, /set CASSANDRA_CA_FILE to that authority's/],
      ];
      const secrets = passwordsIn(join(servers.folder, 'security', 'passwords'));
      for (const [program, env, remedy] of cases) {
        const args = program.startsWith('database') ? ['migrate'] : [];
        const { status, stdout, stderr } = await runProgram(program, {
          args,
          env: { TWELVE_DATA_URL: 'ws://127.0.0.1:9', HTTP_PORT: '0', ...env },
        });
        expect([status, stderr]).toEqual([1, expect.stringMatching(remedy)]);
        expect([wrong, ...secrets].filter(secret => (stdout + stderr).includes(secret))).toEqual([]);
      }
    },
    patienceMs,
  );

  it('are told to the administrator with files of passwords, and no password', async () => {
    expect(servers.lines).toContain("export KAFKA_TLS='true'");
    expect(servers.lines.filter(line => line.includes('PASSWORD')).every(line => line.includes('PASSWORD_FILE='))).toBe(true);
    const text = servers.lines.join('\n');
    expect(passwordsIn(join(servers.folder, 'security', 'passwords')).filter(password => text.includes(password))).toEqual([]);
  });
});

function configurationOf(settings: Settings): Configuration {
  return readConfiguration(settings);
}

/** What a process complained of. */
function faults(running: RunningProcess): readonly string[] {
  return running
    .stderr()
    .split('\n')
    .filter(line => /"level":(50|60)/.test(line));
}

function passwordsIn(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter(name => !name.endsWith('.lock'))
    .map(name => readFileSync(join(folder, name), 'utf8'));
}
