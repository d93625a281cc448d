import { expect, it } from '@jest/globals';
import { kafkaUsers, kafkaUsersOf } from '../src/kafka-users.ts';

const rightsOf = (users: typeof kafkaUsers, name: string) => users.find(user => user.name === name)?.rights;

it('the users of a pipeline with a prefix and a group have their rights to its topics and groups', () => {
  const users = kafkaUsersOf({ prefix: 'staging.', group: 'folders' });
  expect(rightsOf(users, 'stream-processor')).toEqual([
    { type: 'topic', name: 'staging.market-data.feed', operations: ['Read'] },
    { type: 'topic', name: 'staging.market-data.bars', operations: ['Write'] },
    { type: 'topic', name: 'staging.market-data.alerts', operations: ['Write'] },
    { type: 'topic', name: 'staging.market-data.dead-letter', operations: ['Write'] },
    { type: 'group', name: 'folders', operations: ['Read'] },
  ]);
  expect(rightsOf(users, 'notifier')?.at(-1)).toEqual({ type: 'group', name: 'staging.notifier', operations: ['Read'] });
  expect(rightsOf(users, 'kafdrop')).toEqual(rightsOf(kafkaUsers, 'kafdrop'));
});

it('the usual pipeline has the users of the catalogue', () => {
  expect(kafkaUsersOf({})).toEqual(kafkaUsers);
});
