import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { eventually } from '../../test/support/eventually.ts';
import { BackPressure, type PressedReader } from '../src/back-pressure.ts';
import { aLogger } from './support/logger.ts';

/** A connection that notes what it is told. */
class Reader implements PressedReader {
  readonly told: string[] = [];

  pauseReading(): void {
    this.told.push('pause');
  }

  resumeReading(): void {
    this.told.push('resume');
  }
}

function aPressure(boundMs?: number) {
  const { logger, lines } = aLogger();
  const pressure = new BackPressure({ feed: 'twelve-data/0', logger, registry: new Registry(), boundMs });
  return { pressure, levels: () => lines.map(({ level }) => level) };
}

describe('back-pressure', () => {
  it('is behind from the pause until all that waited is read, and is one stretch until then', () => {
    const { pressure, levels } = aPressure();
    const reader = new Reader();
    pressure.begin(reader);
    expect(pressure.isBehind).toBe(false);
    pressure.pressed(true);
    pressure.pressed(false);
    expect([reader.told, pressure.isBehind]).toEqual([['pause', 'resume'], true]);
    pressure.pressed(true);
    pressure.caughtUp();
    expect(pressure.isBehind).toBe(true);
    pressure.pressed(false);
    pressure.caughtUp();
    expect([reader.told, pressure.isBehind]).toEqual([['pause', 'resume', 'pause', 'resume'], false]);
    expect(levels()).toEqual([40, 30]);
    pressure.end(reader);
  });

  it('holds back the next connection too, and is not behind between the two', () => {
    const { pressure, levels } = aPressure();
    const [first, second] = [new Reader(), new Reader()];
    pressure.begin(first);
    pressure.pressed(true);
    pressure.end(first);
    expect(pressure.isBehind).toBe(false);
    pressure.begin(second);
    expect([first.told, second.told, pressure.isBehind]).toEqual([['pause'], ['pause'], true]);
    pressure.pressed(false);
    pressure.caughtUp();
    expect([second.told, levels()]).toEqual([
      ['pause', 'resume'],
      [40, 30],
    ]);
    pressure.end(second);
  });

  it('pauses no more after the bound until the pressure is gone', async () => {
    const { pressure, levels } = aPressure(50);
    const [first, second] = [new Reader(), new Reader()];
    pressure.begin(first);
    pressure.pressed(true);
    await eventually('it reads again', () => first.told.length >= 2);
    pressure.caughtUp();
    pressure.end(first);
    pressure.begin(second);
    expect([second.told, levels()]).toEqual([[], [40, 40]]);
    pressure.pressed(false);
    expect(levels()).toEqual([40, 40, 30]);
    pressure.pressed(true);
    expect([second.told, levels()]).toEqual([['pause'], [40, 40, 30, 40]]);
    pressure.end(second);
  });
});
