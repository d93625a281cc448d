import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { calendarDifferences, checkCalendars } from '../src/calendar-check.ts';
import type { MarketState } from '../src/twelve-data/rest-answers.ts';
import { JumpingTime } from './support/jumping-time.ts';
import { aLogger } from './support/logger.ts';
import { restOfThisFile } from './support/rest-servers.ts';

const hourMs = 3_600_000;
const aState = (fields: Partial<MarketState>): MarketState => ({
  name: 'NYSE',
  code: 'XNYS',
  country: 'United States',
  isOpen: true,
  sinceOpenMs: 0,
  untilOpenMs: 0,
  untilCloseMs: 0,
  ...fields,
});
const differences = (moment: string, fields: Partial<MarketState>) => calendarDifferences([aState(fields)], Date.parse(moment));

describe('our calendars and the vendor', () => {
  it('agree on a trading day, to two minutes', () => {
    expect(differences('2026-11-20T15:30:00Z', { untilCloseMs: 5.5 * hourMs })).toEqual([]);
    expect(differences('2026-11-20T15:30:00Z', { untilCloseMs: 5.5 * hourMs - 110_000 })).toEqual([]);
  });

  it('agree on a weekend, and also where the vendor does not say when it opens', () => {
    expect(differences('2026-11-21T15:30:00Z', { isOpen: false, untilOpenMs: 47 * hourMs })).toEqual([]);
    expect(differences('2026-11-21T15:30:00Z', { isOpen: false })).toEqual([]);
  });

  it('differ on a day of mourning that we have not heard of', () => {
    expect(differences('2026-11-20T15:30:00Z', { isOpen: false, untilOpenMs: 71 * hourMs })).toEqual([
      { market: 'XNYS', about: 'open now', vendor: 'false', ours: 'true' },
    ]);
  });

  it('differ on an early close and on a next day that is none', () => {
    expect(differences('2026-11-20T15:30:00Z', { untilCloseMs: 2.5 * hourMs })).toEqual([
      { market: 'XNYS', about: 'next close', vendor: '2026-11-20T18:00:00.000Z', ours: '2026-11-20T21:00:00.000Z' },
    ]);
    expect(differences('2026-11-19T23:30:00Z', { isOpen: false, untilOpenMs: 87 * hourMs })).toEqual([
      { market: 'XNYS', about: 'next open', vendor: '2026-11-23T14:30:00.000Z', ours: '2026-11-20T14:30:00.000Z' },
    ]);
  });

  it('are not compared at the minute of an opening, nor where we have no calendar', () => {
    expect(differences('2026-11-20T14:30:30Z', { isOpen: false })).toEqual([]);
    expect(differences('2026-11-20T15:30:00Z', { name: 'Nowhere', code: 'XXXX', isOpen: false })).toEqual([]);
  });

  it('know a market by its name where its code is not in the table', () => {
    expect(differences('2026-11-20T15:30:00Z', { name: 'LSE', code: 'XXXX', isOpen: false })).toMatchObject([{ about: 'open now' }]);
  });
});

describe('the check of calendars', () => {
  const rest = restOfThisFile();

  it('asks once a day for one credit, and says and counts what differs', async () => {
    const time = new JumpingTime(Date.parse('2026-11-25T15:20:00Z'));
    const { client, server } = await rest.start(time, { server: { alwaysOpen: false } });
    const { logger, lines } = aLogger();
    const registry = new Registry();
    const stop = new AbortController();
    const counted: unknown[] = [];
    const pause = async (ms: number, signal: AbortSignal) => {
      if (time.nowMs > Date.parse('2026-11-25T15:20:00Z'))
        counted.push((await registry.getSingleMetric('tapeline_backfiller_calendar_differences')?.get())?.values[0]?.value);
      if (counted.length === 2) stop.abort();
      await time.pause(ms, signal);
    };
    await checkCalendars({ client, logger, registry, signal: stop.signal, clock: time.clock, pause });
    expect(server.journal.map(({ endpoint, parameters }) => [endpoint, parameters])).toEqual([
      ['market_state', {}],
      ['market_state', {}],
    ]);
    // The simulator knows no Thanksgiving.
    expect(counted).toEqual([0, 2]);
    expect(lines.map(line => line.msg)).toEqual([
      'our calendars say what the vendor says',
      '2 market states differ from our calendars: XNAS open now: vendor true, ours false; XNYS open now: vendor true, ours false',
    ]);
  });

  it('goes on the next day when the vendor does not answer', async () => {
    const time = new JumpingTime(Date.parse('2026-11-18T15:20:00Z'));
    const { client, server } = await rest.start(time, { server: { alwaysOpen: false } });
    const { logger, lines } = aLogger();
    const stop = new AbortController();
    server.misbehave({ kind: 'error', code: 500 });
    const pause = async (ms: number, signal: AbortSignal) => {
      if (lines.length === 1) server.misbehave(undefined);
      if (lines.length === 2) stop.abort();
      await time.pause(ms, signal);
    };
    await checkCalendars({ client, logger, registry: new Registry(), signal: stop.signal, clock: time.clock, pause });
    expect(lines.map(line => line.msg)).toEqual([
      expect.stringContaining('the calendars could not be checked'),
      'our calendars say what the vendor says',
    ]);
  });
});
