/** Metrics of a measured process over HTTP, as the product's own processes serve theirs. */
import { createProbes, serveProbes } from '@tapeline/core/probes';
import { collectDefaultMetrics, type Registry } from 'prom-client';

/** Serves them on any free port of loopback until the process ends, and says `probes <address>` on standard output. */
export async function sayProbes(registry: Registry): Promise<void> {
  collectDefaultMetrics({ register: registry });
  const { url } = await serveProbes({ probes: createProbes({ checks: [], registry }), host: '127.0.0.1', port: 0 });
  process.stdout.write(`probes ${url}\n`);
}
