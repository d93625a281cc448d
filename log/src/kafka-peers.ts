/**
 * Removes dead members from a group, so that nobody waits for their sessions to run out. Each member says in its metadata where it
 * listens; after each assignment a member asks the coordinator for the others' addresses and watches them. For one that is gone it
 * sends the LeaveGroup that the dead one could not.
 *
 * A member that is removed by mistake joins again; meanwhile its work is that of a zombie, and as harmless: its offsets are refused,
 * its rows and snapshots carry older versions. So that a fault of the network empties no group, only some may be removed at a time.
 */
import { reasonOf } from '@tapeline/core/errors';
import { pause } from '@tapeline/core/pause';
import type { Logger } from 'pino';
import { type Cluster, decodeMember } from './kafka-client.ts';
import { failureType } from './kafka-failure.ts';
import { type Peer, type PeerAddress, PeerListener } from './peer-listener.ts';
import { PeerWatch, type WatchedPeer } from './peer-watch.ts';

export interface KafkaPeersOptions {
  readonly address: PeerAddress;
  readonly group: string;
  readonly sessionTimeoutMs: number;
  readonly logger: Logger;
}

/** What kafkajs gives of a group, as far as it is needed here. */
interface DescribedGroups {
  readonly groups: readonly {
    readonly state: string;
    readonly members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[];
  }[];
}

/** What kafkajs' broker does beside what its types say. */
interface Coordinator {
  describeGroups(request: { readonly groupIds: readonly string[] }): Promise<DescribedGroups>;
  leaveGroup(request: { readonly groupId: string; readonly memberId: string }): Promise<unknown>;
}

const attempts = 5;
const againMs = 300;
/** Each member watches so many that come after it in the order of their ids: enough that one is noticed by several. */
const watchedByEach = 8;

export class KafkaPeers {
  readonly #options: KafkaPeersOptions;
  readonly #watch: PeerWatch;
  #listener: PeerListener | undefined;
  #cluster: Cluster | undefined;
  #assignment = 0;
  #mostRemovals = 1;
  /** When members were removed, within the last session's length. */
  #removedAtMs: number[] = [];

  constructor(options: KafkaPeersOptions) {
    this.#options = options;
    this.#watch = new PeerWatch({ onGone: (memberId, why) => void this.#remove(memberId, why), logger: options.logger });
  }

  /** Listens; a member whose address cannot be listened on does without: nobody watches it, it watches the others. */
  async open(): Promise<void> {
    const { address, group, logger } = this.#options;
    try {
      this.#listener = await PeerListener.open(address);
    } catch (error) {
      logger.warn({ group, ...address, reason: reasonOf(error) }, 'peers cannot watch this member, its address cannot be listened on');
    }
  }

  /** Where this member listens; goes into its metadata. */
  get peer(): Peer | undefined {
    return this.#listener?.peer;
  }

  /** The connections of the consumer that joins. */
  use(cluster: Cluster): void {
    this.#cluster = cluster;
  }

  /** The group has settled: who is in it now is to be watched. */
  async assigned(memberId: string): Promise<void> {
    this.#assignment += 1;
    const assignment = this.#assignment;
    for (let attempt = 1; attempt <= attempts && assignment === this.#assignment; attempt += 1) {
      try {
        const members = await this.#members();
        if (assignment !== this.#assignment) return;
        if (members !== undefined) return this.#watchOthers(members, memberId);
      } catch (error) {
        const { group, logger } = this.#options;
        logger.debug({ group, type: failureType(error), attempt }, 'the members of the group could not be listed, trying again');
      }
      await pause(againMs);
    }
  }

  /** Watches nobody until the next assignment. */
  lost(): void {
    this.#assignment += 1;
    this.#watch.watch([]);
  }

  close(): void {
    this.lost();
    this.#listener?.close();
  }

  /** Members with their addresses; `undefined` while the group is between two generations. */
  async #members(): Promise<readonly WatchedPeer[] | undefined> {
    const { group } = this.#options;
    const coordinator = await this.#coordinator();
    const [described] = (await coordinator.describeGroups({ groupIds: [group] })).groups;
    if (described?.state !== 'Stable') return undefined;
    return described.members.flatMap(({ memberId, memberMetadata }) => {
      const peer = peerOf(memberMetadata);
      return peer === undefined ? [] : [{ memberId, peer }];
    });
  }

  #watchOthers(members: readonly WatchedPeer[], memberId: string): void {
    const ring = [...members].sort((a, b) => (a.memberId < b.memberId ? -1 : 1));
    const own = ring.findIndex(member => member.memberId === memberId);
    const following = [...ring.slice(own + 1), ...ring.slice(0, Math.max(0, own))];
    this.#mostRemovals = Math.max(1, Math.floor((members.length - 1) / 2));
    this.#watch.watch(following.filter(member => member.memberId !== memberId).slice(0, watchedByEach));
  }

  async #remove(memberId: string, why: string): Promise<void> {
    const { group, logger, sessionTimeoutMs } = this.#options;
    const nowMs = performance.now();
    this.#removedAtMs = this.#removedAtMs.filter(atMs => nowMs - atMs < sessionTimeoutMs);
    if (this.#removedAtMs.length >= this.#mostRemovals) {
      logger.warn({ group, memberId, why }, 'a member seems dead, but others were removed just now: its session decides');
      return;
    }
    this.#removedAtMs.push(nowMs);
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      try {
        await (await this.#coordinator()).leaveGroup({ groupId: group, memberId });
        logger.warn({ group, memberId, why }, 'a member is dead, it was removed from the group');
        return;
      } catch (error) {
        if (failureType(error) === 'UNKNOWN_MEMBER_ID') return;
        logger.debug({ group, memberId, type: failureType(error), attempt }, 'a dead member could not be removed, trying again');
      }
      await pause(againMs);
    }
  }

  async #coordinator(): Promise<Coordinator> {
    if (this.#cluster === undefined) throw new Error('the member has no connections yet');
    return (await this.#cluster.findGroupCoordinator({ groupId: this.#options.group })) as unknown as Coordinator;
  }
}

/** Another member's word, so nothing about it is taken for granted. */
function peerOf(metadata: Buffer): Peer | undefined {
  try {
    const { host, port, instance } = (JSON.parse(decodeMember(metadata).userData) as { peer: Partial<Peer> }).peer;
    const isPeer = typeof host === 'string' && typeof port === 'number' && typeof instance === 'string';
    return isPeer && port > 0 && port < 65_536 && host !== '' && instance !== '' ? { host, port, instance } : undefined;
  } catch {
    return undefined;
  }
}
