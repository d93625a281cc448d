/** The alerts of the monitoring chart, as Helm renders them. */
import { chart } from './chart-folders.ts';
import { render } from './rendering.ts';

export interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** `options` are further options of helm, as `['--set', 'notifier=true']`. */
export async function monitoringRules(...options: readonly string[]): Promise<readonly Rule[]> {
  const objects = await render(chart('monitoring'), options);
  return objects
    .filter(({ kind }) => kind === 'PrometheusRule')
    .flatMap(({ spec }) => (spec.groups as readonly { readonly rules: readonly Rule[] }[]).flatMap(group => group.rules));
}
