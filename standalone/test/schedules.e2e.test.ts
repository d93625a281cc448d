import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeWithServers } from '@tapeline/services/for-tests';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { runSchedule } from './schedules/run.ts';
import { type Action, drawSchedule } from './schedules/schedule.ts';
import { type Servers, startServers } from './schedules/servers.ts';

describe('a schedule', () => {
  it('is the same whenever it is drawn from the same seed', () => {
    expect(drawSchedule(7)).toEqual(drawSchedule(7));
    expect(drawSchedule(7)).not.toEqual(drawSchedule(8));
  });

  it('is drawn from every kind of failure', () => {
    const kinds = new Set(Array.from({ length: 50 }, (_, seed) => drawSchedule(seed).actions.map(action => action.do)).flat());
    const wanted: readonly Action['do'][] = [
      'start-processor',
      'stop-processor',
      'kill-processor',
      'freeze-processor',
      'kill-broker',
      'freeze-broker',
      'kill-cassandra',
      'freeze-cassandra',
      'new-session',
    ];
    expect([...kinds].sort()).toEqual([...wanted].sort());
  });
});

/** What goes wrong in each: see `drawSchedule(seed, 'short')`. `npm run schedules` runs many, with servers that are killed too. */
const seeds = [3, 11, 13];

// Servers of its own, for they are frozen; the shared ones only say that there is a Java to run them.
describeWithServers('processors that are started, stopped, killed and frozen while ticks flow', () => {
  const scratch = temporaryFolder('schedules');
  let servers: Servers;
  beforeAll(async () => {
    servers = await startServers(scratch);
  }, 240_000);
  afterAll(async () => {
    await servers?.stop();
  }, 60_000);

  it.each(seeds)(
    'leave the bars and alerts that a replay of the log gives, and each tick once (short schedule of seed %d)',
    async seed => {
      const { faults, oddEnds, bars, alerts, compared, output } = await runSchedule(drawSchedule(seed, 'short'), servers);
      if (faults.length + oddEnds.length > 0) process.stderr.write(output);
      expect([faults, oddEnds]).toEqual([[], []]);
      expect(bars).toBeGreaterThan(100);
      expect(alerts).toBeGreaterThan(10);
      expect(compared).toBeGreaterThan(100);
    },
    240_000,
  );
});
