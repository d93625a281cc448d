/** The traps that alert rules of Grafana can fall into, by the same numbers as those of dashboards. */
import type { AlertRule, AlertRuleGroup } from '@tapeline/visualization/dashboards/alert-rules';
import type { PanelQuery } from '@tapeline/visualization/grafana-check/dashboard-json';
import { selectIn } from './cql-select.ts';
import { dateForText, type Fault, isDescending } from './dashboard-traps.ts';
import { cassandraType } from './dashboards.ts';

type Model = PanelQuery & { readonly type?: string; readonly expression?: string; readonly reducer?: string };

/** Every fault of a group of rules. */
export function faultsOfRules({ rules }: Pick<AlertRuleGroup, 'rules'>): readonly Fault[] {
  const twice = rules.filter(({ uid }, index) => rules.findIndex(rule => rule.uid === uid) !== index);
  return [
    ...rules.flatMap(faultsOfRule),
    ...rules.filter(({ annotations }) => JSON.stringify(annotations).includes('$')).map(expandedAnnotation),
    ...twice.map(({ uid }) => ({ trap: 11, message: `${uid}: a second rule of this uid takes the place of the first` })),
  ];
}

/** Of what comes by file, too: there `$name` is a variable of the environment. */
function expandedAnnotation({ uid }: AlertRule): Fault {
  return {
    trap: 11,
    message: `${uid}: an annotation has a $, which file provisioning takes away: .Values and .Labels in place of $values and $labels`,
  };
}

function faultsOfRule({ uid, data }: AlertRule): readonly Fault[] {
  const models = data.map(({ model }) => model as Model);
  const asked = models.filter(({ datasource }) => datasource?.type === cassandraType);
  const reducing = (refId: string) => models.filter(({ type, expression }) => type === 'reduce' && expression === refId);
  return asked.flatMap(query => {
    const { refId, target = '', queryType } = query;
    const byOrder = reducing(refId).some(({ reducer }) => reducer === 'last') && isDescending(target);
    const variables = [...target.matchAll(/\$\{?(\w+)/g)].map(([, name = '']) => name).filter(name => !name.startsWith('__time'));
    return [
      ...(byOrder
        ? [{ trap: 2, message: `${uid}: reduce last takes the oldest of rows that come newest first: min, max or PER PARTITION LIMIT 1` }]
        : []),
      ...(selectIn(target).ordered ? [{ trap: 3, message: `${uid}: leave ORDER BY out` }] : []),
      ...(queryType === 'alert'
        ? []
        : [{ trap: 8, message: `${uid}: queryType must be alert, or texts stay in the frame and the rule fails` }]),
      ...dateForText(query).map(message => ({ trap: 9, message: `${uid}: ${message}` })),
      ...variables.map(name => ({ trap: 10, message: `${uid}: $${name}: a rule has no variables` })),
    ];
  });
}
