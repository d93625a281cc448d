/** REST doubles with clients, and folders, that are gone after each test. */
import { rm } from 'node:fs/promises';
import { afterEach } from '@jest/globals';
import type { RestSimulator, RestSimulatorOptions } from '@tapeline/simulator/rest/rest-simulator';
import { startRestSimulator } from '@tapeline/simulator/rest/rest-simulator';
import { Registry } from 'prom-client';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { CreditBudget, type CreditBudgetOptions } from '../../src/twelve-data/credit-budget.ts';
import { RestClient, type RestClientOptions } from '../../src/twelve-data/rest-client.ts';
import type { JumpingTime } from './jumping-time.ts';
import { MemoryCreditStore } from './memory-credits.ts';

export interface Rest {
  readonly server: RestSimulator;
  readonly budget: CreditBudget;
  readonly client: RestClient;
  readonly registry: Registry;
}

export interface RestParts {
  readonly server?: Partial<RestSimulatorOptions>;
  readonly budget?: Partial<CreditBudgetOptions>;
  readonly client?: Partial<RestClientOptions>;
}

export function restOfThisFile() {
  const servers: RestSimulator[] = [];
  const folders: string[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map(server => server.close()));
    await Promise.all(folders.splice(0).map(folder => rm(folder, { recursive: true, force: true })));
  });
  return {
    start: async (time: JumpingTime, parts: RestParts = {}): Promise<Rest> => {
      const server = await startRestSimulator({ seed: 7, clock: time.clock, ...parts.server });
      servers.push(server);
      return { server, ...connectedTo(server.url, time, parts) };
    },
    folder: async (): Promise<string> => {
      const folder = temporaryFolder('rest');
      folders.push(folder);
      return folder;
    },
  };
}

/** A client as a process that was just started has it. */
export function connectedTo(url: string, time: JumpingTime, parts: RestParts = {}): Omit<Rest, 'server'> {
  const registry = new Registry();
  const { clock, pause } = time;
  const budget = new CreditBudget({ store: new MemoryCreditStore(), registry, clock, pause, ...parts.budget });
  const client = new RestClient({ url, apiKey: 'key-1', budget, registry, ...parts.client });
  return { registry, budget, client };
}
