import { afterEach, describe, expect, it } from '@jest/globals';
import { pause } from '@tapeline/core/pause';
import { pino } from 'pino';
import { eventually } from '../../test/support/eventually.ts';
import { type Cluster, encodeMember } from '../src/kafka-client.ts';
import { KafkaPeers } from '../src/kafka-peers.ts';
import { type Peer, PeerListener } from '../src/peer-listener.ts';

const logger = pino({ level: 'silent' });
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A coordinator that knows these members, and what it was asked to do. */
function aCoordinator(members: ReadonlyMap<string, string>, states: readonly string[] = ['Stable']) {
  const removed: string[] = [];
  let described = 0;
  const coordinator = {
    describeGroups: async () => {
      const state = states[Math.min(described, states.length - 1)];
      described += 1;
      const all = [...members].map(([memberId, userData]) => ({ memberId, memberMetadata: encodeMember(['feed'], userData) }));
      return { groups: [{ state, members: all }] };
    },
    leaveGroup: async ({ memberId }: { readonly memberId: string }) => void removed.push(memberId),
  };
  return { removed, cluster: { findGroupCoordinator: async () => coordinator } as unknown as Cluster };
}

async function somePeers(cluster: Cluster, sessionTimeoutMs: number): Promise<KafkaPeers> {
  const peers = new KafkaPeers({ address: { host: '127.0.0.1' }, group: 'processors', sessionTimeoutMs, logger });
  closing.push(() => peers.close());
  await peers.open();
  peers.use(cluster);
  return peers;
}

async function listeners(count: number): Promise<readonly PeerListener[]> {
  const opened = await Promise.all(Array.from({ length: count }, () => PeerListener.open({ host: '127.0.0.1' })));
  closing.push(...opened.map(listener => () => listener.close()));
  return opened;
}

function said(peer: Peer | undefined): string {
  return JSON.stringify({ owned: [], peer });
}

/** Members `a` and `b`, watched by a third. */
async function twoWatched(): Promise<{ a: PeerListener | undefined; b: PeerListener | undefined; removed: readonly string[] }> {
  const [a, b] = await listeners(2);
  const { cluster, removed } = aCoordinator(
    new Map([
      ['a', said(a?.peer)],
      ['b', said(b?.peer)],
      ['own', said(undefined)],
    ]),
  );
  const peers = await somePeers(cluster, 60_000);
  await peers.assigned('own');
  await pause(300);
  return { a, b, removed };
}

describe('KafkaPeers', () => {
  it('removes a member whose process is gone, and no other', async () => {
    const { b, removed } = await twoWatched();
    b?.close();
    await eventually('a member is removed', () => removed.length === 1);
    await pause(300);
    expect(removed).toEqual(['b']);
  });

  it('removes one of three at once, and leaves the next to its session: a network that is down must not empty a group', async () => {
    const { a, b, removed } = await twoWatched();
    a?.close();
    b?.close();
    await pause(1_500);
    expect(removed).toHaveLength(1);
  });

  it('asks again while the group is between two generations', async () => {
    const [a] = await listeners(1);
    const members = new Map([
      ['a', said(a?.peer)],
      ['own', said(undefined)],
    ]);
    const { cluster, removed } = aCoordinator(members, ['PreparingRebalance', 'Stable']);
    const peers = await somePeers(cluster, 60_000);
    await peers.assigned('own');
    await pause(300);
    a?.close();
    await eventually('a member is removed', () => removed.length === 1);
    expect(removed).toEqual(['a']);
  });

  it('lives with members that say nothing of an address, or nonsense', async () => {
    const { cluster, removed } = aCoordinator(
      new Map([
        ['a', '[0,1]'],
        ['b', 'not JSON'],
        ['c', said({ host: '127.0.0.1', port: 70_000, instance: 'x' })],
        ['d', JSON.stringify({ owned: [], peer: { host: 1 } })],
        ['own', said(undefined)],
      ]),
    );
    const peers = await somePeers(cluster, 60_000);
    await peers.assigned('own');
    await pause(300);
    expect(removed).toEqual([]);
  });

  it('watches nobody once the claims are lost', async () => {
    const [a] = await listeners(1);
    const members = new Map([
      ['a', said(a?.peer)],
      ['own', said(undefined)],
    ]);
    const { cluster, removed } = aCoordinator(members);
    const peers = await somePeers(cluster, 60_000);
    await peers.assigned('own');
    await pause(300);
    peers.lost();
    a?.close();
    await pause(500);
    expect(removed).toEqual([]);
  });
});
