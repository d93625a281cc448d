import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { describeWithServers } from '@tapeline/services/for-tests';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';

const run = promisify(execFile);
const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

describeWithServers('npm run bench -- smoke', (kafka, cassandra) => {
  it('finds bars right and Tapeline cheaper than kafkajs, and nothing lost under load and bursts of the whole chain', async () => {
    const results = temporaryFolder('smoke');
    const servers = { KAFKA_BROKERS: kafka.brokers.join(','), CASSANDRA_CONTACT_POINTS: cassandra.contactPoints.join(',') };
    const env = { ...process.env, ...servers, CASSANDRA_LOCAL_DATACENTER: cassandra.localDataCenter };
    const flags = [
      '--disable-warning=ExperimentalWarning',
      '--disable-warning=TimeoutNegativeWarning',
      main,
      '--results',
      results,
      'smoke',
    ];
    const { stdout } = await run(process.execPath, flags, { env });
    expect(stdout).toMatch(/tapeline 1s: (\d+) of \1 bars equal/);
    expect(stdout).toMatch(/kafkajs 1m: (\d+) of \1 bars equal/);
    expect(stdout).toMatch(/kafkajs takes [\d.]+ times the CPU of Tapeline/);
    for (const who of ['tapeline', 'relay']) expect(stdout).toMatch(new RegExp(`latency of ${who}, .* over [1-9]\\d* bars`));
    expect(stdout).toMatch(/load 3000, round 1: (\d+) sent = \1 in the log \+ 0 in gap records; (\d+) of \2 bars equal a replay's/);
    expect(stdout).toMatch(/load bursts-1000, round 1: (\d+) sent = \1 in the log \+ 0 in gap records; (\d+) of \2 bars equal/);
    expect(readdirSync(results).sort()).toEqual([
      ...[
        'correctness.jsonl',
        'fan-out.jsonl',
        'ingester-latency.jsonl',
        'ingester-memory.jsonl',
        'ingester.jsonl',
        'latency.jsonl',
        'load.jsonl',
      ],
    ]);
  }, 600_000);
});
