/** The simulator as a program: prints its address on standard output, logs to standard error, runs until it is told to stop. */
import { createLogger } from '@tapeline/core/logging';
import { mindNoReaderThatLeaves } from '@tapeline/core/readers-that-leave';
import { exitStatusOf, runService, stopSignal } from '@tapeline/core/service';
import { simulatorCommand } from './command-line.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from './simulator.ts';

async function run(given: Omit<SimulatorOptions, 'logger'>): Promise<void> {
  const apiKey = given.apiKey ?? process.env.SIMULATOR_API_KEY;
  const logger = createLogger({ name: 'simulator', level: process.env.LOG_LEVEL ?? 'info', secrets: apiKey === undefined ? [] : [apiKey] });
  const options: SimulatorOptions = { ...given, ...(apiKey === undefined ? {} : { apiKey }), logger };
  let simulator: Simulator | undefined;
  const part = {
    name: 'simulator',
    start: async () => {
      simulator = await startSimulator(options);
      process.stdout.write(`${simulator.url}\n`);
    },
    stop: async () => simulator?.close(),
  };
  process.exitCode = await runService({ parts: [part], logger, signal: stopSignal(logger) });
}

mindNoReaderThatLeaves();
try {
  await simulatorCommand(run).parseAsync();
} catch (error) {
  process.exitCode = exitStatusOf(error, line => process.stderr.write(line));
}
