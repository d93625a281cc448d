/** What real processes of each stage show at `/metrics`, held against the catalogue: nothing else, nothing less, and no other label. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { createLogger } from '@tapeline/core/logging';
import { type MetricName, metricCatalogue, metricParts, seriesNames } from '@tapeline/core/metrics/catalogue';
import { type MetricDeclaration, mostSeries, type ProcessName } from '@tapeline/core/metrics/metric-kinds';
import { metricsOfNode } from '@tapeline/core/metrics/registered-metrics';
import { describeWithServers } from '@tapeline/services/for-tests';
import { startRestSimulator } from '@tapeline/simulator/rest/rest-simulator';
import { startSimulator } from '@tapeline/simulator/simulator';
import { eventually } from '../../test/support/eventually.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { testCluster } from './support/cluster.ts';
import { type RunningProcess, startProgram } from './support/processes.ts';

const logger = createLogger({ name: 'test', level: 'silent', secrets: [] });
const folder = temporaryFolder('metrics');

/** Names that are announced, and the samples: name, labels. */
function readMetrics(text: string) {
  const announced = [...text.matchAll(/^# TYPE (\S+) \S+$/gm)].map(([, name = '']) => name);
  const samples = [...text.matchAll(/^([a-z_]+)(?:\{(.*)\})? \S+$/gm)].map(([, name = '', labels = '']) => ({
    name,
    labels: Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = '', value = '']) => [label, value])),
  }));
  return { announced, samples };
}

/** What is wrong with the samples of one process. */
function faultsOf(samples: ReturnType<typeof readMetrics>['samples']): readonly string[] {
  const owner = new Map(
    Object.entries<MetricDeclaration>(metricCatalogue).flatMap(([name, metric]) =>
      seriesNames(name, metric.kind).map(series => [series, { name, metric }] as const),
    ),
  );
  const counts = new Map<string, number>();
  const faults: string[] = [];
  for (const { name, labels } of samples) {
    const known = owner.get(name);
    if (known === undefined) continue;
    counts.set(known.name, (counts.get(known.name) ?? 0) + 1);
    const { le: _, ...told } = labels;
    for (const [label, value] of Object.entries(told)) {
      const allowed = known.metric.labels[label];
      const isAllowed = allowed?.values?.includes(value) ?? allowed?.pattern?.test(value) ?? false;
      if (!isAllowed) faults.push(`${name} has ${label}="${value}"`);
    }
    if (Object.keys(told).length !== Object.keys(known.metric.labels).length) faults.push(`${name} has ${JSON.stringify(told)}`);
  }
  for (const [name, count] of counts) {
    const most = mostSeries(metricCatalogue[name as MetricName]);
    if (count > most) faults.push(`${name} has ${count} series, expected ${most} at most`);
  }
  return faults;
}

function expectCatalogued(process: ProcessName, text: string): void {
  const { announced, samples } = readMetrics(text);
  const ours = metricParts.filter(({ shownBy }) => shownBy.includes(process)).flatMap(({ metrics }) => Object.keys(metrics));
  expect([process, announced.toSorted()]).toEqual([process, [...ours, ...metricsOfNode()].toSorted()]);
  expect([process, faultsOf(samples)]).toEqual([process, []]);
}

async function metricsOf(running: RunningProcess): Promise<string> {
  const said = () => /"url":"(http:[^"]+)"/.exec(running.stderr())?.[1];
  const url = await eventually(`its address, after ${running.stderr().slice(-1_000)}`, said, 120_000);
  return (await fetch(`${url}/metrics`)).text();
}

const withAnswer = (text: string) => (/tapeline_rest_request_duration_seconds_count\{.*\} [1-9]/.test(text) ? text : undefined);

describeWithServers('the metrics of real processes', (kafka, cassandra) => {
  it('are those of the catalogue, with its labels and no others', async () => {
    const cluster = await testCluster({ kafka, cassandra });
    const feed = await startSimulator({ seed: 1, logger });
    const rest = await startRestSimulator({ seed: 1, creditsPerMinute: 600, creditsPerDay: 100_000 });
    const rules = join(folder, 'rules.json');
    writeFileSync(rules, JSON.stringify({ rules: [{ name: 'any', condition: 'level', symbols: ['BTC/USD'], interval: '1s', above: 1 }] }));
    const bars = { BAR_INTERVALS: '1s,1m,1d', SYMBOLS: 'BTC/USD,ETH/USD' };
    const vendor = { ...bars, TWELVE_DATA_REST_URL: rest.url, TWELVE_DATA_CREDITS_PER_MINUTE: '600', TWELVE_DATA_CREDITS_PER_DAY: '0' };
    const others: RunningProcess[] = [];
    const beside = (path: string, env: Readonly<Record<string, string>>): RunningProcess => {
      const started = startProgram(path, { env: { ...cluster.env, ...bars, ...env } });
      others.push(started);
      return started;
    };
    try {
      // Jobs end, so each is asked while it works.
      rest.misbehave({ kind: 'slow', delayMs: 2_000 });
      for (const job of ['history', 'instruments'] as const) {
        const working = cluster.startDailyJob(job, vendor);
        const shown = await eventually(`an answer to ${job}`, async () => withAnswer(await metricsOf(working)), 120_000);
        expectCatalogued(job, shown);
        await working.end('SIGKILL');
      }
      rest.misbehave(undefined);
      expectCatalogued('export-job', await metricsOf(beside('visualization/src/export/main.ts', { EXPORT_FOLDER: folder })));
      // Nobody answers at this path: alerts are refused, and counted so.
      const alerts = { ...bars, ALERT_RULES_FILE: rules, ALERT_WEBHOOK_URL: `${rest.url}/nowhere`, ALERT_GATHER_MS: '50' };
      const running = new Map<ProcessName, RunningProcess>([
        ['ingester', cluster.startIngester({ ...bars, TWELVE_DATA_URL: feed.url })],
        ['stream-processor', cluster.startProcessor('shown', bars)],
        ['notifier', cluster.startNotifier(alerts)],
        ['backfiller', cluster.startBackfiller(vendor)],
        ['live-board', beside('visualization/src/main.ts', { KAFKA_GROUP: cluster.groupName('shown') })],
      ]);
      const told = async (process: ProcessName, sample: RegExp) => {
        const shown = running.get(process);
        if (shown === undefined) throw new TypeError(`${process} was not started`);
        return eventually(`${sample} of ${process}`, async () => sample.test(await metricsOf(shown)), 120_000);
      };
      await told('ingester', /tapeline_log_append_duration_seconds_count [1-9]/);
      await told('stream-processor', /tapeline_store_rows_written_total\{table="bars_by_symbol_interval"\} [1-9]/);
      await told('stream-processor', /tapeline_stream_processor_alerts_total\{.*\} [1-9]/);
      await told('notifier', /tapeline_notifier_send_duration_seconds_count\{destination="webhook"\} [1-9]/);
      await told('live-board', /tapeline_live_board_http_request_duration_seconds_count\{route="\/metrics",status="2xx"\} [1-9]/);
      for (const [process, shown] of running) expectCatalogued(process, await metricsOf(shown));
    } finally {
      for (const process of others) await process.end('SIGKILL');
      await cluster.close();
      await rest.close();
      await feed.close();
    }
  }, 600_000);
});
