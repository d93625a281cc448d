/**
 * The one door to Cassandra: connects at the first call, and again at a later one when that failed; the driver reconnects by itself
 * once it was connected. Each attempt has a deadline of its own: a driver that lets it pass is given up for a new one. Errors are told as ours.
 */
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { PipelineError } from '@tapeline/core/errors';
import cassandra, { type Client, type ClientOptions, type QueryOptions, type types } from 'cassandra-driver';
import type { Logger } from 'pino';
import { NeverSettled, settledWithin } from './attempt-deadline.ts';
import { writeBatchesFast } from './batch-frame.ts';
import { cassandraFailure, isTooLarge } from './cassandra-failure.ts';
import { refreshOnceAtATime } from './control-refresh.ts';
import { replicaGroups } from './replica-groups.ts';
import { RepeatWrites } from './retry-policy.ts';

const { auth, policies } = cassandra;

/** How many replicas must answer; the driver's own default, LOCAL_ONE, reads what is not yet everywhere. */
export type Consistency = 'LOCAL_ONE' | 'LOCAL_QUORUM' | 'QUORUM' | 'ALL';

export interface CassandraConnectionOptions {
  /** `host` or `host:port`. */
  readonly contactPoints: readonly string[];
  /** @default the only data centre that there is */
  readonly localDataCenter?: string;
  /** @default 'LOCAL_QUORUM' */
  readonly consistency?: Consistency;
  readonly username?: string;
  readonly password?: string;
  /** TLS; `ca` is the certificate authority in PEM, else those that Node knows. */
  readonly ssl?: { readonly ca?: string };
  /** How long one node may take to answer. @default 12,000 */
  readonly readTimeoutMs?: number;
  readonly logger: Logger;
}

export interface Statement {
  readonly query: string;
  readonly params: readonly unknown[];
}

/** Parts of the driver that its types leave out. */
interface SchemaAgreement {
  checkSchemaAgreement(): Promise<boolean>;
}

interface StoppableHost {
  shutdown(waitForPending: boolean): Promise<void>;
}

interface Connected {
  readonly client: Client;
  readonly dataCenter: string;
}

const connectTimeoutMs = 10_000;
const defaultReadTimeoutMs = 12_000;
/** As many waits for a node, one after the other, the driver may need for one attempt: to connect or prepare, and for three nodes. */
const waitsOfAttempt = 4;
const reconnectBaseMs = 250;
const reconnectMaxMs = 5_000;
const longestLogText = 500;

export class CassandraConnection {
  readonly #options: CassandraConnectionOptions;
  #connected: Promise<Connected> | undefined;
  #client: Client | undefined;
  readonly #readTimeoutMs: number;
  #closed = false;

  constructor(options: CassandraConnectionOptions) {
    this.#options = options;
    this.#readTimeoutMs = options.readTimeoutMs ?? defaultReadTimeoutMs;
  }

  /** The data centre that this connection talks to. */
  async dataCenter(): Promise<string> {
    return (await this.#connect()).dataCenter;
  }

  /** Runs a prepared statement that may be repeated without harm. */
  execute({ query, params }: Statement, options: QueryOptions = {}): Promise<types.ResultSet> {
    return this.#run(({ client }) => client.execute(query, [...params], { prepare: true, isIdempotent: true, ...options }));
  }

  /** Runs a statement that reads, and gives its rows a page after the other. */
  async *pages(statement: Statement, pageRows: number): AsyncGenerator<readonly types.Row[]> {
    let pageState: string | undefined;
    do {
      const page = await this.execute(statement, { fetchSize: pageRows, pageState });
      yield page.rows;
      pageState = page.pageState ?? undefined;
    } while (pageState !== undefined);
  }

  /** Runs a statement as it is: schema changes, and conditional updates, which are not repeated on their own. */
  executeOnce(query: string, params: readonly unknown[] = [], options: QueryOptions = {}): Promise<types.ResultSet> {
    const once = { prepare: params.length > 0, isIdempotent: false, ...options };
    return this.#run(({ client }) => client.execute(query, [...params], once), options.readTimeout);
  }

  /**
   * Runs statements as an unlogged batch, in halves when Cassandra finds it too large; each brings its own write time. The nodes of the
   * first one's partition are asked.
   */
  async batch(statements: readonly Statement[]): Promise<void> {
    const queries = statements as { query: string; params: unknown[] }[];
    try {
      await this.#run(({ client }) => client.batch(queries, { prepare: true, logged: false, isIdempotent: true }));
    } catch (error) {
      if (statements.length < 2 || !isTooLarge(error)) throw error;
      const half = Math.ceil(statements.length / 2);
      await this.batch(statements.slice(0, half));
      await this.batch(statements.slice(half));
    }
  }

  /** Gives a function that names the nodes of a partition: partitions of one name share them. */
  replicaGroups(keyspace: string): (partition: readonly string[]) => string {
    return replicaGroups(() => this.#client, keyspace);
  }

  /** True when every node that is up knows the same schema. */
  schemaInAgreement(): Promise<boolean> {
    return this.#run(({ client }) => (client.metadata as unknown as SchemaAgreement).checkSchemaAgreement());
  }

  async close(): Promise<void> {
    this.#closed = true;
    const connected = await this.#connected?.catch(() => undefined);
    this.#connected = undefined;
    this.#client = undefined;
    await connected?.client.shutdown();
  }

  async #run<T>(work: (connected: Connected) => Promise<T>, readTimeoutMs = this.#readTimeoutMs): Promise<T> {
    const connecting = this.#connect();
    try {
      return await settledWithin(waitsOfAttempt * readTimeoutMs, connecting.then(work));
    } catch (error) {
      if (error instanceof NeverSettled) this.#giveUp(connecting, error);
      throw cassandraFailure(error, this.#options.contactPoints);
    }
  }

  #connect(): Promise<Connected> {
    if (this.#closed) throw new TypeError('the store was used after it had been closed');
    if (this.#connected !== undefined) return this.#connected;
    const connecting = this.#open().catch(error => {
      if (this.#connected === connecting) this.#connected = undefined;
      throw cassandraFailure(error, this.#options.contactPoints);
    });
    this.#connected = connecting;
    return connecting;
  }

  /** What is under way fails with it, and may be repeated; the next call connects anew. */
  #giveUp(connecting: Promise<Connected>, { message }: NeverSettled): void {
    if (this.#connected !== connecting) return;
    this.#connected = undefined;
    this.#client = undefined;
    this.#options.logger.warn({ reason: message }, 'a request to Cassandra did not end: its connections are closed and new ones made');
    void connecting.then(({ client }) => client.shutdown()).catch(() => undefined);
  }

  async #open(): Promise<Connected> {
    const dataCenter = await this.#localDataCenter();
    const client = await connectedClient(this.#clientOptions({ localDataCenter: dataCenter }), this.#options.logger);
    writeBatchesFast(client, this.#options.logger);
    this.#client = client;
    return { client, dataCenter };
  }

  /**
   * Asks the cluster for its data centres first: a laptop then needs no setting, and a wrong setting is told by its name (the driver
   * says that no host was available, and leaves a socket open).
   */
  async #localDataCenter(): Promise<string> {
    const { contactPoints, localDataCenter, logger } = this.#options;
    const client = await connectedClient(
      this.#clientOptions({ policies: { loadBalancing: new policies.loadBalancing.RoundRobinPolicy() } }),
      logger,
    );
    const names = [...new Set(client.hosts.values().map(host => host.datacenter))].sort();
    await client.shutdown();
    const chosen = localDataCenter ?? (names.length === 1 ? names[0] : undefined);
    if (chosen !== undefined && names.includes(chosen)) return chosen;
    throw new PipelineError(
      'configuration.invalid',
      `local data centre must be one of those of Cassandra at ${contactPoints.join(', ')} (${names.join(', ')}), was ${localDataCenter ?? 'not set'}: set CASSANDRA_LOCAL_DATACENTER to the nearest`,
      { retriable: false },
    );
  }

  #clientOptions(over: Partial<ClientOptions>): ClientOptions {
    const { contactPoints, consistency = 'LOCAL_QUORUM', username, password, ssl } = this.#options;
    return {
      contactPoints: [...contactPoints],
      queryOptions: { consistency: consistencyOf(consistency), fetchSize: 5_000 },
      socketOptions: { connectTimeout: connectTimeoutMs, readTimeout: this.#readTimeoutMs },
      authProvider: username === undefined ? undefined : new auth.PlainTextAuthProvider(username, password ?? ''),
      sslOptions: ssl && {
        ca: ssl.ca === undefined ? undefined : [ssl.ca],
        rejectUnauthorized: true,
        checkServerIdentity: nameCheck(contactPoints),
      },
      ...over,
      policies: {
        retry: new RepeatWrites(),
        reconnection: new policies.reconnection.ExponentialReconnectionPolicy(reconnectBaseMs, reconnectMaxMs),
        ...over.policies,
      },
    };
  }
}

/** Connects, or leaves nothing open. */
async function connectedClient(options: ClientOptions, logger: Logger): Promise<Client> {
  const client = new cassandra.Client(options);
  refreshOnceAtATime(client, logger);
  client.on('log', (level: string, _source: string, message: unknown) => {
    if (level === 'error' || level === 'warning') logger.debug({ driver: level }, String(message).slice(0, longestLogText));
  });
  // When every node was away, the driver makes its hosts anew and forgets to end the old ones: they would connect for ever and keep
  // the process from ending.
  client.on('hostRemove', (host: StoppableHost) => void host.shutdown(false).catch(() => undefined));
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.shutdown().catch(() => undefined);
    throw error;
  }
}

function consistencyOf(name: Consistency): types.consistencies {
  const { localOne, localQuorum, quorum, all } = cassandra.types.consistencies;
  return { LOCAL_ONE: localOne, LOCAL_QUORUM: localQuorum, QUORUM: quorum, ALL: all }[name];
}

/** The driver connects to addresses, while a certificate may carry the names that were configured: either will do. */
function nameCheck(contactPoints: readonly string[]): (host: string, certificate: PeerCertificate) => Error | undefined {
  const names = contactPoints.map(point => point.replace(/:\d+$/, ''));
  return (host, certificate) => {
    const fault = checkServerIdentity(host, certificate);
    return names.some(name => checkServerIdentity(name, certificate) === undefined) ? undefined : fault;
  };
}
