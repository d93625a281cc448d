import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { readConfiguration } from '@tapeline/core/configuration';
import { PipelineError } from '@tapeline/core/errors';
import { deadLetterTopic, feedTopic } from '@tapeline/core/topics';
import type { TopicFacts } from '@tapeline/log/kafka-inspection';
import { Examination } from '../src/doctor/examination.ts';
import { deadLetterFindings, heartbeatFindings, lagFindings } from '../src/doctor/feed-checks.ts';
import type { Finding } from '../src/doctor/finding.ts';
import { groupFindings, topicFindings } from '../src/doctor/kafka-checks.ts';
import { nodeFindings, roomFindings } from '../src/doctor/machine-checks.ts';
import { exitStatusFor } from '../src/doctor/report.ts';
import { rulesFindings } from '../src/doctor/rules-checks.ts';
import { keyFindings, settingsFindings } from '../src/doctor/settings-checks.ts';
import {
  clockFindings,
  gapFindings,
  generationFindings,
  keyspaceFindings,
  type PartitionState,
  queueFindings,
  snapshotFindings,
} from '../src/doctor/store-checks.ts';
import { aHeartbeat, at } from './support/builders.ts';

const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;
const nowMs = at(0);

/** `fault: what; remedy`, of each. */
function lines(findings: readonly Finding[]): readonly string[] {
  return findings.map(({ status, what, remedy }) => `${status}: ${what}${remedy === undefined ? '' : `; ${remedy}`}`);
}

describe('a topic', () => {
  const settings = { retentionMs: 7 * dayMs, minInsyncReplicas: 2, cleanupPolicy: 'delete' };
  const facts: TopicFacts = { name: 'market-data.feed', partitions: 24, replicas: 3, behind: [], settings };
  const judged = (over: Partial<TopicFacts>, brokers = 3) =>
    lines(topicFindings('market-data.feed', { ...facts, ...over }, { topic: feedTopic, feedPartitions: 24, brokers }));

  it('is well as the catalogue has it, also where its settings may not be seen', () => {
    expect(judged({})).toEqual(['ok: 24 partitions, 3 replicas, kept 7 days']);
    expect(judged({ settings: undefined })).toEqual(['ok: 24 partitions, 3 replicas, how long it is kept may not be seen']);
    expect(judged({ replicas: 1, settings: { ...settings, retentionMs: -1, minInsyncReplicas: 1 } }, 1)).toEqual([
      'ok: 24 partitions, 1 replica, kept for ever',
    ]);
  });

  it('is missed', () => {
    expect(lines(topicFindings('x', undefined, { topic: feedTopic, feedPartitions: 24, brokers: 3 }))).toEqual([
      expect.stringMatching(/^fault: it is not there; start the ingester/),
    ]);
  });

  it('has another number of partitions: told for the feed, at fault where one reader is meant', () => {
    expect(judged({ partitions: 12 })).toEqual([
      expect.stringMatching(/^warning: it has 12 partitions, expected 24 .*tapeline repartition/),
    ]);
    const dead = topicFindings('x', { ...facts, partitions: 2 }, { topic: deadLetterTopic, feedPartitions: 24, brokers: 3 });
    expect(lines(dead)[0]).toMatch(/^fault: it has 2 partitions, expected 1/);
  });

  it('can lose records, or take none', () => {
    expect(judged({ replicas: 1 })).toEqual([
      expect.stringMatching(/^warning: 1 replica on 3 brokers/),
      expect.stringMatching(/^fault: min.insync.replicas is 2 with 1 replica: nothing can be written/),
    ]);
    expect(judged({ behind: [3, 4] })).toEqual([expect.stringMatching(/^warning: a replica of 2 partitions \(3, 4\) is behind/)]);
    expect(judged({ settings: { ...settings, minInsyncReplicas: 1 } })).toEqual([
      expect.stringMatching(/^warning: min.insync.replicas is 1/),
    ]);
    expect(judged({ settings: { ...settings, cleanupPolicy: 'compact' } })).toEqual([
      expect.stringMatching(/^fault: cleanup.policy is compact/),
    ]);
    expect(judged({ settings: { ...settings, retentionMs: dayMs } })).toEqual([
      `warning: it is kept 24 h, expected 7 days; set retention.ms=${7 * dayMs} with kafka-configs.sh`,
    ]);
  });

  it('is read by nobody, or by a group that is not at rest', () => {
    const committed = new Map();
    expect(lines(groupFindings('g', { state: 'Empty', members: 0, committed }))[0]).toMatch(
      /^fault: no processor is in it \(Empty\).*those that run join once their store answers/,
    );
    expect(lines(groupFindings('g', { state: 'PreparingRebalance', members: 2, committed }))[0]).toMatch(/^warning: 2 members/);
    expect(lines(groupFindings('g', { state: 'Stable', members: 1, committed }))).toEqual(['ok: 1 member']);
  });
});

describe('a feed', () => {
  const judged = (...heartbeats: readonly ReturnType<typeof aHeartbeat>[]) =>
    lines(heartbeatFindings(new Map(heartbeats.map(heartbeat => [heartbeat.feed, heartbeat])), nowMs));

  it('is well with a fresh heartbeat, and at fault without one', () => {
    expect(judged(aHeartbeat({ timeMs: at(-1), lastDataMs: at(-2) }))).toEqual(['ok: connected, 1.0 s old; last price 2.0 s ago']);
    expect(judged(aHeartbeat({ timeMs: at(-60) }))).toEqual([
      expect.stringMatching(/^fault: the last one is 60 s old; start the ingester/),
    ]);
    expect(judged()).toEqual([expect.stringMatching(/^fault: no feed wrote one/)]);
  });

  it('that is silent while another lives may have been taken out', () => {
    const [gone, lives] = judged(aHeartbeat({ feed: 'twelve-data/1', timeMs: at(-3_600) }), aHeartbeat({ timeMs: at(-1) }));
    expect(gone).toMatch(/^warning: the last one is 60 min old; unless it was taken out of FEEDS/);
    expect(lives).toMatch(/^ok/);
  });

  it('is not connected, mute in an open market, or ahead of this clock', () => {
    expect(judged(aHeartbeat({ timeMs: at(-1), connected: false }))[0]).toMatch(/^warning: the feed is not connected/);
    const mute = { timeMs: at(-1), lastDataMs: at(-1_200) };
    expect(judged(aHeartbeat({ ...mute, openMarkets: ['NASDAQ'] }))[0]).toMatch(
      /^warning: connected, and no price for 20 min while NASDAQ is open/,
    );
    expect(judged(aHeartbeat(mute))[0]).toMatch(/^ok/);
    expect(judged(aHeartbeat({ timeMs: at(90) }))[0]).toMatch(/^warning: the last one is 90 s ahead of this clock/);
  });

  it('has a lag by how long its first record waits, not by how many do', () => {
    const backlog = { partition: 0, records: 50_000, sinceMs: at(-3) };
    expect(lines(lagFindings([backlog], nowMs, 0))).toEqual(['ok: 50000 records wait, the first 3.0 s behind the newest']);
    expect(
      lines(
        lagFindings(
          [
            { ...backlog, sinceMs: at(-120) },
            { ...backlog, sinceMs: undefined },
          ],
          nowMs,
          0,
        ),
      )[0],
    ).toMatch(/^warning: 100000 records wait, the first 2 min behind the newest/);
    expect(lines(lagFindings([{ ...backlog, sinceMs: at(-120) }], nowMs, 2 * minuteMs))[0]).toMatch(/^ok/);
    expect(lines(lagFindings([], nowMs, 0))).toEqual(['ok: 0 records wait']);
  });

  it('has dead letters, whose worst reason says what to do', () => {
    expect(lines(deadLetterFindings({ byReason: new Map(), isCut: false }))).toEqual(['ok: none in the last hour']);
    const counts = new Map([
      ['late', 3],
      ['not-owner', 2],
    ]);
    expect(lines(deadLetterFindings({ byReason: counts, isCut: true }))).toEqual([
      'warning: more than 3 late, 2 not-owner in the last hour; look for two ingesters of one feed (INGESTER_LEASE) and restart the one that stays, or for a symbol that two feeds have: take it out of the list of one',
    ]);
    expect(lines(deadLetterFindings({ byReason: new Map([['future', 1]]), isCut: false }))[0]).toContain('NTP');
    const both = new Map([...counts, ['malformed', 1]]);
    expect(lines(deadLetterFindings({ byReason: both, isCut: false }))).toEqual([
      expect.stringMatching(/1 malformed in the last hour; read them in Kafdrop .*; look for two ingesters of one feed/),
    ]);
  });
});

describe('alert rules', () => {
  it('in force are counted only where a snapshot told them', () => {
    expect(lines(rulesFindings(undefined, ['1m'], [[]]))).toEqual(['skipped: this process has no ALERT_RULES_FILE; 0 rules are in force']);
    expect(lines(rulesFindings(undefined, ['1m'], undefined))).toEqual([
      'skipped: this process has no ALERT_RULES_FILE; which rules are in force is not known without a snapshot',
    ]);
  });
});

describe('a snapshot', () => {
  const expected = { newestMs: nowMs, intervalMs: 10_000, retentionMs: 7 * dayMs };
  const partition = (over: Partial<PartitionState> & { readonly nextOffset?: number; readonly ageMs?: number }): PartitionState => {
    const { nextOffset = 90, ageMs = 5_000, ...rest } = over;
    const snapshot = { nextOffset, versionUs: (nowMs - ageMs) * 1_000 };
    return { partition: 0, lowOffset: 10, highWatermark: 100, snapshot, ...rest };
  };
  const judged = (...partitions: readonly PartitionState[]) => lines(snapshotFindings(partitions, expected));

  it('is well within the log, and none is due where the log is empty or rests', () => {
    expect(judged(partition({}), partition({ partition: 1, ageMs: 7_000 }))).toEqual(['ok: 2, at most 7.0 s behind the log']);
    expect(judged(partition({ lowOffset: 0, highWatermark: 0, snapshot: undefined }))).toEqual(['ok: none yet, and the log is empty']);
    expect(judged(partition({ nextOffset: 100, ageMs: dayMs }))).toEqual(['ok: 1, at most 24 h behind the log']);
  });

  it("older than the log's start asks for a rebuild", () => {
    expect(judged(partition({ partition: 3, nextOffset: 9 }))).toEqual([
      "fault: older than the log's start in partition 3: processors refuse them (snapshot.too-old); run tapeline rebuild --shorter",
    ]);
  });

  it("beyond the log's end is of another log", () => {
    expect(judged(partition({ nextOffset: 101 }))[0]).toMatch(
      /^fault: beyond the log's end in partition 0: this store belongs to another log/,
    );
  });

  it('made of records that the log has no more is of another log, however long that is', () => {
    expect(judged(partition({}), partition({ partition: 1, isOfThisLog: false }))).toEqual([
      expect.stringMatching(/^fault: made of other records than the log has in partition 1: it was made anew or has lost its end/),
    ]);
  });

  it('is missing, or has not been renewed', () => {
    expect(judged(partition({}), partition({ partition: 1, snapshot: undefined }))[0]).toMatch(/^warning: none yet in partition 1/);
    expect(judged(partition({ ageMs: 10 * minuteMs }))[0]).toMatch(/^warning: up to 10 min behind the log in partition 0; check whether/);
    expect(judged(partition({ ageMs: 4 * dayMs }))[0]).toContain('after 7 days the log forgets what they need');
  });
});

describe('the store', () => {
  const server = { releaseVersion: '5.0.8', dataCenter: 'datacenter1', nodes: 3 };
  const judged = (copies: number, schema = 4, expectedSchema = 4) =>
    lines(keyspaceFindings('market_data', { replicas: new Map([['datacenter1', copies]]), schema, expectedSchema }, server));

  it('has its schema, and copies that a quorum can be had of', () => {
    expect(judged(3)).toEqual(['ok: schema 4, copies: 3 in datacenter1']);
    expect(judged(3, 3)).toEqual([expect.stringMatching(/^fault: its schema is 3, expected 4; run the migrations/)]);
    expect(judged(3, 5)).toEqual([expect.stringMatching(/^warning: its schema is 5, newer/)]);
    expect(judged(1)).toEqual([expect.stringMatching(/^warning: 1 copy on 3 nodes.*'datacenter1': 3}/)]);
    expect(judged(5)).toEqual([expect.stringMatching(/^fault: 5 copies on 3 nodes/)]);
    expect(lines(keyspaceFindings('x', undefined, server))[0]).toMatch(/^fault: it is not there; run the migrations/);
  });

  it('has a clock that is told apart from the time that asking takes', () => {
    expect(lines(clockFindings({ aheadMs: -3_000, plusMinusMs: 2_500 }))[0]).toMatch(/^ok: 3.0 s ahead of Cassandra/);
    expect(lines(clockFindings({ aheadMs: 3_000, plusMinusMs: 5 }))[0]).toMatch(/^warning: 3.0 s behind Cassandra/);
    expect(lines(clockFindings({ aheadMs: hourMs, plusMinusMs: 5 }))[0]).toMatch(/^fault/);
  });

  it('has a generation that serves, made by this fold', () => {
    const serving = { generation: 1, state: 'serving', foldVersion: 1, sinceMs: 0, by: 'x' } as const;
    const building = { generation: 2, state: 'building', foldVersion: 2, sinceMs: nowMs - 2 * dayMs, by: 'x' } as const;
    expect(lines(generationFindings([serving], 1, nowMs))).toEqual(['ok: 1 serves, by fold version 1']);
    expect(lines(generationFindings([serving, building], 2, nowMs))).toEqual([
      expect.stringMatching(/^fault: 1 serves, made by fold version 1; this program has 2.*run tapeline rebuild/),
      expect.stringMatching(/^warning: 2 is being built, begun 2 days ago/),
    ]);
  });

  it('has gaps and jobs that wait for too long', () => {
    const gap = { symbol: 'A', fromMs: at(-7_300), toMs: at(-7_200), reason: 'mute', filled: false, versionUs: 1 };
    expect(lines(gapFindings([{ ...gap, toMs: at(-600) }], nowMs))).toEqual(['ok: 1 of 1 of the last week are not filled']);
    expect(lines(gapFindings([gap, { ...gap, filled: true }], nowMs))[0]).toMatch(
      /^warning: 1 of 2 .*the oldest for 2 h; check that the backfiller/,
    );
    expect(lines(queueFindings([], nowMs))).toEqual(['ok: empty']);
    expect(lines(queueFindings([{ queuedMs: at(-120) }], nowMs))).toEqual(['ok: 1 job, the oldest from 2 min ago']);
    expect(lines(queueFindings([{ queuedMs: nowMs - 3 * dayMs }], nowMs))[0]).toMatch(/^warning/);
    expect(lines(queueFindings([{ refused: 'not in the plan' }], nowMs))[0]).toMatch(
      /^warning: the vendor refuses 1 of 1 job: not in the plan/,
    );
  });
});

describe('settings', () => {
  const judged = (environment: Readonly<Record<string, string>>) => lines(settingsFindings(readConfiguration(environment)));
  const servers = { KAFKA_BROKERS: 'kafka:9092', CASSANDRA_CONTACT_POINTS: 'cassandra:9042' };

  it('reach a vendor in clear', () => {
    expect(judged({ TWELVE_DATA_URL: 'ws://vendor.example.com/quotes?apikey=s3cret' })).toEqual([
      expect.stringMatching(/^warning: TWELVE_DATA_URL reaches vendor\.example\.com unencrypted, over a network: [^?]*$/),
    ]);
    expect(judged({ TWELVE_DATA_URL: 'ws://127.0.0.1:7010/quotes', TWELVE_DATA_REST_URL: 'https://api.example.com' })).toEqual([
      expect.stringMatching(/^ok/),
    ]);
  });

  it('contradict each other, or cross a network in clear', () => {
    expect(judged({})).toEqual([expect.stringMatching(/^ok/)]);
    expect(judged({ KAFKA_BROKERS: '127.0.0.1:9092' })).toEqual([expect.stringMatching(/^warning: KAFKA_BROKERS is set and CASSANDRA_/)]);
    expect(judged({ ...servers, CASSANDRA_USERNAME: 'u', CASSANDRA_PASSWORD: 'p' })).toEqual([
      'warning: all data go to Kafka unencrypted, over a network; set KAFKA_TLS=true',
      expect.stringMatching(/^warning: Kafka asks for no login/),
      'warning: the password and all data go to Cassandra unencrypted, over a network; set CASSANDRA_TLS=true',
    ]);
    expect(judged({ KAFKA_CA_FILE: import.meta.filename })).toEqual([
      expect.stringMatching(/^warning: KAFKA_CA_FILE is set, but KAFKA_TLS is false/),
    ]);
    expect(judged({ HTTP_HOST: '0.0.0.0' })).toEqual([expect.stringMatching(/^warning: HTTP_HOST is 0.0.0.0 without HTTP_TOKEN/)]);
  });

  it('have a key of the vendor, where this process needs one', () => {
    const judgedKey = (environment: Readonly<Record<string, string>>) => lines(keyFindings(readConfiguration(environment)))[0];
    expect(judgedKey({})).toMatch(/^warning: TWELVE_DATA_API_KEY is not set, so prices are simulated/);
    expect(judgedKey({ TWELVE_DATA_API_KEY: 'k' })).toMatch(/^ok/);
    expect(judgedKey(servers)).toMatch(/^skipped/);
  });
});

describe('an examination', () => {
  it('takes what a check throws, and no answer in time, as a fault, and goes on', async () => {
    const examination = new Examination({ timeoutMs: 20 });
    await examination.check('a', async () => {
      throw new PipelineError('log.unavailable', 'no broker answers: start one', { retriable: true });
    });
    await examination.check('b', async () => {
      await sleep(60_000, undefined, { ref: false });
      return [];
    });
    await examination.check('c', () => [{ check: 'c', status: 'ok', what: 'well' }]);
    expect(lines(examination.findings)).toEqual([
      'fault: no broker answers: start one',
      expect.stringMatching(/^fault: no answer within 0.02 s; check that the server/),
      'ok: well',
    ]);
  });

  it('passes over what this user may not see, where no process needs the right', async () => {
    const examination = new Examination({ timeoutMs: 1_000 });
    const forbidden = async () => {
      throw new PipelineError('log.unavailable', 'not allowed', { retriable: false, fields: { type: 'TOPIC_AUTHORIZATION_FAILED' } });
    };
    await examination.check('a', forbidden, 'optional');
    await examination.check('b', forbidden);
    expect(lines(examination.findings)).toEqual(['skipped: this user may not see it, and need not', 'fault: not allowed']);
  });

  it('ends with 0, 1 or 2, whatever was not looked at', () => {
    const finding = (status: Finding['status']): Finding => ({ check: 'x', status, what: 'y' });
    expect(exitStatusFor([finding('ok'), finding('skipped')])).toBe(0);
    expect(exitStatusFor([finding('ok'), finding('warning')])).toBe(1);
    expect(exitStatusFor([finding('warning'), finding('fault')])).toBe(2);
  });

  it('knows what Node and what room a process needs', () => {
    expect(lines(nodeFindings('24.21.0'))[0]).toMatch(/^ok/);
    expect(lines(nodeFindings('20.1.0'))[0]).toMatch(/^fault: version 20.1.0, expected 24/);
    expect(lines(nodeFindings('26.0.0'))[0]).toMatch(/^warning/);
    const room = (freeBytes: number) => lines(roomFindings('x', { freeBytes, totalBytes: 1e12 }))[0];
    expect([room(1e11), room(1e9), room(1e8)]).toEqual([
      expect.stringMatching(/^ok/),
      expect.stringMatching(/^warning/),
      expect.stringMatching(/^fault: 95 MiB/),
    ]);
  });
});
