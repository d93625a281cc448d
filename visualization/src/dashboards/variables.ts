/** What people choose at the top of a dashboard. */
import { CustomVariableBuilder, QueryVariableBuilder, VariableRefresh, VariableSort } from '@grafana/grafana-foundation-sdk/dashboard';
import type { Interval } from '@tapeline/core/intervals';
import { cassandraSource } from './sources.ts';

const known = "SELECT symbol FROM latest_by_board WHERE board = 'all'";

function symbolsOfLatest(name: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .datasource(cassandraSource)
    .query({ query: known })
    .definition(known)
    .refresh(VariableRefresh.OnDashboardLoad)
    .sort(VariableSort.AlphabeticalAsc);
}

/** `$symbol`: one of those that have a price. */
export function symbolVariable(label = 'Symbol'): QueryVariableBuilder {
  return symbolsOfLatest('symbol').label(label);
}

/** `$symbols`: some or all of them. A name of its own, so that a link to a dashboard of one symbol does not bring a list. */
export function symbolsVariable(): QueryVariableBuilder {
  return symbolsOfLatest('symbols')
    .label('Symbols')
    .multi(true)
    .includeAll(true)
    .current({ text: ['All'], value: ['$__all'] });
}

/** `$interval`: of the bars, one of those offered. */
export function intervalVariable(offered: readonly Interval[], chosen: Interval): CustomVariableBuilder {
  const option = (value: Interval) => ({ text: value, value, selected: value === chosen });
  return new CustomVariableBuilder('interval')
    .label('Interval')
    .values(offered.join(','))
    .options(offered.map(option))
    .current(option(chosen))
    .allowCustomValue(false);
}
