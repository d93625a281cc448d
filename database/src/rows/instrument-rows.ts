/** Metadata of symbols as cells. */
import { type InstrumentRecord, recordFormat } from '@tapeline/core/records';
import type { InstrumentRow } from '../market-store.ts';
import { type Cells, numberIn, optionalText, type RowShape, textIn, withoutAbsent } from './cells.ts';

const optional = ['name', 'exchange', 'type', 'time_zone', 'sector', 'currency'];

export const instrumentRows: RowShape<InstrumentRow> = {
  columns: ['symbol', ...optional, 'received_time'],
  optional,
  versionOf: row => row.versionUs,
  cellsOf: ({ instrument: of }) => [of.symbol, of.name, of.exchange, of.type, of.timeZone, of.sector, of.currency, of.receivedTimeMs],
  rowOf: (cells, versionUs) => ({ instrument: instrumentIn(cells), versionUs }),
};

function instrumentIn(cells: Cells): InstrumentRecord {
  return withoutAbsent<InstrumentRecord>({
    v: recordFormat,
    kind: 'instrument',
    symbol: textIn(cells, 'symbol'),
    name: optionalText(cells, 'name'),
    exchange: optionalText(cells, 'exchange'),
    type: optionalText(cells, 'type'),
    timeZone: optionalText(cells, 'time_zone'),
    sector: optionalText(cells, 'sector'),
    currency: optionalText(cells, 'currency'),
    receivedTimeMs: numberIn(cells, 'received_time'),
  });
}
