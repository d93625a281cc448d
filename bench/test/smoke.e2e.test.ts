import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { describeWithKafka } from '@tapeline/services/for-tests';

const run = promisify(execFile);
const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

describeWithKafka('npm run bench -- smoke', kafka => {
  it('measures Tapeline and kafkajs on one topic, finds their bars right and Tapeline cheaper', async () => {
    const results = mkdtempSync(join(tmpdir(), 'tapeline-smoke-'));
    try {
      const env = { ...process.env, KAFKA_BROKERS: kafka.brokers.join(',') };
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
      expect(readdirSync(results).sort()).toEqual([
        ...['correctness.jsonl', 'fan-out.jsonl', 'ingester-latency.jsonl', 'ingester-memory.jsonl', 'ingester.jsonl', 'latency.jsonl'],
      ]);
    } finally {
      rmSync(results, { recursive: true, force: true });
    }
  }, 360_000);
});
