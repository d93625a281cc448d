/** Alerts as cells. The alert of a whole feed has an empty symbol, because a clustering column cannot be without a value. */
import type { Alert } from '@tapeline/core/alerts';
import { recordFormat } from '@tapeline/core/records';
import { type Cells, numberIn, optionalNumber, optionalText, type RowShape, textIn, withoutAbsent } from './cells.ts';

export const alertRows: RowShape<Alert> = {
  columns: ['time', 'symbol', 'id', 'rule', 'condition', 'severity', 'feed', 'bar_interval', 'value', 'threshold', 'message'],
  optional: ['feed', 'bar_interval', 'value', 'threshold'],
  versionOf: alert => alert.versionUs,
  cellsOf: of => {
    const key = [of.timeMs, of.symbol ?? '', of.id];
    return [...key, of.rule, of.condition, of.severity, of.feed, of.interval, of.value, of.threshold, of.message];
  },
  rowOf: (cells: Cells, versionUs) =>
    withoutAbsent<Alert>({
      v: recordFormat,
      kind: 'alert',
      id: textIn(cells, 'id'),
      rule: textIn(cells, 'rule'),
      condition: textIn(cells, 'condition') as Alert['condition'],
      severity: textIn(cells, 'severity') as Alert['severity'],
      symbol: textIn(cells, 'symbol') || undefined,
      feed: optionalText(cells, 'feed'),
      interval: optionalText(cells, 'bar_interval') as Alert['interval'],
      timeMs: numberIn(cells, 'time'),
      value: optionalNumber(cells, 'value'),
      threshold: optionalNumber(cells, 'threshold'),
      message: textIn(cells, 'message'),
      versionUs,
    }),
};
