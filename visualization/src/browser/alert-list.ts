/** The alerts of the last day, the newest first; each opens its chart. */
import type { Interval } from '@tapeline/core/intervals';
import { ask, type BoardAlert } from './market-api.ts';
import { clock } from './number-format.ts';
import { announce, made, madeButton, place, write } from './page-elements.ts';

const mostAlerts = 100;
const pollMs = 10_000;

export interface AlertListOptions {
  readonly open: (symbol: string, interval: Interval | undefined) => void;
  /** Told all of the list whenever one came. */
  readonly changed: (alerts: readonly BoardAlert[]) => void;
  /** The server's clock. */
  readonly now: () => number;
}

export class AlertList {
  readonly #options: AlertListOptions;
  #known: ReadonlySet<string> | undefined;
  #asking = new AbortController();

  constructor(options: AlertListOptions) {
    this.#options = options;
    const refreshIfSeen = () => {
      if (!document.hidden) this.refresh();
    };
    setInterval(refreshIfSeen, pollMs);
    document.addEventListener('visibilitychange', refreshIfSeen);
  }

  /** Asks the server anew. */
  refresh(): void {
    this.#asking.abort();
    this.#asking = new AbortController();
    void this.#load(this.#asking.signal);
  }

  /** Puts the focus on the newest one that opens a chart. */
  focus(): void {
    place('alerts').querySelector('button')?.focus();
  }

  async #load(signal: AbortSignal): Promise<void> {
    try {
      const alerts = await ask('alerts', { limit: mostAlerts }, signal);
      if (!signal.aborted) this.#show(alerts.toSorted((a, b) => b.timeMs - a.timeMs));
    } catch {
      // Without the server the notices say so; the list is asked for again.
    }
  }

  #show(alerts: readonly BoardAlert[]): void {
    const known = this.#known;
    const fresh = alerts.filter(alert => known?.has(alert.id) !== true);
    const hasChanged = known === undefined || fresh.length > 0 || alerts.length !== known.size;
    if (!hasChanged) return;
    this.#known = new Set(alerts.map(alert => alert.id));
    place('no-alerts').hidden = alerts.length > 0;
    write(place('alerts-count'), alerts.length === 0 ? '' : `${alerts.length}${alerts.length < mostAlerts ? '' : ' newest'}, last day`);
    const isFresh = (alert: BoardAlert) => known !== undefined && fresh.includes(alert);
    place('alerts').replaceChildren(...alerts.map(alert => this.#itemOf(alert, isFresh(alert))));
    const newest = fresh[0];
    if (known !== undefined && newest !== undefined) announce(`Alert: ${newest.message}`);
    this.#options.changed(alerts);
  }

  #itemOf(alert: BoardAlert, isFresh: boolean): HTMLElement {
    const { symbol, interval } = alert;
    const item = made('li', '');
    const line = symbol === undefined ? made('div', 'alert') : madeButton('alert', '');
    line.dataset.severity = alert.severity;
    if (isFresh) line.dataset.fresh = 'true';
    line.title = `Rule ${alert.rule}: ${alert.condition}`;
    const time = clock(alert.timeMs, this.#options.now());
    line.append(
      made('span', 'severity', alert.severity),
      made('b', '', symbol ?? alert.feed ?? ''),
      made('span', 'quiet', time),
      made('span', 'message', alert.message),
    );
    if (symbol !== undefined) line.addEventListener('click', () => this.#options.open(symbol, interval));
    item.append(line);
    return item;
  }
}
