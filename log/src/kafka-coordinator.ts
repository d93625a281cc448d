/** Why a group has no coordinator for this client: kafkajs says only that none was found, also to a user who may not see the group. */
import { type Broker, connections, type Kafka } from './kafka-client.ts';
import { failureType, isLasting } from './kafka-failure.ts';

interface AskedBroker extends Broker {
  findGroupCoordinator(request: { groupId: string; coordinatorType: 0 }): Promise<unknown>;
}

/** The broker's own refusal where it is one that lasts; else `crash` as it was. */
export async function coordinatorFailure(crash: unknown, kafka: Kafka, group: string): Promise<unknown> {
  if (failureType(crash) !== 'KafkaJSGroupCoordinatorNotFound') return crash;
  const cluster = connections(kafka);
  try {
    await cluster.connect();
    await cluster.refreshMetadata();
    const broker = (await cluster.findControllerBroker()) as AskedBroker;
    await broker.findGroupCoordinator({ groupId: group, coordinatorType: 0 });
    return crash;
  } catch (error) {
    return isLasting(error) ? error : crash;
  } finally {
    await cluster.disconnect().catch(() => undefined);
  }
}
