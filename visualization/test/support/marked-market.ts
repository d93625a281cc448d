/** Things to be seen on a chart, put into a moving market: bars of every flag, a gap that history filled, and alerts. */
import type { Alert } from '@tapeline/core/alerts';
import type { BarFlag } from '@tapeline/core/bars';
import type { RunningMarket } from './running-market.ts';

const minuteMs = 60_000;
/** By how many minutes ago. */
const comparedMinutes = new Map<number, BarFlag>([
  [12, 'mismatch'],
  [10, 'reconciled'],
  [9, 'reconciled'],
]);

/** Marks the minutes of a symbol before `nowMs`, which has to have more than an hour of history. */
export async function markMarket({ feed, store }: RunningMarket, symbol: string, nowMs: number): Promise<void> {
  const minute = Math.floor(nowMs / minuteMs) * minuteMs;
  const range = { fromMs: minute - 60 * minuteMs, toMs: minute, limit: 100 };
  const bars = await store.bars({ symbol, interval: '1m', ...range });
  const gap = (await store.gaps(range)).find(one => one.symbol === symbol);
  if (gap === undefined) throw new Error(`no gap of ${symbol} is stored`);
  const { fromMs, toMs, reason } = gap;
  const firstMs = Math.ceil(fromMs / minuteMs) * minuteMs;
  const before = bars.findLast(bar => bar.startMs < firstMs)?.close ?? 100;
  const filled = Array.from({ length: Math.floor((toMs - firstMs) / minuteMs) }, (_, at) => {
    const open = before * (1 - 0.0003 * at);
    const close = before * (1 - 0.0003 * (at + (at % 2 === 0 ? 1.4 : 0.2)));
    const extremes = { high: Math.max(open, close) * 1.0002, low: Math.min(open, close) * 0.9998 };
    return feed.minute(firstMs + at * minuteMs, {
      symbol,
      open,
      close,
      ...extremes,
      ...(at === 0 ? { gap: { fromMs, toMs, reason } } : {}),
    });
  });
  const compared = bars.flatMap(({ startMs, open, high, low, close, volume, tickCount }) => {
    const flag = comparedMinutes.get((minute - startMs) / minuteMs);
    if (flag === undefined) return [];
    return [feed.minute(startMs, { symbol, open, high, low, close, volume, tickCount, action: 'flag', flags: [flag], revision: 1 })];
  });
  await feed.append(...filled, ...compared);
  await store.write({ ticks: [], bars: [], latest: [], gaps: [], instruments: [], alerts: alertsBefore(symbol, minute) });
}

function alertsBefore(symbol: string, minute: number): readonly Alert[] {
  const alert = (rule: string, agoMinutes: number, fields: Partial<Alert>): Alert => ({
    ...{ v: 1, kind: 'alert', id: `${rule}/${agoMinutes}`, rule, condition: 'level', severity: 'warning' },
    ...{ timeMs: minute - agoMinutes * minuteMs, versionUs: minute, message: 'rule met', ...fields },
  });
  return [
    alert('large-move', 14, {
      symbol,
      interval: '1m',
      condition: 'spike',
      message: `${symbol} rose by 0.31 % in 5 minutes (rule: 0.25 %)`,
    }),
    alert('level', 6, { symbol, interval: '1m', severity: 'critical', message: `${symbol} closed above its level` }),
    alert('euro', 25, { symbol: 'EUR/USD', interval: '5m', severity: 'info', message: 'EUR/USD crossed its moving average' }),
    alert('stale-feed', 44, { feed: 'twelve-data/0', condition: 'stale', message: 'twelve-data/0 was silent for 6 minutes' }),
  ];
}
