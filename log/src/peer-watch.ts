/**
 * Watches the listeners of a group's other members and says which of them is gone.
 *
 * Dead is only who was seen alive: its connection broke, and then its address refused, stayed silent, or answered as another
 * instance. Who was never reached (a firewall in between) is left to the group's session, and so is a process that hangs with its
 * sockets open.
 */
import { connect } from 'node:net';
import { pause } from '@tapeline/core/pause';
import type { Logger } from 'pino';
import type { Peer } from './peer-listener.ts';

export interface WatchedPeer {
  readonly memberId: string;
  readonly peer: Peer;
}

export interface PeerWatchOptions {
  /** Called once for a member whose process is gone. */
  readonly onGone: (memberId: string, why: string) => void;
  readonly logger: Logger;
}

/** How an attempt to hold a connection ended: `held` for one that had said hello. */
type Ending = 'held' | 'other-instance' | 'refused' | 'silent';

const helloDeadlineMs = 500;
const againMs = 50;
const unreachedAgainMs = 1_000;
/** Attempts after a break, by how they end: a refusal is certain, save that the kernel may be closing one socket after the other. */
const attempts: Readonly<Record<'refused' | 'silent', number>> = { refused: 2, silent: 3 };

export class PeerWatch {
  readonly #options: PeerWatchOptions;
  readonly #watched = new Map<string, AbortController>();

  constructor(options: PeerWatchOptions) {
    this.#options = options;
  }

  /** Watches these from now on, and no others; who was watched before goes on being watched. */
  watch(peers: readonly WatchedPeer[]): void {
    const wanted = new Map(peers.map(watched => [keyOf(watched), watched]));
    for (const [key, stop] of this.#watched) {
      if (wanted.has(key)) continue;
      stop.abort();
      this.#watched.delete(key);
    }
    for (const [key, watched] of wanted) {
      if (this.#watched.has(key)) continue;
      const stop = new AbortController();
      this.#watched.set(key, stop);
      void this.#attend(watched, stop.signal);
    }
  }

  close(): void {
    this.watch([]);
  }

  async #attend({ memberId, peer }: WatchedPeer, signal: AbortSignal): Promise<void> {
    let seen = false;
    let failures = 0;
    while (!signal.aborted) {
      const begunMs = performance.now();
      const ending = await holdConnection(peer, signal);
      if (signal.aborted) return;
      if (ending === 'held') {
        seen = true;
        failures = 0;
        // A peer that turns connections away again and again is alive.
        if (performance.now() - begunMs < againMs) await pause(unreachedAgainMs, signal);
        continue;
      }
      failures += 1;
      const isGone = ending === 'other-instance' || (seen && failures >= attempts[ending]);
      if (isGone) {
        this.#options.onGone(memberId, ending);
        return;
      }
      await pause(seen ? againMs : unreachedAgainMs, signal);
    }
  }
}

/** Connects, reads who is there, and holds the connection for as long as it lasts. */
async function holdConnection({ host, port, instance }: Peer, signal: AbortSignal): Promise<Ending> {
  const ended = Promise.withResolvers<Ending>();
  const socket = connect({ host, port });
  const expected = `${instance}\n`;
  let hello = '';
  const tooLate = setTimeout(() => ended.resolve('silent'), helloDeadlineMs);
  const stop = (): void => ended.resolve('silent');
  signal.addEventListener('abort', stop, { once: true });
  socket.setEncoding('utf8');
  socket.setKeepAlive(true, 1_000);
  socket.on('data', (text: string) => {
    if (hello === expected) return;
    hello = (hello + text).slice(0, expected.length);
    if (hello === expected) clearTimeout(tooLate);
    else if (!expected.startsWith(hello)) ended.resolve('other-instance');
  });
  socket.on('error', (error: Error & { code?: string }) => {
    ended.resolve(hello === expected ? 'held' : error.code === 'ECONNREFUSED' ? 'refused' : 'silent');
  });
  socket.once('close', () => ended.resolve(hello === expected ? 'held' : 'silent'));
  try {
    return await ended.promise;
  } finally {
    clearTimeout(tooLate);
    signal.removeEventListener('abort', stop);
    socket.destroy();
  }
}

function keyOf({ memberId, peer }: WatchedPeer): string {
  return `${memberId} ${peer.host} ${peer.port} ${peer.instance}`;
}
