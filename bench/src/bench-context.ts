/** What every figure works with. */
import type { MarketLog } from '@tapeline/log/market-log';
import type { Logger } from 'pino';
import type { BenchServers } from './bench-servers.ts';
import type { Results } from './results.ts';

export interface BenchContext {
  readonly servers: BenchServers;
  /** A connection for filling topics and reading results; opened when first asked for. */
  readonly log: () => Promise<MarketLog>;
  readonly results: Results;
  /** Leaves out what the results hold already. */
  readonly resume: boolean;
  /** Takes files that are not kept. */
  readonly scratch: string;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** One line for people. */
  readonly say: (line: string) => void;
  /** What is going on at the moment: the line replaces the one before on a terminal. */
  readonly progress: (line: string) => void;
}
