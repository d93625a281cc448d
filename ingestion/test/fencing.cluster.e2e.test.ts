import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeWithControlPlane, describeWithKafka } from '@tapeline/services/for-tests';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { type Action, demandsTakeover, drawInterleaving, isAlone } from './fencing/interleaving.ts';
import { type Lane, openLane } from './fencing/lane.ts';
import { runInterleaving } from './fencing/run.ts';
import { type LeaseCluster, startLeaseCluster } from './support/lease-cluster.ts';

/** What goes wrong in each: see `drawInterleaving(seed, 'short')`. `npm run fencing` runs two hundred longer ones. */
const seeds = [16, 20, 21];

describe('an interleaving', () => {
  const drawn = Array.from({ length: 200 }, (_, index) => drawInterleaving(index + 1));

  it('is the same whenever it is drawn from the same seed', () => {
    expect(drawInterleaving(7)).toEqual(drawInterleaving(7));
    expect(drawInterleaving(7)).not.toEqual(drawInterleaving(8));
  });

  it('is drawn from every kind of trouble, of both ingesters, alone and together', () => {
    const actions = drawn.flatMap(interleaving => interleaving.actions.map(action => ({ interleaving, action })));
    const kindOf = (action: Action) => `${action.do} ${'who' in action ? action.who : ''} ${'how' in action ? action.how : ''}`.trim();
    expect([...new Set(actions.map(({ action }) => kindOf(action)))].sort()).toEqual([
      ...['cut-api both refused', 'cut-api both silent', 'cut-api leader refused', 'cut-api leader silent'],
      ...['cut-api standby refused', 'cut-api standby silent', 'drop-vendor', 'freeze leader', 'freeze standby'],
      ...['kill leader', 'kill standby', 'stop leader', 'stop standby'],
    ]);
    const timed = actions.filter(({ interleaving, action }) => demandsTakeover(action) && isAlone(interleaving, action));
    expect(timed.length).toBeGreaterThan(100);
    expect(actions.filter(({ interleaving, action }) => !isAlone(interleaving, action)).length).toBeGreaterThan(100);
  });
});

describeWithControlPlane('two ingesters that share a Lease in a real API server', () => {
  describeWithKafka('and a log', ({ brokers }) => {
    const scratch = temporaryFolder('fencing');
    let cluster: LeaseCluster;
    let lane: Lane;
    beforeAll(async () => {
      cluster = await startLeaseCluster(scratch);
      lane = await openLane(cluster, 'fencing', scratch);
    }, 240_000);
    afterAll(async () => {
      await lane?.close();
      await cluster?.close();
    }, 60_000);

    it.each(seeds)(
      'are never both taken, and whoever leads is never refused (short interleaving of seed %d)',
      async seed => {
        const { faults, output, ticks } = await runInterleaving(drawInterleaving(seed, 'short'), lane, brokers);
        if (faults.length > 0) process.stderr.write(output);
        expect(faults).toEqual([]);
        expect(ticks).toBeGreaterThan(100);
      },
      180_000,
    );
  });
});
