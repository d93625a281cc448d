/** The chart panel: history from the HTTP interface, the present from the socket, the reader's indicators and keys. */
import { intervalMs } from '@tapeline/core/intervals';
import type { BoardAlert, BoardBar, OpenGap, UpdateMessage } from '../board-messages.ts';
import { flagLooks } from './bar-marks.ts';
import { type PointedBar, spoken } from './bar-readout.ts';
import { ChartAlerts } from './chart-alerts.ts';
import { ChartHistory, type Choice } from './chart-history.ts';
import type { IndicatorName } from './indicator-choices.ts';
import type { PriceDecimals } from './number-format.ts';
import { announce, made, place, write } from './page-elements.ts';
import { PriceChart } from './price-chart.ts';
import { showReadout } from './readout-view.ts';
import type { ShownRange } from './shown-places.ts';
import type { TimeSpan } from './time-slots.ts';

/** The store has a gap a moment after the live bars tell of it. */
const gapWaitMs = 2_000;

export class ChartView {
  readonly #chart: PriceChart;
  readonly #history: ChartHistory;
  readonly #decimals: PriceDecimals;
  #choice: Choice | undefined;
  #indicators: readonly IndicatorName[];
  #pointed: PointedBar = { bar: undefined, values: undefined, gap: undefined };
  #shownDecimals = -1;
  readonly #alerts = new ChartAlerts();
  /** The last live bar with a gap: it is asked for once. */
  #gapKey = '';
  #isInGap = false;

  constructor(decimals: PriceDecimals, indicators: readonly IndicatorName[]) {
    this.#decimals = decimals;
    this.#indicators = indicators;
    this.#chart = new PriceChart(place('chart'), {
      pointed: at => this.#point(at),
      ranged: range => this.#ranged(range),
    });
    this.#history = new ChartHistory({
      newest: (bars, failure) => this.#newest(bars, failure),
      older: bars => this.#older(bars),
      again: (bars, span) => this.#readAgain(bars, span),
      missing: span => this.#chart.showMissing(span),
      known: toMs => {
        this.#chart.leaveMissing(toMs);
        this.reload();
      },
      gaps: gaps => this.#chart.showGaps(gaps),
      alerts: alerts => this.addAlerts(alerts),
    });
    const looks = flagLooks.filter(({ flag }) => flag !== 'reconciled');
    place('flags').replaceChildren(...looks.map(({ flag, letter, says }) => flagItem(flag, letter, says)));
    place('to-newest').addEventListener('click', () => this.#chart.showNewest());
    const container = place('chart');
    container.tabIndex = 0;
    container.addEventListener('keydown', event => this.#key(event));
    container.addEventListener('blur', () => this.#chart.leave());
    this.paint();
    this.chooseIndicators(indicators);
  }

  /** Shows another symbol or interval. */
  choose(choice: Choice): void {
    this.#alerts.of(choice.symbol);
    this.#choice = choice;
    this.#shownDecimals = -1;
    this.#gapKey = '';
    this.#isInGap = false;
    place('history-note').hidden = true;
    this.#chart.clear({ symbol: choice.symbol, windowMs: intervalMs(choice.interval) });
    this.#say(`Loading ${choice.symbol} ${choice.interval}…`);
    this.reload();
  }

  /** Takes in what the socket says about the chosen symbol. */
  update(chart: NonNullable<UpdateMessage['chart']>, nowMs: number): void {
    if (chart.symbol !== this.#choice?.symbol || chart.interval !== this.#choice.interval) return;
    this.#merge(chart.bars);
    this.#watchGaps(chart.bars);
    this.#showOpenGap(chart.gap, nowMs);
    if (chart.reload === true) this.reload();
  }

  /** Time passes: @param nowMs the server's */
  tick(nowMs: number): void {
    this.#chart.tick(nowMs);
  }

  /** Reads the history again: after a choice, a lost connection, or when the server says that bars were missed. */
  reload(): void {
    if (this.#choice === undefined) return;
    this.#chart.doubt();
    this.#history.begin(this.#choice);
  }

  /** Marks alerts; those of other symbols wait for theirs. */
  addAlerts(alerts: readonly BoardAlert[]): void {
    if (this.#alerts.take(alerts)) this.#chart.showAlerts(this.#alerts.all);
  }

  chooseIndicators(names: readonly IndicatorName[]): void {
    this.#indicators = names;
    place('plot').dataset.panes = String(this.#chart.chooseIndicators(names));
    this.#point(this.#pointed);
  }

  showNewest(): void {
    this.#chart.showNewest();
  }

  /** Takes the colours of the theme. */
  paint(): void {
    this.#chart.paint();
  }

  #newest(bars: readonly BoardBar[] | undefined, failure: string): void {
    if (bars === undefined) {
      if (this.#chart.bars.length === 0) this.#say(`The history could not be read (${failure}); trying again`);
      return;
    }
    this.#merge(bars, 'newest');
    const [renewed, newest] = [bars[0], bars.at(-1)];
    if (renewed !== undefined && newest !== undefined) this.#leaveDoubted({ fromMs: renewed.startMs, toMs: newest.startMs });
    this.#chart.settle();
    this.#sayIfEmpty();
    this.#history.around(this.#chart.bars);
    const [oldest, last] = [this.#chart.bars[0], this.#chart.bars.at(-1)];
    if (oldest === undefined || last === undefined) return;
    if (renewed !== undefined) this.#history.again({ fromMs: oldest.startMs, toMs: renewed.startMs });
    this.#history.againInAWhile({ fromMs: newest === undefined ? oldest.startMs : newest.startMs + 1, toMs: last.startMs + 1 });
  }

  #readAgain(bars: readonly BoardBar[], span: TimeSpan): void {
    this.#merge(bars);
    this.#leaveDoubted(span);
    this.#sayIfEmpty();
  }

  #leaveDoubted(span: TimeSpan): void {
    this.#chart.leaveDoubted(span, this.#history.missing);
  }

  #sayIfEmpty(): void {
    const { symbol = '', interval = '' } = this.#choice ?? {};
    this.#say(this.#chart.bars.length === 0 ? `No bars of ${symbol} ${interval} yet` : undefined);
  }

  #older(bars: readonly BoardBar[]): void {
    if (this.#chart.prepend(bars) > 0) this.#history.around(this.#chart.bars);
    write(place('history-note'), this.#startText());
  }

  #ranged({ isNearStart, isAtStart, isAtEnd }: ShownRange): void {
    place('to-newest').hidden = isAtEnd;
    const first = this.#chart.bars[0];
    if (isNearStart && first !== undefined && !this.#chart.isFull) this.#history.older(first.startMs);
    const note = place('history-note');
    // A chart that shows all there is needs no word about it.
    note.hidden = !isAtStart || isAtEnd;
    write(note, this.#startText());
  }

  /** Why nothing stands to the left of the first bar. */
  #startText(): string {
    const { missing } = this.#history;
    if (missing !== undefined && missing.toMs <= (this.#chart.bars[0]?.startMs ?? 0)) return 'The bars before these are not stored yet';
    if (!this.#history.hasOlder) return 'These are the oldest bars';
    return this.#chart.isFull ? 'The chart is full: a longer interval shows more of the past' : 'Loading older bars…';
  }

  #showOpenGap(gap: OpenGap | undefined, nowMs: number): void {
    const isOver = this.#isInGap && gap === undefined;
    this.#isInGap = gap !== undefined;
    this.#chart.showOpenGap(gap, nowMs);
    if (isOver) setTimeout(() => this.#history.around(this.#chart.bars), gapWaitMs);
  }

  #watchGaps(bars: readonly BoardBar[]): void {
    const flagged = bars.findLast(bar => bar.flags.includes('gap') || bar.flags.includes('filled'));
    const key = flagged === undefined ? this.#gapKey : [flagged.startMs, flagged.state, flagged.revision].join();
    if (key === this.#gapKey) return;
    this.#gapKey = key;
    setTimeout(() => this.#history.around(this.#chart.bars), gapWaitMs);
  }

  #merge(bars: readonly BoardBar[], of: 'newest' | 'update' = 'update'): void {
    const last = bars.at(-1);
    if (last === undefined) return;
    const decimals = this.#decimals.of(last.symbol, ...bars.flatMap(bar => [bar.open, bar.close]));
    if (decimals !== this.#shownDecimals) this.#chart.setDecimals(decimals);
    this.#shownDecimals = decimals;
    if (of === 'newest') this.#chart.renew(bars);
    else this.#chart.merge(bars);
    this.#say(undefined);
  }

  #point(at: PointedBar): void {
    this.#pointed = at;
    showReadout(place('readout'), at, this.#indicators, this.#decimals.of(this.#choice?.symbol ?? ''));
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const chart = this.#chart;
    const many = event.shiftKey ? 10 : 1;
    const actions: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => chart.step(-many),
      ArrowRight: () => chart.step(many),
      Home: () => chart.stepTo('oldest'),
      End: () => chart.stepTo('newest'),
      '+': () => chart.zoom('closer'),
      '=': () => chart.zoom('closer'),
      '-': () => chart.zoom('wider'),
      Escape: () => chart.leave(),
    };
    const action = actions[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
    announce(spoken(this.#pointed, this.#indicators, this.#shownDecimals, Date.now()));
  }

  #say(text: string | undefined): void {
    const message = place('chart-message');
    message.hidden = text === undefined;
    message.textContent = text ?? '';
  }
}

function flagItem(flag: string, letter: string | undefined, says: string): HTMLElement {
  const item = made('li', '', letter === undefined ? flag : `${letter} ${flag}`);
  item.dataset.flag = flag;
  item.title = says;
  return item;
}
