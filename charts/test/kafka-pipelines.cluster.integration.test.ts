import { expect, it } from '@jest/globals';
import { type KafkaRight, kafkaUsers, kafkaUsersOf } from '@tapeline/core/kafka-users';
import { topics } from '@tapeline/core/topics';
import { describeWithControlPlane } from '@tapeline/services/for-tests';
import { chart } from './support/chart-folders.ts';
import type { KubernetesObject } from './support/kubernetes-objects.ts';
import { render } from './support/rendering.ts';

const pipelines = [
  { prefix: '', feedPartitions: 24, group: 'processors' },
  { prefix: 'wide.', feedPartitions: 48, group: 'processors' },
  { prefix: 'staging.', feedPartitions: 6, group: 'staging' },
];

describeWithControlPlane('a Kafka that pipelines share', () => {
  const values =
    'furtherPipelines=[{"prefix":"wide.","feedPartitions":48},{"prefix":"staging.","feedPartitions":6,"consumerGroup":"staging"}]';
  const rendered = (...options: readonly string[]) =>
    render(chart('kafka'), ['--set', 'profile=strimzi,consumerGroup=processors', ...options]);
  const ofKind = (objects: readonly KubernetesObject[], kind: string) => objects.filter(object => object.kind === kind);

  it('has the topics of each, with its prefix and partitions, and keeps them', async () => {
    const made = ofKind(await rendered('--set-json', values), 'KafkaTopic');
    expect(made.map(({ metadata, spec }) => [metadata.name, spec.partitions])).toEqual(
      pipelines.flatMap(({ prefix, feedPartitions }) =>
        topics.map(({ name, partitions = feedPartitions }) => [`${prefix}${name}`, partitions]),
      ),
    );
    expect(new Set(made.map(({ metadata }) => metadata.annotations?.['helm.sh/resource-policy']))).toEqual(new Set(['keep']));
  });

  it('gives each user the rights of the catalogue for each, once', async () => {
    const users = ofKind(await rendered('--set-json', values), 'KafkaUser');
    const rights = users.map(({ metadata, spec }) => [metadata.name, spec.authorization.acls.map(lineOfAcl)]);
    const wanted = kafkaUsers.map(({ name }) => {
      const ofAll = pipelines.flatMap(pipeline => kafkaUsersOf(pipeline).find(user => user.name === name)?.rights ?? []);
      return [name, [...new Set(ofAll.map(lineOf))]];
    });
    expect(rights).toEqual(wanted);
  });

  it.each(['Wide.', '-wide', 'wide..', 'wide-.'])('refuses the prefix %s, with which no topic could be named', async prefix => {
    const refused = rendered('--set-json', `furtherPipelines=[{"prefix":"${prefix}","feedPartitions":1}]`);
    await expect(refused).rejects.toThrow('prefix');
  });

  it('refuses a prefix that stands there twice, which would be two topics of one name', async () => {
    const twice = 'furtherPipelines=[{"prefix":"wide.","feedPartitions":48},{"prefix":"wide.","feedPartitions":96}]';
    await expect(rendered('--set-json', twice)).rejects.toThrow('furtherPipelines: the prefix wide. stands there twice');
  });
});

function lineOfAcl({
  resource,
  operations,
}: {
  readonly resource: { type: string; name?: string };
  readonly operations: readonly string[];
}): string {
  return `${resource.type} ${resource.name ?? ''} ${operations.join()}`;
}

function lineOf({ type, name = '', operations }: KafkaRight): string {
  return `${type} ${name} ${operations.join()}`;
}
