/** The alerts of the last day, the newest first; each opens its chart. */
import type { Interval } from '@tapeline/core/intervals';
import type { BoardAlert } from '../board-messages.ts';
import { ask } from './market-api.ts';
import { clock } from './number-format.ts';
import { announce, made, madeButton, place, write } from './page-elements.ts';

const mostAlerts = 100;
const dayMs = 86_400_000;
/** The socket tells what is given; what it had no chance to, and what the day has left behind, so often. */
const pollMs = 60_000;

export interface AlertListOptions {
  readonly open: (symbol: string, interval: Interval | undefined) => void;
  /** Told all of the list whenever one came. */
  readonly changed: (alerts: readonly BoardAlert[]) => void;
  /** The server's clock. */
  readonly now: () => number;
}

export class AlertList {
  readonly #options: AlertListOptions;
  /** As the server listed them. */
  #listed: readonly BoardAlert[] = [];
  /** It did: what comes from then on is new. */
  #isListed = false;
  /** Those that it told by itself. */
  #told: readonly BoardAlert[] = [];
  /** The newest first. */
  #shown: readonly BoardAlert[] = [];
  /** The day on which they were drawn: those of another one have their date. */
  #drawnDay = 0;
  #asking = new AbortController();

  constructor(options: AlertListOptions) {
    this.#options = options;
    const refreshIfSeen = () => {
      if (document.hidden) return;
      if (this.#isListed) this.#show();
      this.refresh();
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

  /** Takes alerts in that the server told by itself. */
  add(alerts: readonly BoardAlert[]): void {
    this.#told = [...this.#told, ...alerts].slice(-mostAlerts);
    this.#show();
  }

  /** Puts the focus on the newest one that opens a chart. */
  focus(): void {
    place('alerts').querySelector('button')?.focus();
  }

  async #load(signal: AbortSignal): Promise<void> {
    try {
      const alerts = await ask('alerts', { limit: mostAlerts }, signal);
      if (signal.aborted) return;
      this.#listed = alerts;
      this.#show();
      this.#isListed = true;
    } catch {
      // Without the server the notices say so; the list is asked for again.
    }
  }

  #show(): void {
    const before = this.#shown;
    const oldestMs = this.#options.now() - dayMs;
    const told = this.#told.filter(({ timeMs }) => timeMs > oldestMs);
    const all = new Map([...this.#listed, ...told].map(alert => [alert.id, alert]));
    const alerts = [...all.values()].sort((a, b) => b.timeMs - a.timeMs).slice(0, mostAlerts);
    const known = new Set(before.map(({ id }) => id));
    const others = alerts.filter(({ id }) => !known.has(id));
    this.#shown = alerts;
    const day = Math.floor(this.#options.now() / dayMs);
    if (this.#isListed && others.length === 0 && alerts.length === before.length && day === this.#drawnDay) return;
    this.#drawnDay = day;
    const fresh = this.#isListed ? others : [];
    place('no-alerts').hidden = alerts.length > 0;
    write(place('alerts-count'), alerts.length === 0 ? '' : `${alerts.length}${alerts.length < mostAlerts ? '' : ' newest'}, last day`);
    this.#draw(alerts, fresh);
    const [newest] = fresh;
    if (newest !== undefined) announce(`Alert: ${newest.message}`);
    this.#options.changed(alerts);
  }

  /** One that has the focus keeps it. */
  #draw(alerts: readonly BoardAlert[], fresh: readonly BoardAlert[]): void {
    const list = place('alerts');
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.alert : undefined;
    list.replaceChildren(...alerts.map(alert => this.#itemOf(alert, fresh.includes(alert))));
    if (focused !== undefined) list.querySelector<HTMLElement>(`[data-alert="${CSS.escape(focused)}"]`)?.focus();
  }

  #itemOf(alert: BoardAlert, isFresh: boolean): HTMLElement {
    const { symbol, interval } = alert;
    const item = made('li', '');
    const line = symbol === undefined ? made('div', 'alert') : madeButton('alert', '');
    line.dataset.alert = alert.id;
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
