/** The page: connects the socket with the table, the chart and the notices. */
import type { Interval } from '@tapeline/core/intervals';
import type { BoardRow, UpdateMessage } from '../board-messages.ts';
import { ChartView, type Choice } from './chart-view.ts';
import { connectBoard } from './connection.ts';
import { type BoardState, showState } from './notices.ts';
import { clock, fixed, PriceDecimals } from './number-format.ts';
import { made, place, write } from './page-elements.ts';
import { PriceTable } from './price-table.ts';
import { showQuote } from './quote-strip.ts';

const asked = new URLSearchParams(location.search);
const decimals = new PriceDecimals();
const rows = new Map<string, BoardRow>();
const table = new PriceTable(decimals, symbol => choose({ symbol }));
const chart = new ChartView(decimals);

let intervals: readonly Interval[] = [];
let symbol = asked.get('symbol') ?? undefined;
let interval: Interval | undefined;
let shown: Choice | undefined;
let state: Pick<BoardState, 'feeds' | 'problem' | 'lost'> = { feeds: [], problem: '', lost: undefined };
/** How far the server's clock is ahead of this one. */
let aheadMs = 0;

let attempts = 0;

const connection = connectBoard({
  url: new URL('ws', document.baseURI).href.replace(/^http/, 'ws'),
  hello: ({ hello }) => {
    offerIntervals(hello.intervals);
    watchAll(hello.maxSymbols).catch(() => undefined);
    chart.reload();
  },
  update,
  error: ({ message }) => {
    place('chart-message').textContent = message;
  },
  state: next => {
    if (next.kind === 'open') attempts = 0;
    if (next.kind !== 'lost') return;
    attempts += 1;
    state = { ...state, lost: { sinceMs: state.lost?.sinceMs ?? Date.now() + aheadMs, attempts } };
    refresh();
    leaveIfUnknown();
  },
});
setInterval(refresh, 1_000);
refresh();

function update(message: UpdateMessage): void {
  aheadMs = message.nowMs - Date.now();
  const before = state;
  state = { feeds: message.feeds ?? state.feeds, problem: message.problem ?? state.problem, lost: undefined };
  for (const row of message.rows ?? []) rows.set(row.symbol, row);
  if (message.rows !== undefined) table.show(message.rows, message.nowMs);
  if (shown === undefined) choose({});
  if (message.chart !== undefined) chart.update(message.chart);
  if (message.rows?.some(row => row.symbol === shown?.symbol)) showSelected();
  if (message.feeds !== undefined || message.problem !== undefined || before.lost !== undefined) refresh();
}

/** Every symbol that has a price now. */
async function watchAll(maxSymbols: number): Promise<void> {
  const { latest } = (await (await fetch('api/latest')).json()) as { latest: readonly BoardRow[] };
  connection.watch(latest.slice(0, maxSymbols).map(row => row.symbol));
}

function offerIntervals(offered: readonly Interval[]): void {
  if (offered.join() === intervals.join()) return;
  intervals = offered;
  interval =
    intervals.find(candidate => candidate === (interval ?? asked.get('interval'))) ?? intervals.find(one => one === '1m') ?? intervals[0];
  place('intervals').replaceChildren(
    ...intervals.map(name => {
      const button = made('button', '', name);
      button.setAttribute('role', 'radio');
      button.addEventListener('click', () => choose({ interval: name }));
      button.addEventListener('keydown', event => chooseNeighbour(event, name));
      return button;
    }),
  );
  markInterval();
}

/** Chooses what the chart shows; what is not named stays. */
function choose(choice: Partial<Choice>): void {
  symbol = choice.symbol ?? symbol ?? table.first;
  interval = choice.interval ?? interval;
  if (symbol === undefined || interval === undefined) return;
  if (shown?.symbol === symbol && shown.interval === interval) return;
  shown = { symbol, interval };
  table.mark(symbol);
  markInterval();
  showSelected();
  chart.choose(shown);
  connection.subscribe(shown);
  history.replaceState(null, '', `?${new URLSearchParams({ symbol, interval })}`);
}

function chooseNeighbour(event: KeyboardEvent, name: Interval): void {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const next = step === undefined ? undefined : intervals[intervals.indexOf(name) + step];
  if (next === undefined) return;
  event.preventDefault();
  choose({ interval: next });
  const button = place('intervals').children[intervals.indexOf(next)];
  if (button instanceof HTMLElement) button.focus();
}

function markInterval(): void {
  for (const button of place('intervals').children) {
    const isChosen = button.textContent === interval;
    button.setAttribute('aria-checked', String(isChosen));
    if (button instanceof HTMLElement) button.tabIndex = isChosen ? 0 : -1;
  }
}

function showSelected(): void {
  if (shown === undefined) return;
  const row = rows.get(shown.symbol);
  showQuote(shown.symbol, row, decimals);
  const mark = state.feeds.some(feed => feed.simulated) ? ' (simulated)' : '';
  document.title = row === undefined ? 'Tapeline' : `${fixed(row.price, decimals.of(row.symbol))} ${row.symbol}${mark} · Tapeline`;
}

/** A server that no longer knows this browser says so, with what to do, once the page is loaded again. */
function leaveIfUnknown(): void {
  fetch('api/feeds').then(
    ({ status }) => status === 401 && location.reload(),
    () => undefined,
  );
}

function refresh(): void {
  const nowMs = Date.now() + aheadMs;
  write(place('clock'), clock(nowMs, nowMs));
  showState({ ...state, nowMs });
  table.tick(nowMs);
}
