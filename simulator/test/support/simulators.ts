/** Starts simulators for a test file and closes them after each test. */
import { afterEach } from '@jest/globals';
import { pino } from 'pino';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator.ts';
import { connected, type PriceClient } from './price-client.ts';

const silentLogger = pino({ level: 'silent' });

/** A starter whose simulators and clients are gone after each test. */
export function simulatorsOfThisFile(): {
  readonly start: (options?: Partial<SimulatorOptions>) => Promise<Simulator>;
  readonly connect: (simulator: Simulator) => Promise<PriceClient>;
} {
  const simulators: Simulator[] = [];
  const clients: PriceClient[] = [];
  afterEach(async () => {
    for (const client of clients.splice(0)) client.socket.terminate();
    await Promise.all(simulators.splice(0).map(simulator => simulator.close()));
  });
  return {
    start: async options => {
      const simulator = await startSimulator({ seed: 7, logger: silentLogger, market: { ticksPerSecond: 400 }, ...options });
      simulators.push(simulator);
      return simulator;
    },
    connect: async simulator => {
      const client = await connected(simulator.url);
      clients.push(client);
      return client;
    },
  };
}
