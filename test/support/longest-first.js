/**
 * The order of test files: those that take longest begin first, so that no worker is left alone with one at the end.
 *
 * Jest knows how long a file took the last time on this machine; a fresh clone, as in CI, knows nothing but sizes, which say little.
 */
import TestSequencer from '@jest/test-sequencer';

/** Files that take more than ten seconds on two quiet cores, the longest first within each part of `npm test`. */
const longest = [
  'infrastructure/test/images.test.ts',
  'stream-processing/test/hot-fold.test.ts',
  'ingestion/test/conformance.test.ts',
  'visualization/test/board-clients.test.ts',
  'ingestion/test/misbehaviours.test.ts',
  'visualization/test/api-fuzz.test.ts',
  'database/test/cassandra-store.integration.test.ts',
  'log/test/kafka-log.integration.test.ts',
  'services/test/servers.integration.test.ts',
  'standalone/test/schedules.e2e.test.ts',
  'standalone/test/command-line.e2e.test.ts',
  'standalone/test/daily-jobs.e2e.test.ts',
  'standalone/test/rebuild.e2e.test.ts',
  'standalone/test/notifier.e2e.test.ts',
  'standalone/test/storm.e2e.test.ts',
  'visualization/test/board-look.e2e.test.ts',
  'visualization/test/board.e2e.test.ts',
  'standalone/test/board.e2e.test.ts',
  'standalone/test/recording.e2e.test.ts',
  'standalone/test/kill.e2e.test.ts',
  'standalone/test/alerts.e2e.test.ts',
  'standalone/test/secrets.e2e.test.ts',
  'standalone/test/export.e2e.test.ts',
  'stream-processing/test/notifier-kills.e2e.test.ts',
  'standalone/test/repartition.e2e.test.ts',
];

export default class LongestFirst extends TestSequencer {
  sort(tests) {
    return super.sort(tests).sort((a, b) => placeOf(a.path) - placeOf(b.path));
  }
}

function placeOf(path) {
  const place = longest.findIndex(known => path.endsWith(`/${known}`));
  return place < 0 ? longest.length : place;
}
