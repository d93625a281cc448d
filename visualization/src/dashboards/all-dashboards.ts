/** The dashboards of the Grafana chart as files: `npm run dashboards` writes them, a test fails when they are stale. */
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { alertRuleGroup } from './alert-rules.ts';
import { compare } from './compare.ts';
import { dataQuality } from './data-quality.ts';
import { market } from './market.ts';
import { movers } from './movers.ts';
import { pipeline } from './pipeline.ts';

/** In the order in which people go through them. */
export function allDashboards(): readonly Dashboard[] {
  return [market(), movers(), compare(), dataQuality(), pipeline()];
}

/** Text by path below `charts/grafana`. */
export function filesOfChart(): ReadonlyMap<string, string> {
  const files = allDashboards().map(
    dashboard => [`dashboards/${dashboard.uid?.replace('tapeline-', '')}.json`, textOf(dashboard)] as const,
  );
  return new Map([...files, ['alerting/rules.json', textOf(alertRuleGroup())]]);
}

function textOf(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
