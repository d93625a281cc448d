/** Metadata of symbols as cells. */
import { type InstrumentRecord, recordFormat } from '@tapeline/core/records';
import type { InstrumentRow } from '../market-store.ts';
import { type Cells, numberIn, optionalNumber, optionalText, type RowShape, textIn, withoutAbsent } from './cells.ts';

const optional = ['name', 'exchange', 'type', 'time_zone', 'sector', 'currency', 'fifty_two_week_low', 'fifty_two_week_high'];

export const instrumentRows: RowShape<InstrumentRow> = {
  columns: ['symbol', ...optional, 'received_time'],
  optional,
  versionOf: row => row.versionUs,
  cellsOf: ({ instrument: of }) => {
    const facts = [of.name, of.exchange, of.type, of.timeZone, of.sector, of.currency];
    return [of.symbol, ...facts, of.fiftyTwoWeekLow, of.fiftyTwoWeekHigh, of.receivedTimeMs];
  },
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
    fiftyTwoWeekLow: optionalNumber(cells, 'fifty_two_week_low'),
    fiftyTwoWeekHigh: optionalNumber(cells, 'fifty_two_week_high'),
    receivedTimeMs: numberIn(cells, 'received_time'),
  });
}
