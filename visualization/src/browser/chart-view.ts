/** The chart panel: history from the HTTP interface, the present from the socket, intervals, the bar's numbers and its flags. */
import type { Interval } from '@tapeline/core/intervals';
import type { BoardBar, UpdateMessage } from '../board-messages.ts';
import { clock, fixed, type PriceDecimals, volume } from './number-format.ts';
import { made, place } from './page-elements.ts';
import { flagOrder, PriceChart } from './price-chart.ts';

const retryMs = 3_000;

export interface Choice {
  readonly symbol: string;
  readonly interval: Interval;
}

export class ChartView {
  readonly #chart: PriceChart;
  readonly #decimals: PriceDecimals;
  #choice: Choice | undefined;
  #loading = new AbortController();
  #shownDecimals = -1;

  constructor(decimals: PriceDecimals) {
    this.#decimals = decimals;
    this.#chart = new PriceChart(place('chart'), bar => this.#showBar(bar));
    const names = flagOrder.map(flag => {
      const item = made('li', '', flag);
      item.dataset.flag = flag;
      return item;
    });
    place('flags').replaceChildren(...names);
  }

  /** Shows another symbol or interval. */
  choose(choice: Choice): void {
    this.#choice = choice;
    this.#shownDecimals = -1;
    this.#chart.clear({ showsSeconds: ['1s', '5s', '15s'].includes(choice.interval) });
    this.#say(`Loading ${choice.symbol} ${choice.interval}…`);
    this.reload();
  }

  /** Takes in what the socket says about the chosen symbol. */
  update(chart: NonNullable<UpdateMessage['chart']>): void {
    if (chart.symbol !== this.#choice?.symbol || chart.interval !== this.#choice.interval) return;
    this.#merge(chart.bars);
    if (chart.reload === true) this.reload();
  }

  /** Reads the history again: after a choice, a lost connection, or when the server says that bars were missed. */
  reload(): void {
    this.#loading.abort();
    this.#loading = new AbortController();
    if (this.#choice !== undefined) void this.#load(this.#choice, this.#loading.signal);
  }

  async #load(choice: Choice, signal: AbortSignal): Promise<void> {
    try {
      const query = new URLSearchParams({ symbol: choice.symbol, interval: choice.interval, limit: '500' });
      const response = await fetch(`api/bars?${query}`, { signal });
      const answer = (await response.json()) as { bars?: readonly BoardBar[]; error?: { message: string } };
      if (signal.aborted) return;
      if (answer.bars === undefined) throw new Error(answer.error?.message ?? `status ${response.status}`);
      this.#merge(answer.bars);
      this.#chart.settle();
      this.#say(this.#chart.bars.length === 0 ? `No bars of ${choice.symbol} ${choice.interval} yet` : undefined);
    } catch (error) {
      if (signal.aborted) return;
      const reason = error instanceof Error ? error.message : String(error);
      if (this.#chart.bars.length === 0) this.#say(`The history could not be read (${reason}); trying again`);
      setTimeout(() => {
        if (!signal.aborted) void this.#load(choice, signal);
      }, retryMs);
    }
  }

  #merge(bars: readonly BoardBar[]): void {
    const last = bars.at(-1);
    if (last === undefined) return;
    const decimals = this.#decimals.of(last.symbol, ...bars.flatMap(bar => [bar.open, bar.close]));
    if (decimals !== this.#shownDecimals) this.#chart.setDecimals(decimals);
    this.#shownDecimals = decimals;
    this.#chart.merge(bars);
    this.#say(undefined);
  }

  #showBar(bar: BoardBar | undefined): void {
    if (bar === undefined) {
      place('legend').replaceChildren();
      return;
    }
    const decimals = this.#decimals.of(bar.symbol);
    const numbers: [string, string][] = [
      ['O', fixed(bar.open, decimals)],
      ['H', fixed(bar.high, decimals)],
      ['L', fixed(bar.low, decimals)],
      ['C', fixed(bar.close, decimals)],
      ['Vol', bar.volume === undefined ? '–' : volume(bar.volume)],
      ['VWAP', bar.vwap === undefined ? '–' : fixed(bar.vwap, decimals)],
      ['Ticks', fixed(bar.tickCount, 0)],
    ];
    const parts = numbers.map(([name, text]) => {
      const part = made('span', '', `${name} `);
      part.append(made('b', '', text));
      return part;
    });
    const flags = bar.flags.map(flag => {
      const part = made('span', '', flag);
      part.dataset.flag = flag;
      return part;
    });
    const time = made(
      'span',
      '',
      bar.interval === '1d' ? new Date(bar.startMs).toISOString().slice(0, 10) : clock(bar.startMs, Date.now()),
    );
    place('legend').replaceChildren(time, ...parts, made('span', '', bar.state === 'forming' ? 'forming' : ''), ...flags);
  }

  #say(text: string | undefined): void {
    const message = place('chart-message');
    message.hidden = text === undefined;
    message.textContent = text ?? '';
  }
}
