/** The page: connects the socket with the watchlist, the chart, the search, the alerts and the keys. */
import { type Interval, isInterval } from '@tapeline/core/intervals';
import type { BoardRow, HelloMessage, UpdateMessage } from '../board-messages.ts';
import { AlertList } from './alert-list.ts';
import { linkTo, readLink } from './board-link.ts';
import type { Choice } from './chart-history.ts';
import { ChartView } from './chart-view.ts';
import { type BoardConnection, connectBoard } from './connection.ts';
import { HelpDialog } from './help-dialog.ts';
import { IndicatorMenu } from './indicator-menu.ts';
import { IntervalSwitch } from './interval-switch.ts';
import { KeptChoices } from './kept-choices.ts';
import { ask } from './market-api.ts';
import { fixed, PriceDecimals } from './number-format.ts';
import { paced } from './pace.ts';
import { place } from './page-elements.ts';
import { listenToKeys } from './page-keys.ts';
import { showQuote, showStar, showTitle } from './quote-strip.ts';
import { ServerState } from './server-state.ts';
import type { Command } from './shortcuts.ts';
import { SymbolSearch } from './symbol-search.ts';
import { ThemeSwitch } from './theme.ts';
import { WatchedSymbols } from './watched-symbols.ts';
import { WatchlistView } from './watchlist-view.ts';

const kept = new KeptChoices(() => localStorage);
const decimals = new PriceDecimals();
const rows = new Map<string, BoardRow>();
let shown: Partial<Choice> = {};
/** What the chart and the server were told last. */
let opened: Partial<Choice> = {};
let told: readonly string[] = [];
/** A key that is held down runs through a list faster than charts can be read, and than the server takes messages. */
const openChart = paced(showChart, 400);

// First what asks the server: its answers are on their way while the chart is made.
const server = new ServerState(reconnect);
const watched = new WatchedSymbols(kept, symbols => watch(symbols));
let connection: BoardConnection = connect();

const theme = new ThemeSwitch(kept, () => chart.paint());
const chart = new ChartView(decimals, kept.indicators);
const table = new WatchlistView(decimals, {
  chosen: symbol => choose({ symbol }),
  removed: symbol => watched.remove(symbol),
  moved: (symbol, at) => watched.move(symbol, at),
});
const intervals = new IntervalSwitch(interval => choose({ interval }));
const indicators = new IndicatorMenu(kept.indicators, names => {
  kept.keepIndicators(names);
  chart.chooseIndicators(names);
});
const search = new SymbolSearch({
  chosen: symbol => {
    watched.add(symbol);
    choose({ symbol });
  },
  isWatched: symbol => watched.has(symbol),
});
const alerts = new AlertList({
  open: (symbol, interval) => choose({ symbol, ...(interval === undefined ? {} : { interval }) }),
  changed: found => chart.addAlerts(found),
  now: () => server.nowMs,
});
const help = new HelpDialog();

place('watch').addEventListener('click', () => {
  const { symbol } = shown;
  if (symbol !== undefined) watched.has(symbol) ? watched.remove(symbol) : watched.add(symbol);
});
window.addEventListener('hashchange', () => choose(linked()));
listenToKeys({
  command: run,
  intervalAt: index => intervals.chooseAt(index),
  intervalStep: by => intervals.step(by),
  isBlocked: () => help.isOpen,
});
setInterval(() => {
  table.tick(server.nowMs);
  chart.tick(server.nowMs);
}, 1_000);

function connect(): BoardConnection {
  return connectBoard({
    url: new URL('ws', document.baseURI).href.replace(/^http/, 'ws'),
    hello: begin,
    update,
    state: state => server.connection(state),
    error: ({ message }) => server.refused(message),
  });
}

/** Does not wait for the next attempt. */
function reconnect(): void {
  connection.close();
  connection = connect();
  connection.watch(told);
  if (opened.symbol !== undefined && opened.interval !== undefined) {
    connection.subscribe({ symbol: opened.symbol, interval: opened.interval, indicators: true });
  }
}

/** A connection stands: what was missed meanwhile is asked for. */
function begin({ hello }: HelloMessage): void {
  server.refused('');
  intervals.offer(hello.intervals);
  if (shown.interval === undefined) choose({ interval: '1m', ...linked() });
  else chart.reload();
  watched.begin(hello.maxSymbols);
  alerts.refresh();
}

function update(message: UpdateMessage): void {
  server.update(message);
  for (const row of message.rows ?? []) rows.set(row.symbol, row);
  if (message.rows !== undefined) table.show(message.rows, message.nowMs);
  if (message.alerts !== undefined) alerts.add(message.alerts);
  if (message.chart !== undefined) chart.update(message.chart, message.nowMs);
  if (message.rows?.some(row => row.symbol === shown.symbol) || message.feeds !== undefined) showPrice();
}

/** The watchlist is another one, or the chart's symbol is: its row is wanted too. */
function watch(symbols: readonly string[]): void {
  table.list(symbols);
  const [first] = symbols;
  if (shown.symbol === undefined && first !== undefined) choose({ symbol: first });
  tellServer();
  for (const symbol of symbols) {
    const row = rows.get(symbol);
    if (row !== undefined) table.show([row], server.nowMs);
  }
}

/** Tells the server what is wanted, and forgets the prices of what is not. */
function tellServer(): void {
  const { symbol, interval } = shown;
  const wanted = new Set([...watched.symbols, ...(symbol === undefined ? [] : [symbol])]);
  for (const name of rows.keys()) {
    if (!wanted.has(name)) rows.delete(name);
  }
  // Sorted: their order is the page's own affair.
  const names = [...wanted].sort();
  if (names.join('\n') !== told.join('\n')) {
    server.refused('');
    connection.watch(names);
  }
  told = names;
  if (symbol === undefined) return;
  showStar(symbol, watched.has(symbol), watched.fullText);
  if (interval !== undefined) openChart();
}

/** Chooses what the chart shows; what is not named stays. */
function choose(choice: Partial<Choice>): void {
  const before = shown;
  const interval = known(choice.interval) ?? before.interval;
  const symbol = choice.symbol ?? before.symbol ?? watched.symbols[0];
  shown = { ...(symbol === undefined ? {} : { symbol }), ...(interval === undefined ? {} : { interval }) };
  intervals.mark(interval);
  if (symbol === undefined || interval === undefined || (symbol === before.symbol && interval === before.interval)) return;
  table.mark(symbol);
  tellServer();
  showPrice();
  if (location.hash !== linkTo(symbol, interval)) history.replaceState(null, '', `./${linkTo(symbol, interval)}`);
}

/** The interval if the server makes bars of it, else the nearest to what was meant. */
function known(interval: Interval | undefined): Interval | undefined {
  const { offered } = intervals;
  return interval === undefined || offered.includes(interval) ? interval : (offered.find(one => one === '1m') ?? offered[0]);
}

function linked(): Partial<Choice> {
  const { symbol, interval = '' } = readLink(location);
  return { ...(symbol === undefined ? {} : { symbol }), ...(isInterval(interval) ? { interval } : {}) };
}

function showPrice(): void {
  const { symbol } = shown;
  if (symbol === undefined) return;
  const row = rows.get(symbol);
  showQuote(symbol, row, decimals);
  const mark = server.isSimulated ? ' (simulated)' : '';
  document.title = row === undefined ? `${symbol} · Tapeline` : `${fixed(row.price, decimals.of(symbol))} ${symbol}${mark} · Tapeline`;
}

function showChart(): void {
  const { symbol, interval } = shown;
  if (symbol === undefined || interval === undefined || (opened.symbol === symbol && opened.interval === interval)) return;
  if (opened.symbol !== symbol) void showName(symbol);
  opened = { symbol, interval };
  chart.choose({ symbol, interval });
  connection.subscribe({ symbol, interval, indicators: true });
}

async function showName(symbol: string): Promise<void> {
  showTitle(undefined);
  const found = await ask('instruments', { search: symbol, limit: 5 }, AbortSignal.timeout(5_000)).catch(() => []);
  if (shown.symbol === symbol) showTitle(found.find(instrument => instrument.symbol === symbol)?.name);
}

function run(command: Command): void {
  const commands: Readonly<Record<Command, () => void>> = {
    search: () => search.focus(),
    help: () => help.open(),
    indicators: () => indicators.toggle(),
    theme: () => theme.next(),
    watchlist: () => table.focus(),
    chart: () => place('chart').focus(),
    alerts: () => alerts.focus(),
    newest: () => chart.showNewest(),
  };
  commands[command]();
}
