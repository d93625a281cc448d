/** The simulator as a program: prints its addresses on standard output, logs to standard error, runs until it is told to stop. */
import { endAsRefused } from '@tapeline/core/command-line';
import { createLogger } from '@tapeline/core/logging';
import { mindNoReaderThatLeaves } from '@tapeline/core/readers-that-leave';
import { exitStatusOf, runService, stopSignal } from '@tapeline/core/service';
import { type SimulatorGiven, simulatorCommand } from './command-line.ts';
import { type RestSimulator, startRestSimulator } from './rest/rest-simulator.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from './simulator.ts';

async function run({ prices, rest }: SimulatorGiven): Promise<void> {
  const apiKey = prices.apiKey ?? process.env.SIMULATOR_API_KEY;
  const logger = createLogger({ name: 'simulator', level: process.env.LOG_LEVEL ?? 'info', secrets: apiKey === undefined ? [] : [apiKey] });
  const key = apiKey === undefined ? {} : { apiKey };
  const options: SimulatorOptions = { ...prices, ...key, logger };
  let simulator: Simulator | undefined;
  const part = {
    name: 'simulator',
    start: async () => {
      simulator = await startSimulator(options);
      process.stdout.write(`${simulator.url}\n`);
    },
    stop: async () => simulator?.close(),
  };
  let history: RestSimulator | undefined;
  const restPart = rest && {
    name: 'REST API',
    start: async () => {
      history = await startRestSimulator({ ...rest, ...key });
      process.stdout.write(`${history.url}\n`);
    },
    stop: async () => history?.close(),
  };
  const parts = restPart === undefined ? [part] : [part, restPart];
  process.exitCode = await runService({ parts, logger, signal: stopSignal(logger) });
}

mindNoReaderThatLeaves();
try {
  await simulatorCommand(run).exitOverride(endAsRefused).parseAsync();
} catch (error) {
  process.exitCode = exitStatusOf(error, line => process.stderr.write(line));
}
