/** A logger that keeps its lines, for tests that ask what was said. */
import { type Logger, pino } from 'pino';

export type LogLines = readonly { readonly level: number; readonly msg: string; readonly [field: string]: unknown }[];

export function aLogger(): { readonly logger: Logger; readonly lines: LogLines } {
  const lines: LogLines[number][] = [];
  const logger = pino({ level: 'debug' }, { write: line => lines.push(JSON.parse(line)) });
  return { logger, lines };
}
