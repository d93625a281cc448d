/** Cassandra, and what is kept in it. */
import { z } from 'zod';
import { absent, flag, list, path, type Setting, secretText, text, whole } from '../setting-kinds.ts';

export const storeSettings = {
  CASSANDRA_CONTACT_POINTS: absent<readonly string[]>({
    schema: list.refine(items => items.every(item => /^[^\s/,]+$/.test(item))),
    expected: 'addresses as host or host:port, separated by commas',
    example: 'cassandra-1:9042',
    help: 'Cassandra takes the place of SQLite',
  }),
  CASSANDRA_LOCAL_DATACENTER: absent<string>({
    schema: text,
    expected: 'text that is not empty',
    example: 'datacenter1',
    help: 'data centre of the contact points; the server is asked for it when absent',
  }),
  CASSANDRA_KEYSPACE: {
    schema: z.string().regex(/^[a-z][a-z0-9_]{0,47}$/),
    otherwise: 'market_data',
    expected: 'a lower-case name of letters, digits and _',
    example: 'market_data',
    help: 'keyspace of the tables',
  } as Setting<string>,
  CASSANDRA_REPLICATION_FACTOR: {
    schema: whole(1, 9),
    otherwise: 1,
    expected: 'a whole number from 1 to 9',
    example: '3',
    help: 'copies of each row, when the keyspace is created',
  } as Setting<number>,
  CASSANDRA_USERNAME: absent<string>({ schema: text, expected: 'text that is not empty', example: 'writer', help: 'user of Cassandra' }),
  CASSANDRA_PASSWORD: absent<string>({ ...secretText, help: "the user's password" }),
  CASSANDRA_TLS: {
    schema: flag,
    otherwise: false,
    expected: 'true or false',
    example: 'true',
    help: 'connect to Cassandra by TLS',
  } as Setting<boolean>,
  CASSANDRA_CA_FILE: absent<string>({ ...path, help: "certificate authority of Cassandra's certificates" }),
  CASSANDRA_TICK_RETENTION_DAYS: absent<number>({
    schema: whole(1, 36_500),
    expected: 'a whole number of days from 1 to 36500',
    example: '30',
    help: 'raw ticks are dropped this long after their time; kept for ever when absent',
  }),
  STORE_TICKS: {
    schema: flag,
    otherwise: true,
    expected: 'true or false',
    example: 'false',
    help: 'store raw ticks beside the bars',
  } as Setting<boolean>,
  ALERT_RULES_FILE: absent<string>({
    ...path,
    example: '/etc/tapeline/alert-rules.yaml',
    help: 'alert rules, as YAML or JSON (`tapeline alerts check` tells what they mean); when it changes, the running flow follows within seconds',
  }),
  SNAPSHOT_INTERVAL_MS: {
    schema: whole(100, 3_600_000),
    otherwise: 10_000,
    expected: 'a whole number of milliseconds from 100 to 3600000',
    example: '10000',
    help: 'how often a processor saves its state',
  } as Setting<number>,
} as const;
