/** The columns of each exported table: fields of the store's rows, times as timestamps (UTC). What the folder's name says is no column. */
import type { Alert } from '@tapeline/core/alerts';
import type { Bar, Indicators } from '@tapeline/core/bars';
import type { Gap, TickRow } from '@tapeline/database/market-store';
import { indicatorNames } from '../api/table-rows.ts';
import type { ParquetColumn } from './parquet-file.ts';

type ValueOf<Row> = ParquetColumn<Row>['of'];

export const barColumns: readonly ParquetColumn<Bar>[] = [
  name('symbol', bar => bar.symbol),
  time('startTime', bar => bar.startMs),
  time('endTime', bar => bar.endMs),
  ...(['open', 'high', 'low', 'close'] as const).map(field => number<Bar>(field, bar => bar[field])),
  optional(number('volume', bar => bar.volume)),
  optional(number('vwap', bar => bar.vwap)),
  optional(name('vwapKind', bar => bar.vwapKind)),
  { name: 'tickCount', type: 'INT32', of: bar => bar.tickCount },
  optional(number('spreadMean', bar => bar.spreadMean)),
  name('flags', bar => bar.flags.join('|')),
  { name: 'revision', type: 'INT32', of: bar => bar.revision },
  whole('versionUs', bar => bar.versionUs),
  ...indicatorNames.map((indicator: keyof Indicators) => optional(number<Bar>(indicator, bar => bar.indicators?.[indicator]))),
];

export const tickColumns: readonly ParquetColumn<TickRow>[] = [
  name('symbol', ({ tick }) => tick.symbol),
  time('time', ({ tick }) => tick.timeMs),
  number('price', ({ tick }) => tick.price),
  ...(['bid', 'ask', 'dayVolume', 'size'] as const).map(field => optional(number<TickRow>(field, ({ tick }) => tick[field]))),
  name('feed', ({ tick }) => tick.feed),
  whole('session', ({ tick }) => tick.session),
  whole('sequence', ({ tick }) => tick.sequence),
  time('sourceTime', ({ tick }) => tick.sourceTimeMs),
  time('receivedTime', ({ tick }) => tick.receivedTimeMs),
  name('tradingDay', ({ tick }) => tick.tradingDay),
  time('tradingDayEndTime', ({ tick }) => tick.tradingDayEndMs),
  whole('versionUs', row => row.versionUs),
];

export const gapColumns: readonly ParquetColumn<Gap>[] = [
  name('symbol', gap => gap.symbol),
  time('fromTime', gap => gap.fromMs),
  time('toTime', gap => gap.toMs),
  name('reason', gap => gap.reason),
  { name: 'filled', type: 'BOOLEAN', of: gap => gap.filled },
  whole('versionUs', gap => gap.versionUs),
];

export const alertColumns: readonly ParquetColumn<Alert>[] = [
  { name: 'id', type: 'STRING', of: alert => alert.id },
  ...(['rule', 'condition', 'severity'] as const).map(field => name<Alert>(field, alert => alert[field])),
  ...(['symbol', 'feed', 'interval'] as const).map(field => optional(name<Alert>(field, alert => alert[field]))),
  time('time', alert => alert.timeMs),
  optional(number('value', alert => alert.value)),
  optional(number('threshold', alert => alert.threshold)),
  { name: 'message', type: 'STRING', of: alert => alert.message },
  whole('versionUs', alert => alert.versionUs),
];

/** Text of which there are few. */
function name<Row>(column: string, of: ValueOf<Row>): ParquetColumn<Row> {
  return { name: column, type: 'STRING', isDictionary: true, of };
}

function time<Row>(column: string, of: ValueOf<Row>): ParquetColumn<Row> {
  return { name: column, type: 'TIMESTAMP', of };
}

function number<Row>(column: string, of: ValueOf<Row>): ParquetColumn<Row> {
  return { name: column, type: 'DOUBLE', of };
}

function whole<Row>(column: string, of: ValueOf<Row>): ParquetColumn<Row> {
  return { name: column, type: 'INT64', of };
}

function optional<Row>(column: ParquetColumn<Row>): ParquetColumn<Row> {
  return { ...column, isOptional: true };
}
