/** `rebuild`, of the command line and of the stream processor's program: opens what it needs, shows how far it is on standard error. */
import type { Configuration } from '@tapeline/core/configuration';
import { openConfiguredGenerations, openConfiguredStore } from '@tapeline/database/configured-store';
import { openConfiguredLog } from '@tapeline/log/configured-log';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { operator } from './generations-command.ts';
import { processingSettings } from './processing-settings.ts';
import { type Rebuild, type RebuildProgress, rebuild } from './rebuild.ts';

export interface RebuildCommandOptions {
  readonly configuration: Configuration;
  readonly logger: Logger;
  readonly generation?: number;
  readonly switch: boolean;
  readonly shorter?: boolean;
  readonly whole?: boolean;
  readonly signal: AbortSignal;
}

/** @returns the exit status: 0, or 130 when it was interrupted before its end. */
export async function rebuildCommand(options: RebuildCommandOptions): Promise<number> {
  const { configuration, logger, generation, signal } = options;
  const registry = new Registry();
  const generations = openConfiguredGenerations(configuration, logger);
  try {
    const log = await openConfiguredLog(configuration, { clientId: 'rebuild', logger, readOnly: true });
    try {
      const result = await rebuild({
        log,
        generations,
        openStore: number => openConfiguredStore(configuration, { logger, registry, generation: number }),
        ...processingSettings(configuration),
        ...(generation === undefined ? {} : { generation }),
        switchReaders: options.switch,
        shorter: options.shorter === true,
        whole: options.whole === true,
        by: operator(),
        signal,
        logger,
        progress: progressEverySecond(),
      });
      process.stderr.write(`${summaryOf(result)}\n`);
      return result.outcome === 'interrupted' ? 130 : 0;
    } finally {
      await log.close();
    }
  } finally {
    await generations.close();
  }
}

/** The first line at once, so that it is seen how much there is to do. */
function progressEverySecond(): (soFar: RebuildProgress) => void {
  const beginMs = performance.now();
  let nextMs = beginMs;
  return ({ generation, done, total }) => {
    const nowMs = performance.now();
    if (nowMs < nextMs) return;
    nextMs = nowMs + 1_000;
    const rate = done / ((nowMs - beginMs) / 1_000);
    const pace = done === 0 ? '' : `, ${Math.round(rate)} a second, ${Math.ceil((total - done) / rate)} s left`;
    process.stderr.write(`generation ${generation}: ${done} of ${total} records${pace}\n`);
  };
}

function summaryOf({ generation, records, outcome }: Rebuild): string {
  if (outcome === 'interrupted') return `interrupted after ${records} records: the same command goes on here; what serves was not touched`;
  if (outcome === 'ready')
    return `generation ${generation} is ready (${records} records read); tapeline rebuild, or tapeline generations --switch ${generation}, lets it serve`;
  return `generation ${generation} serves (${records} records read); the former one stays until tapeline generations --drop`;
}
