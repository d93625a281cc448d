import { afterEach, describe, expect, it } from '@jest/globals';
import { allDashboards } from '@tapeline/visualization/dashboards/all-dashboards';
import type { DashboardJson } from '@tapeline/visualization/grafana-check/dashboard-json';
import { GrafanaClient } from '@tapeline/visualization/grafana-check/grafana-client';
import { interpolated, matched } from '@tapeline/visualization/grafana-check/interpolation';
import { checkQueries, type QueryFinding } from '@tapeline/visualization/grafana-check/query-check';
import { type GrafanaServer, type GrafanaServerOptions, grafanaServer } from './support/grafana-server.ts';

const dashboards = allDashboards() as unknown as readonly DashboardJson[];
const range = { fromMs: Date.parse('2025-01-01T10:00:00Z'), toMs: Date.parse('2025-01-01T12:00:00Z') };
const authorization = 'Bearer a-token';

describe('variables in a text', () => {
  const values = { symbol: "O'HARE", symbols: ['A', "B'"], interval: '1m' };

  it('are put in as Grafana does, a text that CQL can read by sqlstring', () => {
    expect(interpolated("a = ${symbol:sqlstring} AND b IN (${symbols:sqlstring}) AND c = '$interval'", values, range)).toBe(
      "a = 'O''HARE' AND b IN ('A','B''') AND c = '1m'",
    );
    expect(interpolated('${symbols}', values, range)).toBe("A,B'");
  });

  it('are the times shown, in milliseconds; the macros of the plug-in stay for the plug-in', () => {
    expect(interpolated('${__from} $__to $__timeFrom', {}, range)).toBe(`${range.fromMs} ${range.toMs} $__timeFrom`);
  });

  it('in a format that is not known here are refused', () => {
    expect(() => interpolated('${symbol:glob}', values, range)).toThrow(/must be csv or sqlstring, was glob/);
  });

  it('have of a regex its first group, each value once', () => {
    expect(matched(['2025-01-01', '2025-01-02', 'x'], { regex: '/^(\\d{4}-\\d{2})/' })).toEqual(['2025-01']);
    expect(matched(['b', 'a', 'b'], {})).toEqual(['b', 'a']);
  });
});

describe('the check of a Grafana', () => {
  let server: GrafanaServer | undefined;
  afterEach(() => server?.close());

  const check = async (options: Partial<GrafanaServerOptions> = {}): Promise<readonly QueryFinding[]> => {
    server = await grafanaServer({ dashboards, authorization, ...options });
    const client = new GrafanaClient({ url: `${server.url}/`, token: 'a-token' });
    const findings: QueryFinding[] = [];
    for await (const finding of checkQueries(client, await client.dashboards('tapeline'), range)) findings.push(finding);
    return findings;
  };
  const faults = (findings: readonly QueryFinding[]) => findings.filter(finding => finding.faults.length > 0);

  it('asks every query of every panel and annotation, and finds nothing wrong where nothing is', async () => {
    const findings = await check();
    const queries = dashboards.flatMap(({ panels, annotations }) => [
      ...panels.flatMap(({ targets }) => targets),
      ...(annotations.list ?? []),
    ]);
    expect(findings.length).toBe(queries.length);
    expect(faults(findings)).toEqual([]);
    expect(findings.every(({ rows }) => rows === 3)).toBe(true);
  });

  it('puts every variable in, and leaves the plug-in its macros', async () => {
    await check();
    const names = new Set(server?.queries.flatMap(query => [...query.matchAll(/\$\{?(\w+)/g)].map(([, name]) => name)));
    expect([...names].sort()).toEqual(['__timeFrom', '__timeTo']);
    expect(server?.queries).toContainEqual(expect.stringMatching(/symbol IN \('BTC\/USD','O''HARE'\).*'2025-01'.*'2025'/));
  });

  it('tells a query that failed, with the reason', async () => {
    const findings = faults(await check({ failing: 'alerts_by_day' }));
    expect(findings.map(({ panel }) => panel)).toEqual(['Alerts', 'Alerts', 'Alerts of feeds']);
    expect(findings[0]?.faults).toEqual(['p.ExecQuery: query processing: unconfigured table']);
  });

  it('tells candles that would not be drawn', async () => {
    const findings = faults(await check({ withoutColumn: 'high' }));
    expect(findings.map(({ panel, faults: told }) => [panel, told])).toEqual([
      ['BTC/USD, 1m', ['no field high, without which there are no candles']],
    ]);
  });

  it('tells a table that shows one of its frames only', async () => {
    const findings = faults(await check({ twoFrames: true }));
    expect(findings.map(({ panel }) => panel)).toContain('Freshness');
    expect(findings.every(({ faults: told }) => told.includes('2 frames, of which only one is shown'))).toBe(true);
  });

  it('says which settings are wrong when it is refused, and when nobody is there', async () => {
    server = await grafanaServer({ dashboards, authorization });
    const { url } = server;
    await expect(new GrafanaClient({ url, user: 'admin', password: 'wrong' }).dashboards('tapeline')).rejects.toThrow(/set GRAFANA_TOKEN/);
    await server.close();
    server = undefined;
    await expect(new GrafanaClient({ url, token: 'a-token' }).dashboards('tapeline')).rejects.toThrow(/set GRAFANA_URL/);
  });
});
