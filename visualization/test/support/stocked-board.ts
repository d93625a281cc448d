/** A board whose store holds what a test puts there, and whose log says nothing. */
import type { Alert } from '@tapeline/core/alerts';
import type { Bar } from '@tapeline/core/bars';
import type { InstrumentRecord, Tick } from '@tapeline/core/records';
import type { Gap, StoreBatch } from '@tapeline/database/market-store';
import type { LiveBoardOptions } from '../../src/live-board.ts';
import { type RunningMarket, startMarket } from './running-market.ts';

export const tenOClockMs = Date.UTC(2024, 10, 4, 10);
export const minuteMs = 60_000;
export const dayMs = 1_440 * minuteMs;

export interface StockedBoard {
  readonly running: RunningMarket;
  readonly url: string;
  /** Of a path with its query. */
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  /** Rows of all pages, first page first. */
  pages(path: string): Promise<readonly (readonly Readonly<Record<string, unknown>>[])[]>;
  close(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  json(): Readonly<Record<string, unknown>>;
}

export async function startStockedBoard(
  batch: Partial<StoreBatch>,
  options: { readonly nowMs: number; readonly board?: Partial<LiveBoardOptions> },
): Promise<StockedBoard> {
  const running = await startMarket({ now: () => options.nowMs });
  await running.store.write({ ticks: [], bars: [], latest: [], gaps: [], instruments: [], alerts: [], ...batch });
  const { url } = await running.startBoard(options.board);
  const get = async (path: string, headers: Record<string, string> = {}): Promise<Answer> => {
    const response = await fetch(`${url}${path}`, { headers });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: () => JSON.parse(text) };
  };
  const pages = async (path: string) => {
    const found: (readonly Readonly<Record<string, unknown>>[])[] = [];
    let next: unknown;
    do {
      const answer = (await get(next === undefined ? path : `${path}&after=${String(next)}`)).json();
      if (answer.error !== undefined) throw new Error(JSON.stringify(answer.error));
      const [name] = Object.keys(answer);
      found.push(answer[name ?? ''] as readonly Readonly<Record<string, unknown>>[]);
      next = answer.next;
    } while (next !== undefined);
    return found;
  };
  return { running, url, get, pages, close: () => running.close() };
}

export function aBar(fields: Partial<Bar> & Pick<Bar, 'startMs'>): Bar {
  const { startMs } = fields;
  return {
    ...{ symbol: 'BTC/USD', interval: '1m', endMs: startMs + minuteMs, open: 100, high: 110, low: 90, close: 105, volume: 4 },
    ...{ vwap: 101, vwapKind: 'estimate', tickCount: 3, state: 'final', flags: [], revision: 0, versionUs: startMs * 1_000 },
    ...fields,
  };
}

export function aTick(fields: Partial<Tick> & Pick<Tick, 'timeMs' | 'sequence'>): Tick {
  const { timeMs } = fields;
  return {
    ...{ v: 1, kind: 'tick', feed: 'twelve-data/0', session: 1, symbol: 'BTC/USD', price: 100, sourceTimeMs: timeMs },
    ...{ receivedTimeMs: timeMs, tradingDay: '2024-11-04', tradingDayEndMs: Date.UTC(2024, 10, 5) },
    ...fields,
  };
}

export function aGap(fields: Partial<Gap> & Pick<Gap, 'fromMs' | 'toMs'>): Gap {
  return { symbol: 'BTC/USD', reason: 'socket closed', filled: false, versionUs: fields.fromMs * 1_000, ...fields };
}

export function anAlert(fields: Partial<Alert> & Pick<Alert, 'timeMs'>): Alert {
  return {
    ...{ v: 1, kind: 'alert', id: `btc-high ${fields.symbol ?? 'BTC/USD'} ${fields.timeMs}`, rule: 'btc-high', condition: 'level' },
    ...{ severity: 'warning', symbol: 'BTC/USD', interval: '1m', value: 70_100, threshold: 70_000, message: 'BTC/USD rose above 70000' },
    ...{ versionUs: fields.timeMs * 1_000 },
    ...fields,
  };
}

export function anInstrument(symbol: string, fields: Partial<InstrumentRecord> = {}): InstrumentRecord {
  return { v: 1, kind: 'instrument', symbol, receivedTimeMs: tenOClockMs, ...fields };
}
