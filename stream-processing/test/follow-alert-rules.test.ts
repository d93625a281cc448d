import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@tapeline/core/logging';
import { decodeRecord, encodeRecord } from '@tapeline/core/record-codec';
import type { FeedRecord } from '@tapeline/core/records';
import { feedTopic } from '@tapeline/core/topics';
import { openEmbeddedLog } from '@tapeline/log/embedded-log';
import type { MarketLog } from '@tapeline/log/market-log';
import { Registry } from 'prom-client';
import { eventually } from '../../test/support/eventually.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { followAlertRules } from '../src/alerts/follow-alert-rules.ts';
import { aHeartbeat, at } from './support/builders.ts';

const partitions = 3;
const scratch = temporaryFolder('rules');

function rulesText(...names: readonly string[]): string {
  const rules = names.map(name => `  - name: ${name} # as a person writes it\n    condition: level\n    symbols: "*"\n    above: 100\n`);
  return `rules:\n${rules.join('')}`;
}

describe('the follower of a rules file', () => {
  let log: MarketLog;
  let folder = 0;
  let file = '';
  let registry = new Registry();
  let stop = new AbortController();
  let running = Promise.resolve();
  const lines: string[] = [];
  const logger = createLogger({ name: 'test', level: 'error', secrets: [], destination: { write: line => void lines.push(line) } });

  beforeEach(async () => {
    folder += 1;
    file = join(scratch, `rules-${folder}.yaml`);
    log = await openEmbeddedLog({ directory: join(scratch, `log-${folder}`), logger });
    await log.ensureTopics([{ name: feedTopic.name, partitions }]);
    lines.length = 0;
  });

  afterEach(async () => {
    await end();
    await log.close();
  });

  function start(options: { readonly repeatEveryMs?: number } = {}): void {
    stop = new AbortController();
    registry = new Registry();
    running = followAlertRules({ log, file, intervals: ['1s', '1m'], logger, registry, signal: stop.signal, lookEveryMs: 20, ...options });
  }

  async function end(): Promise<void> {
    stop.abort();
    await running;
  }

  /** Names of the rules of each record, for each partition. */
  async function published(): Promise<readonly (readonly string[])[]> {
    const found: string[][] = [];
    for (const { partition, lowOffset, highWatermark } of await log.offsets(feedTopic.name)) {
      const records: FeedRecord[] = [];
      if (highWatermark > lowOffset) {
        for await (const batch of log.read({ topic: feedTopic.name, partition, fromOffset: lowOffset, toOffset: highWatermark })) {
          for (const { value } of batch.records) records.push(decodeRecord(value));
        }
      }
      found.push(records.flatMap(record => (record.kind === 'alert-rules' ? [record.rules.map(({ name }) => name).join(' ')] : [])));
    }
    return found;
  }

  /** Waits until these stand in every partition. */
  async function become(...wanted: readonly string[]): Promise<void> {
    const all = JSON.stringify(Array.from({ length: partitions }, () => wanted));
    let found = '';
    await eventually(
      () => `rules ${all}, were ${found}`,
      async () => {
        found = JSON.stringify(await published());
        return found === all;
      },
    );
  }

  async function metric(name: string): Promise<number | undefined> {
    return (await registry.getSingleMetric(name)?.get())?.values[0]?.value;
  }

  it('puts the rules into every partition, and again when the file changes', async () => {
    writeFileSync(file, rulesText('a', 'b'));
    start();
    await become('a b');
    writeFileSync(file, rulesText('a', 'c'));
    await become('a b', 'a c');
    // A remark is no change of the rules.
    writeFileSync(file, `# remark\n${rulesText('a', 'c')}`);
    await sleep(100);
    writeFileSync(file, 'rules:\n');
    await become('a b', 'a c', '');
    expect(await metric('tapeline_alert_rules_in_force')).toBe(0);
  });

  it('writes nothing when it starts with the rules that stand last in the log', async () => {
    writeFileSync(file, rulesText('a'));
    start();
    await become('a');
    await end();
    await log.append(Array.from({ length: partitions }, (_, partition) => entry(partition, aHeartbeat({ timeMs: at(1) }))));
    start();
    await sleep(150);
    await become('a');
    await end();
    writeFileSync(file, rulesText('b'));
    start();
    await become('a', 'b');
  });

  it('writes them again where a write that broke off left some partitions without', async () => {
    writeFileSync(file, rulesText('a'));
    start();
    await become('a');
    await end();
    await log.append([entry(1, { v: 1, kind: 'alert-rules', rules: [{ name: 'half' }], receivedTimeMs: at(1) })]);
    start();
    await eventually('the rules again', async () => (await published())[0]?.length === 2);
    expect(await published()).toEqual([
      ['a', 'a'],
      ['a', 'half', 'a'],
      ['a', 'a'],
    ]);
  });

  it('leaves the rules of before in force when the file has faults, and says all of them', async () => {
    writeFileSync(file, rulesText('a'));
    start();
    await become('a');
    writeFileSync(file, `${rulesText('b', 'b')}    interval: 5m\n`);
    await eventually('the faults are told', () => lines.length > 0);
    expect(JSON.parse(lines[0] ?? '{}')).toMatchObject({
      msg: expect.stringContaining('ALERT_RULES_FILE cannot be used, the former rules stay in force (1)'),
      faults: [
        'rules[1] "b": interval 5m is not one of BAR_INTERVALS (1s,1m), so that it can never fire: take one of those',
        'rules[1] "b": rules[0] has the same name: give it another one',
      ],
    });
    expect(await metric('tapeline_alert_rules_file_faults')).toBe(2);
    rmSync(file);
    await eventually('the missing file is told', () => lines.length > 1);
    expect(lines[1]).toContain('cannot be read');
    await become('a');
    writeFileSync(file, rulesText('c'));
    await become('a', 'c');
    expect(await metric('tapeline_alert_rules_file_faults')).toBe(0);
  });

  it('puts the rules into a log that was made anew under it', async () => {
    writeFileSync(file, rulesText('a'));
    const former = log;
    let isAnew = false;
    const anew = await openEmbeddedLog({ directory: join(scratch, `anew-${folder}`), logger });
    await anew.ensureTopics([{ name: feedTopic.name, partitions }]);
    const current = () => (isAnew ? anew : former);
    log = Object.assign(Object.create(former) as MarketLog, {
      offsets: (topic: string) => current().offsets(topic),
      append: (entries: Parameters<MarketLog['append']>[0]) => current().append(entries),
      read: (request: Parameters<MarketLog['read']>[0]) => current().read(request),
      close: () => Promise.all([former.close(), anew.close()]),
    });
    start();
    await become('a');
    isAnew = true;
    await become('a');
    await eventually('they are counted', async () => (await metric('tapeline_alert_rules_published_total')) === 2);
    expect(await metric('tapeline_alert_rules_in_force')).toBe(1);
  });

  it('puts rules that have not changed into the log again now and then, because it forgets its oldest records', async () => {
    writeFileSync(file, rulesText('a'));
    start({ repeatEveryMs: 100 });
    await eventually('three times', async () => ((await published())[0]?.length ?? 0) >= 3);
    expect((await published())[2]?.slice(0, 3)).toEqual(['a', 'a', 'a']);
  });
});

function entry(partition: number, record: FeedRecord) {
  return { topic: feedTopic.name, partition, value: encodeRecord(record) };
}
