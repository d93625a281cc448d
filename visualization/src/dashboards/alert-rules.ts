/**
 * Alert rules that Grafana itself evaluates, for whoever has no Alertmanager: is data coming, how far behind is it, how much goes wrong.
 * Rules about the market are the fold's business, not Grafana's.
 *
 * Annotations hold no `$`: file provisioning would put a variable of the environment there. The chart brings the contact point `Tapeline`,
 * puts its own thresholds in, and leaves out what needs a Prometheus that is not there.
 *
 * A query gives rows, `reduce` makes one number of them, `threshold` compares it. `reduce` takes rows as they come, so it is never `last` on a
 * table whose rows come newest first: that would be the oldest.
 */

import { ageOf, latest } from './market-queries.ts';
import { max, orZero, plus, rate, type Series, sum, times, value } from './promql.ts';
import { cassandraSource, cqlOfAlert, prometheusSource } from './sources.ts';

/** As Grafana's file provisioning reads it. */
export interface AlertRuleGroup {
  readonly orgId: number;
  readonly name: string;
  readonly folder: string;
  readonly interval: string;
  readonly rules: readonly AlertRule[];
}

export interface AlertRule {
  readonly uid: string;
  readonly title: string;
  readonly condition: string;
  readonly for: string;
  readonly noDataState: 'OK' | 'NoData' | 'Alerting';
  readonly execErrState: 'Error' | 'Alerting';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly notification_settings: { readonly receiver: string };
  readonly data: readonly AlertQuery[];
}

interface AlertQuery {
  readonly refId: string;
  readonly datasourceUid: string;
  readonly relativeTimeRange: { readonly from: number; readonly to: number };
  readonly model: object;
}

/** One number out of the rows of A, held against a threshold: what differs between the rules. */
interface Question {
  readonly uid: string;
  readonly title: string;
  readonly severity: 'warning' | 'critical';
  readonly summary: string;
  readonly runbook: string;
  readonly query: AlertQuery;
  readonly reducer: 'min' | 'max' | 'last';
  /** The chart puts the value of its own settings in this place. */
  readonly above: number;
  readonly lasting: string;
  readonly withoutData: AlertRule['noDataState'];
}

const lastMinutes = { from: 600, to: 0 } as const;

/** The rules, each with the uid by which the chart's thresholds name it. */
export function alertRuleGroup(): AlertRuleGroup {
  return { orgId: 1, name: 'tapeline', folder: 'Tapeline', interval: '30s', rules: [staleFeed(), behind(), refused()].map(ruleOf) };
}

/** The youngest price of all: in one frame, because its first column is constant. */
function staleFeed(): Question {
  const model = { ...cqlOfAlert(latest(`board, time, ${ageOf('time')}`)), intervalMs: 1_000, maxDataPoints: 43_200 };
  return {
    uid: 'tapeline-stale-feed',
    title: 'No new price',
    severity: 'critical',
    summary: 'no symbol has had a new price for {{ printf "%.0f" .Values.B.Value }} ms',
    runbook:
      'Look at the dashboard Pipeline and at the log of the ingester. With symbols of one stock exchange only, its nights and weekends are quiet too: set alertStaleSeconds to 0.',
    query: { refId: 'A', datasourceUid: cassandraSource.uid ?? '', relativeTimeRange: lastMinutes, model },
    reducer: 'min',
    above: 300_000,
    lasting: '1m',
    withoutData: 'Alerting',
  };
}

function behind(): Question {
  return {
    uid: 'tapeline-behind',
    title: 'Bars close late',
    severity: 'critical',
    summary: 'bars close {{ printf "%.0f" .Values.B.Value }} s late',
    runbook:
      'Records to do on the dashboard Pipeline rise: too few processors or a slow store. They do not: no heartbeat of a connected feed.',
    query: prometheusQuery(max(value('tapeline_stream_processor_watermark_lag_seconds'))),
    reducer: 'last',
    above: 60,
    lasting: '2m',
    withoutData: 'Alerting',
  };
}

function refused(): Question {
  const processors = orZero(sum(rate('tapeline_stream_processor_dead_letters_total', '10m')));
  const ingesters = orZero(sum(rate('tapeline_ingester_ticks_refused_total', '10m')));
  return {
    uid: 'tapeline-errors',
    title: 'Records are refused',
    severity: 'warning',
    summary: '{{ printf "%.0f" .Values.B.Value }} records a minute go to market-data.dead-letter',
    runbook: 'Read some of them in Kafdrop, topic market-data.dead-letter: each names its reason, field and origin.',
    query: prometheusQuery(plus(times(60, processors), times(60, ingesters))),
    reducer: 'last',
    above: 30,
    lasting: '5m',
    withoutData: 'OK',
  };
}

function prometheusQuery({ expr }: Series): AlertQuery {
  const model = { refId: 'A', datasource: prometheusSource, expr, instant: true, range: false, intervalMs: 1_000, maxDataPoints: 43_200 };
  return { refId: 'A', datasourceUid: prometheusSource.uid ?? '', relativeTimeRange: lastMinutes, model };
}

function ruleOf(question: Question): AlertRule {
  const evaluator = { type: 'gt', params: [question.above] };
  return {
    uid: question.uid,
    title: question.title,
    condition: 'C',
    for: question.lasting,
    noDataState: question.withoutData,
    execErrState: 'Error',
    labels: { severity: question.severity },
    annotations: { summary: question.summary, runbook: question.runbook },
    notification_settings: { receiver: 'Tapeline' },
    data: [
      question.query,
      expression('B', { type: 'reduce', expression: 'A', reducer: question.reducer }),
      expression('C', { type: 'threshold', expression: 'B', conditions: [{ evaluator }] }),
    ],
  };
}

function expression(refId: string, model: object): AlertQuery {
  const datasource = { type: '__expr__', uid: '__expr__' };
  return { refId, datasourceUid: '__expr__', relativeTimeRange: { from: 0, to: 0 }, model: { refId, datasource, ...model } };
}
