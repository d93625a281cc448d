/** Gives Kafka's users their rights, where no operator does: each user of the catalogue what its process needs. */
import type { KafkaOperation, KafkaUser } from '@tapeline/core/kafka-users';
import { type AclEntry, aclTypes, type KafkaConnectionOptions, kafkaClient } from './kafka-client.ts';
import { kafkaFailure } from './kafka-failure.ts';

const operations: Readonly<Record<KafkaOperation, number>> = {
  Read: aclTypes.operation.READ,
  Write: aclTypes.operation.WRITE,
  Describe: aclTypes.operation.DESCRIBE,
  DescribeConfigs: aclTypes.operation.DESCRIBE_CONFIGS,
};

/** A right that is there already stays. @throws PipelineError `log.unavailable` when no broker answers, or this user may not give rights. */
export async function giveRights(options: KafkaConnectionOptions, users: readonly KafkaUser[]): Promise<void> {
  const connection = kafkaClient(options);
  const admin = connection.kafka.admin({ retry: { retries: 5 } });
  try {
    await admin.connect();
    await admin.createAcls({ acl: users.flatMap(entriesOf) });
  } catch (error) {
    throw kafkaFailure(error, "giving Kafka's users their rights");
  } finally {
    await admin.disconnect().catch(() => undefined);
    connection.cut();
  }
}

/** An entry for each operation. */
export function entriesOf({ name: user, rights }: KafkaUser): readonly AclEntry[] {
  return rights.flatMap(({ type, name = 'kafka-cluster', operations: names }) =>
    names.map(operation => ({
      principal: `User:${user}`,
      host: '*',
      operation: operations[operation],
      permissionType: aclTypes.permission.ALLOW,
      resourceType: { topic: aclTypes.resource.TOPIC, group: aclTypes.resource.GROUP, cluster: aclTypes.resource.CLUSTER }[type],
      resourceName: name,
      resourcePatternType: aclTypes.pattern.LITERAL,
    })),
  );
}
