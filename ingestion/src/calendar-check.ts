/**
 * Holds our calendars against what the vendor says about its markets, once a day, for one credit. Differences are said and counted; nothing follows
 * from them by itself, because a vendor may be wrong too: whoever reads of one mends the calendar (core/src/calendars).
 */
import { exchangeRules } from '@tapeline/core/calendars/exchanges';
import { calendarOf } from '@tapeline/core/calendars/market-calendars';
import { PipelineError, reasonOf } from '@tapeline/core/errors';
import { metricOf } from '@tapeline/core/metrics/registered-metrics';
import { pause as realPause } from '@tapeline/core/pause';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { MarketState } from './twelve-data/rest-answers.ts';
import type { RestClient } from './twelve-data/rest-client.ts';

export interface CalendarCheckOptions {
  readonly client: Pick<RestClient, 'marketState'>;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly signal: AbortSignal;
  /** Milliseconds since the Unix epoch. @default Date.now */
  readonly clock?: () => number;
  /** Waits, or until the signal aborts; never rejects. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** What the vendor and our calendar say differently of an exchange. */
export interface CalendarDifference {
  /** Market identifier code. */
  readonly market: string;
  readonly about: 'open now' | 'next open' | 'next close';
  /** True or false, or a moment in ISO 8601; `never` for none within a month. */
  readonly vendor: string;
  readonly ours: string;
}

/** A process that is restarted again and again must not spend a credit each time. */
const firstCheckMs = 600_000;
const dayMs = 86_400_000;
/** Answers are under way for a while, and vendors open their books a little late. */
const toleranceMs = 120_000;

/** Checks ten minutes from now and then once a day, until the signal aborts. A check that fails is tried again the next day. */
export async function checkCalendars(options: CalendarCheckOptions): Promise<void> {
  const { client, logger, registry, signal, clock = Date.now, pause = realPause } = options;
  const differing = metricOf(registry, 'tapeline_backfiller_calendar_differences');
  await pause(firstCheckMs, signal);
  while (!signal.aborted) {
    try {
      const states = await client.marketState(undefined, signal);
      const differences = calendarDifferences(states, clock());
      differing.set(differences.length);
      if (differences.length === 0) logger.info({ markets: states.length }, 'our calendars say what the vendor says');
      else
        logger.warn(
          { differences },
          `${differences.length} market states differ from our calendars: ${differences.map(textOf).join('; ')}`,
        );
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof PipelineError)) throw error;
      logger.warn({ code: error.code }, `the calendars could not be checked: ${reasonOf(error)}; trying again in a day`);
    }
    await pause(dayMs, signal);
  }
}

/** Where the vendor's states and our calendars of regular hours differ at this moment; exchanges without a calendar of ours are passed over. */
export function calendarDifferences(states: readonly MarketState[], nowMs: number): readonly CalendarDifference[] {
  return states.flatMap(state => differencesOf(state, nowMs));
}

function differencesOf(state: MarketState, nowMs: number): readonly CalendarDifference[] {
  const name = [state.code, state.name].find(each => exchangeRules(each) !== undefined);
  if (name === undefined) return [];
  const calendar = calendarOf(name);
  const isOpen = calendar.isOpen(nowMs);
  // Just at an opening or a closing both may be right.
  if (calendar.isOpen(nowMs - toleranceMs) !== isOpen || calendar.isOpen(nowMs + toleranceMs) !== isOpen) return [];
  const market = state.code;
  if (state.isOpen !== isOpen) return [{ market, about: 'open now', vendor: String(state.isOpen), ours: String(isOpen) }];
  const untilMs = isOpen ? state.untilCloseMs : state.untilOpenMs;
  // A vendor that does not know says 0.
  if (untilMs === 0) return [];
  const ours = isOpen ? calendar.nextCloseMs(nowMs) : calendar.nextOpenMs(nowMs);
  if (ours !== undefined && Math.abs(ours - nowMs - untilMs) <= toleranceMs) return [];
  return [{ market, about: isOpen ? 'next close' : 'next open', vendor: momentOf(nowMs + untilMs), ours: momentOf(ours) }];
}

function momentOf(timeMs: number | undefined): string {
  return timeMs === undefined ? 'never' : new Date(timeMs).toISOString();
}

function textOf({ market, about, vendor, ours }: CalendarDifference): string {
  return `${market} ${about}: vendor ${vendor}, ours ${ours}`;
}
