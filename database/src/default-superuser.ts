/** Puts an administrator in the place of the superuser `cassandra`, whose password everybody knows: for a server that nobody else sets up. */
import { PipelineError } from '@tapeline/core/errors';
import { CassandraConnection, type CassandraConnectionOptions } from './cassandra/cassandra-connection.ts';
import { makeSuperuser, retireDefaultSuperuser } from './cassandra/roles.ts';

export interface Administrator {
  readonly username: string;
  readonly password: string;
}

/** Nothing to do when the administrator is there already. @throws PipelineError `store.unavailable`. */
export async function replaceDefaultSuperuser(
  server: Omit<CassandraConnectionOptions, 'username' | 'password'>,
  administrator: Administrator,
): Promise<void> {
  try {
    await as(server, administrator, retireDefaultSuperuser);
  } catch (error) {
    if (!(error instanceof PipelineError) || error.retriable) throw error;
    await as(server, { username: 'cassandra', password: 'cassandra' }, connection => makeSuperuser(connection, administrator));
    await as(server, administrator, retireDefaultSuperuser);
  }
}

async function as(
  server: Omit<CassandraConnectionOptions, 'username' | 'password'>,
  { username, password }: Administrator,
  work: (connection: CassandraConnection) => Promise<void>,
): Promise<void> {
  const connection = new CassandraConnection({ ...server, username, password });
  try {
    await work(connection);
  } finally {
    await connection.close();
  }
}
