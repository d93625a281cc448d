/** A Kafka that asks who is there and what they may: SASL with passwords, Kafka's own authorizer, nothing allowed unless an ACL says so. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { kafkaAnswers } from '@tapeline/services/answers';
import { readEnvironment } from '@tapeline/services/environment';
import { freePorts } from '@tapeline/services/free-ports';
import { findJava, type JavaNeed } from '@tapeline/services/java';
import { kafkaJars } from '@tapeline/services/kafka';
import kafkajs, { type AclEntry, type Admin } from 'kafkajs';
import { eventually } from '../../../test/support/eventually.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';

const run = promisify(execFile);
const host = '127.0.0.1';
export const kafkaNeed: JavaNeed = { server: 'kafka', minimum: 17, variable: 'KAFKA_BROKERS' };

export interface SecuredKafka extends AsyncDisposable {
  readonly broker: string;
  /** May do everything. */
  readonly admin: Admin;
  allow(entries: readonly AclEntry[]): Promise<void>;
  forbid(entries: readonly AclEntry[]): Promise<void>;
}

/** Of each user, whose name is the password too. */
export async function startSecuredKafka(users: readonly string[]): Promise<SecuredKafka> {
  const directory = temporaryFolder('acls');
  const [port = 0, controllerPort = 0] = await freePorts(2);
  const [{ executable }, jars] = await Promise.all([findJava(kafkaNeed, readEnvironment()), kafkaJars()]);
  const settings = join(directory, 'server.properties');
  await writeFile(settings, properties(directory, port, controllerPort, users));
  const java = ['-Xmx256m', '-XX:+PerfDisableSharedMem', '-Djava.net.preferIPv4Stack=true', '-cp', join(jars, '*')];
  await run(executable, [...java, 'kafka.tools.StorageTool', 'format', '-t', 'TapelineAclsTapelineAA', '-c', settings]);
  const broker = spawn(executable, [...java, 'kafka.Kafka', settings], { stdio: 'ignore' });
  const admin = new kafkajs.Kafka({
    brokers: [`${host}:${port}`],
    logLevel: kafkajs.logLevel.NOTHING,
    sasl: { mechanism: 'plain', username: 'admin', password: 'admin' },
  }).admin();
  const end = async () => {
    await admin.disconnect().catch(() => undefined);
    await ended(broker);
  };
  try {
    await answering(broker, port);
    await admin.connect();
  } catch (error) {
    await end();
    throw error;
  }
  return {
    broker: `${host}:${port}`,
    admin,
    allow: async entries => void (await admin.createAcls({ acl: [...entries] })),
    forbid: async entries => void (await admin.deleteAcls({ filters: [...entries] })),
    [Symbol.asyncDispose]: end,
  };
}

function properties(directory: string, port: number, controllerPort: number, users: readonly string[]): string {
  const known = ['admin', ...users].map(user => `user_${user}="${user}"`).join(' ');
  const login = `org.apache.kafka.common.security.plain.PlainLoginModule required username="admin" password="admin" ${known};`;
  return [
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.voters=1@${host}:${controllerPort}`,
    'controller.listener.names=CONTROLLER',
    `listeners=CLIENTS://${host}:${port},CONTROLLER://${host}:${controllerPort}`,
    'listener.security.protocol.map=CLIENTS:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name=CLIENTS',
    'sasl.enabled.mechanisms=PLAIN',
    'sasl.mechanism.inter.broker.protocol=PLAIN',
    `listener.name.clients.plain.sasl.jaas.config=${login}`,
    'authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users=User:admin;User:ANONYMOUS',
    `log.dirs=${join(directory, 'data')}`,
    'auto.create.topics.enable=false',
    'offsets.topic.replication.factor=1',
    'offsets.topic.num.partitions=1',
    'transaction.state.log.replication.factor=1',
    'transaction.state.log.min.isr=1',
    'group.initial.rebalance.delay.ms=0',
    'group.min.session.timeout.ms=2000',
    'log.cleaner.dedupe.buffer.size=16777216',
    '',
  ].join('\n');
}

async function answering(broker: ChildProcess, port: number): Promise<void> {
  const answers = () => {
    if (broker.exitCode !== null) throw new Error(`kafka ended with status ${broker.exitCode} while it started`);
    return kafkaAnswers(host, port);
  };
  await eventually('kafka answers', answers, 120_000);
}

async function ended(broker: ChildProcess): Promise<void> {
  if (broker.exitCode !== null) return;
  broker.kill('SIGKILL');
  await once(broker, 'exit');
}
