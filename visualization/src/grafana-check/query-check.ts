/** Runs every query of every panel through a Grafana, as its page would, and says what a panel could not show. */
import type { DashboardJson, PanelJson, PanelQuery } from './dashboard-json.ts';
import type { AnsweredFrame, GrafanaClient } from './grafana-client.ts';
import { interpolated, type TimeRange, type VariableValues } from './interpolation.ts';
import { variableValues } from './variables.ts';

export interface QueryFinding {
  readonly dashboard: string;
  readonly panel: string;
  readonly refId: string;
  /** In all frames. None is no fault: there may be nothing to show. */
  readonly rows: number;
  readonly faults: readonly string[];
}

const candleFields = ['open', 'high', 'low', 'close', 'volume'];

/** One after the other, panels and annotations. @throws PipelineError when Grafana is away or refuses who asks */
export async function* checkQueries(
  client: GrafanaClient,
  dashboards: readonly DashboardJson[],
  range: TimeRange,
): AsyncGenerator<QueryFinding> {
  for (const dashboard of dashboards) {
    const values = await variableValues(dashboard, range, ({ datasource }, query) => client.variable(datasource?.uid ?? '', query));
    for (const panel of dashboard.panels) {
      for (const query of panel.targets ?? []) yield await checked(client, { dashboard, panel, query, values, range });
    }
    for (const { name, target } of dashboard.annotations.list ?? []) {
      const panel = { title: name, type: 'annotation' };
      if (target !== undefined) yield await checked(client, { dashboard, panel, query: target, values, range });
    }
  }
}

interface Asked {
  readonly dashboard: DashboardJson;
  readonly panel: Pick<PanelJson, 'title' | 'type'>;
  readonly query: PanelQuery;
  readonly values: VariableValues;
  readonly range: TimeRange;
}

async function checked(client: GrafanaClient, { dashboard, panel, query, values, range }: Asked): Promise<QueryFinding> {
  const put = (text: string | undefined) => (text === undefined ? undefined : interpolated(text, values, range));
  const asked = { ...query, target: put(query.target), expr: put(query.expr), intervalMs: 15_000, maxDataPoints: 1_000 };
  const { frames, fault } = await client.query(asked, range);
  const named = { dashboard: dashboard.title, panel: interpolated(panel.title, values, range), refId: query.refId };
  const faults = fault === undefined ? shapeFaults(panel.type, query, frames) : [fault];
  return { ...named, rows: frames.reduce((sum, { rows }) => sum + rows, 0), faults };
}

function shapeFaults(type: string, { target }: PanelQuery, frames: readonly AnsweredFrame[]): readonly string[] {
  const names = new Set(frames.flatMap(({ fields }) => fields.map(({ name }) => name)));
  const candles = type === 'candlestick' && /\bopen\b/.test(target ?? '') && frames.length > 0;
  const oneFrame = (type === 'table' || type === 'annotation') && target !== undefined && frames.length > 1;
  return [
    ...(candles ? candleFields.filter(name => !names.has(name)).map(name => `no field ${name}, without which there are no candles`) : []),
    ...(oneFrame ? [`${frames.length} frames, of which only one is shown`] : []),
  ];
}
