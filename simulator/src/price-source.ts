/** What stands behind the server: a market, or a recording. */
import type { Connection } from './connection.ts';

export interface PriceSource {
  /** Takes over a connection that was just opened; its `signal` tells when it ends. */
  serve(connection: Connection): void;
  /** Resolves when all has gone out that there is; never for a market. */
  readonly played: Promise<void>;
  stop(): Promise<void>;
}
