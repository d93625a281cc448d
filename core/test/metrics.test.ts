import { describe, expect, it } from '@jest/globals';
import { metricCatalogue, metricParts } from '@tapeline/core/metrics/catalogue';
import { type LabelValues, type MetricDeclaration, mostSeries, processes, signals } from '@tapeline/core/metrics/metric-kinds';
import { metricOf, processRegistry } from '@tapeline/core/metrics/registered-metrics';
import { Registry } from 'prom-client';

const all = Object.entries<MetricDeclaration>(metricCatalogue);
const bySuffix = (suffix: string) => all.filter(([name]) => name.endsWith(suffix));

describe('the catalogue of metrics', () => {
  it('has each metric in one part', () => {
    const inParts = metricParts.flatMap(({ metrics }) => Object.keys(metrics));
    expect(inParts.toSorted()).toEqual(Object.keys(metricCatalogue).toSorted());
    expect(new Set(inParts).size).toBe(inParts.length);
  });

  it('has names as Prometheus wants them: a prefix, lower case, a unit in base units, _total for what only grows', () => {
    for (const [name, { kind }] of all) {
      expect(name).toMatch(/^tapeline_[a-z]+(_[a-z]+)+$/);
      expect(name).not.toMatch(/_(ms|millis|milliseconds|us|minutes|hours|kb|mb|percent|count|sum|bucket)$/);
      expect([name, name.endsWith('_total')]).toEqual([name, kind === 'counter']);
      expect([name, name.endsWith('_duration_seconds')]).toEqual([name, kind === 'histogram']);
    }
    expect(bySuffix('_seconds').length).toBeGreaterThan(8);
  });

  it.each(metricParts.filter(({ name }) => name !== 'alert rules').map(part => [part.name, part] as const))(
    'says of the part %s how much, what went wrong, how long, and how near its bounds',
    (_, { metrics }) => {
      const said = new Set(Object.values(metrics).map(({ signal }) => signal));
      expect(signals.filter(signal => signal !== 'state' && !said.has(signal))).toEqual([]);
    },
  );

  it('gives every process all four, too', () => {
    for (const process of processes) {
      const said = metricParts.filter(part => part.shownBy.includes(process)).flatMap(({ metrics }) => Object.values(metrics));
      expect([process, new Set(said.map(({ signal }) => signal)).size]).toEqual([process, expect.any(Number)]);
      expect(new Set(said.map(({ signal }) => signal)).size).toBeGreaterThanOrEqual(4);
    }
  });

  it('bounds every label, and no label is a symbol or an address', () => {
    for (const [name, declaration] of all) {
      const { labels } = declaration;
      expect([name, mostSeries(declaration) <= 2_000]).toEqual([name, true]);
      expect(Object.keys(labels).filter(label => ['symbol', 'url', 'address', 'message', 'rule', 'le'].includes(label))).toEqual([]);
      for (const { values, pattern } of Object.values<LabelValues>(labels)) expect(values ?? pattern).toBeDefined();
    }
  });
});

describe('a registry', () => {
  it('of a process shows every metric of its parts from the start on, counters at 0 and gauges only when they are known', async () => {
    const text = await processRegistry('backfiller').metrics();
    expect(text).toContain('# TYPE tapeline_backfiller_jobs gauge');
    expect(text).not.toMatch(/^tapeline_rest_credits_day_left /m);
    expect(text).toMatch(/^tapeline_rest_credits_claimed_total 0$/m);
    expect(text).toMatch(/^tapeline_store_waiting_rows 0$/m);
    expect(text).toMatch(/^tapeline_backfiller_bars_compared_total\{verdict="mismatch"\} 0$/m);
    expect(text).toContain('process_cpu_seconds_total');
    expect(text).not.toContain('tapeline_ingester_');
  });

  it('of any process has the metrics of its parts, and of no other', () => {
    for (const process of processes) {
      const wanted = metricParts.filter(({ shownBy }) => shownBy.includes(process)).flatMap(({ metrics }) => Object.keys(metrics));
      const names = processRegistry(process)
        .getMetricsAsArray()
        .map(({ name }) => name)
        .filter(name => name.startsWith('tapeline_'));
      expect(names.toSorted()).toEqual(wanted.toSorted());
    }
    expect(processRegistry(...processes).getMetricsAsArray().length).toBeGreaterThan(80);
  });

  it('has a metric once, whoever asks for it', async () => {
    const registry = new Registry();
    metricOf(registry, 'tapeline_ingester_ticks_refused_total').inc({ reason: 'late' });
    metricOf(registry, 'tapeline_ingester_ticks_refused_total').inc({ reason: 'late' }, 2);
    expect(await registry.metrics()).toContain('tapeline_ingester_ticks_refused_total{reason="late"} 3');
  });

  it('takes no name and no label that is not in the catalogue', () => {
    const registry = new Registry();
    // @ts-expect-error a name with a slip in it
    expect(() => metricOf(registry, 'tapeline_ingester_ticks_refussed_total')).toThrow();
    const refused = metricOf(registry, 'tapeline_ingester_ticks_refused_total');
    // @ts-expect-error a label that it does not have
    expect(() => refused.inc({ cause: 'late' })).toThrow();
  });
});
