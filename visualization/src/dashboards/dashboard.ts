/** What all dashboards have: a stable uid, links to each other, UTC, and panels with ids of their own. */
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  type AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  type Panel,
  type VariableModel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { bucketVariablesIn } from './buckets.ts';

export interface DashboardParts {
  /** Of the file and, after `tapeline-`, the uid: people's bookmarks hold on to it. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Time shown at first, as in `now-3h`. */
  readonly from: string;
  /** @default none */
  readonly variables?: readonly Builder<VariableModel>[];
  /** @default none */
  readonly annotations?: readonly AnnotationQueryBuilder[];
  /** From left to right and top to bottom. */
  readonly panels: readonly Builder<Panel>[];
}

const tag = 'tapeline';

/** Address of a dashboard within Grafana; links keep the time shown. */
export function addressOf(name: string): string {
  return `/d/tapeline-${name}`;
}

/** A dashboard as Grafana reads it from a file; the variables that name its buckets come by themselves. */
export function dashboardOf({ name, title, description, from, variables = [], annotations = [], panels }: DashboardParts): Dashboard {
  const builder = new DashboardBuilder(title)
    .uid(`tapeline-${name}`)
    .description(description)
    .tags([tag])
    .timezone('utc')
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from, to: 'now' })
    .refresh('10s')
    .version(1)
    .annotations([...annotations])
    .link(new DashboardLinkBuilder('Tapeline').type(DashboardLinkType.Dashboards).tags([tag]).includeVars(true).keepTime(true));
  for (const panel of panels) builder.withPanel(panel);
  const hidden = bucketVariablesIn(JSON.stringify(builder.build()));
  const built = builder.variables([...variables, ...hidden]).build();
  return { ...built, panels: built.panels?.map((panel, index) => ({ ...panel, id: index + 1 })) };
}
