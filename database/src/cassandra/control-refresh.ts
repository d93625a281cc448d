/**
 * The driver follows the cluster over one connection, and looks for another when it ends. Since it asks the contact points anew (4.8) it
 * does so twice at once after the first outage: the two take each other's host away, replace the pools that requests are on, and end the
 * process by a rejection that nobody handles. Here there is one search at a time, and a failed one is tried again.
 */
import { reasonOf } from '@tapeline/core/errors';
import type { Client } from 'cassandra-driver';
import type { Logger } from 'pino';

/** What the driver's types leave out. */
interface ControlConnection {
  /** Searches a connection and learns the nodes; goes on itself with those that are left. */
  _refresh(hostsLeft?: Iterator<unknown>): Promise<void>;
}

const againAfterMs = 1_000;

/** Call it before the client connects. */
export function refreshOnceAtATime(client: Client, logger: Logger): void {
  const control = (client as unknown as { readonly controlConnection?: Partial<ControlConnection> }).controlConnection;
  const refresh = control?._refresh;
  if (control === undefined || refresh === undefined)
    return logger.warn('this version of the driver follows the cluster differently: after an outage it may search twice at once');
  let searching: Promise<void> | undefined;
  const search = async (): Promise<void> => {
    try {
      await refresh.call(control);
    } catch (error) {
      logger.debug({ reason: reasonOf(error) }, 'the nodes of Cassandra could not be listed, trying again');
      setTimeout(() => void control._refresh?.(), againAfterMs).unref();
    } finally {
      searching = undefined;
    }
  };
  control._refresh = hostsLeft => {
    if (hostsLeft !== undefined) return refresh.call(control, hostsLeft);
    searching ??= search();
    return searching;
  };
}
