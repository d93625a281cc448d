import { mkdtempSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { imageTag } from '../../scripts/image-tag.ts';
import { waitUntilReady } from '../src/deploy/cluster.ts';
import type { ComparisonReport } from './support/compare-with-replay.ts';
import { type MemoryWatch, watchMemory } from './support/memory-watch.ts';
import { type PipelineOnNode, startPipelineOnNode, stateOf } from './support/pipeline-on-node.ts';
import { describeWithRealNode } from './support/real-node.ts';

const MINUTE_MS = 60_000;

describeWithRealNode('the pipeline on a real node', () => {
  // Sockets are in it, whose paths must be short.
  const directory = mkdtempSync('/tmp/tapeline-node-');
  const tag = imageTag();
  let pipeline: PipelineOnNode;
  let memory: MemoryWatch;
  let last: ComparisonReport | undefined;
  const kubectl = (...args: readonly string[]) => pipeline.node.kubectl(args);
  const ours = (...args: readonly string[]) => kubectl('-n', 'tapeline', ...args);

  beforeAll(async () => {
    const begunMs = performance.now();
    pipeline = await startPipelineOnNode(directory, tag);
    memory = watchMemory(pipeline.node);
    say(`up after ${Math.round((performance.now() - begunMs) / 1_000)} s; images, and what of each is its own:`);
    say(pipeline.images.weights.map(({ name, bytes, ownBytes }) => `${megabytes(bytes)} ${megabytes(ownBytes)} ${name}`).join('\n'));
  }, 9 * MINUTE_MS);

  afterAll(async () => {
    await pipeline?.close();
  }, MINUTE_MS);

  it(
    'stores the bars that a replay of the log gives',
    async () => {
      await sleep(10_000);
      await expectSameAsReplay('after the start');
    },
    3 * MINUTE_MS,
  );

  it(
    'has one ingester that leads and one that stands by',
    async () => {
      const pods = names(await ours('get', 'pods', ...named('ingester'), '-o', 'name'));
      const paths = pods.map(pod => `/api/v1/namespaces/tapeline/pods/${pod.replace('pod/', '')}:8080/proxy/readyz`);
      const said = await Promise.all(paths.map(path => kubectl('get', '--raw', path)));
      expect(said.map(text => /role: (\w+)/.exec(text)?.[1] ?? text).toSorted()).toEqual(['leader', 'standby']);
    },
    MINUTE_MS,
  );

  it(
    'passes the test of each chart',
    async () => {
      const releases = { 'tapeline-data': ['kafka', 'cassandra'], tapeline: ['simulator', 'ingester', 'stream-processor', 'live-board'] };
      for (const [namespace, charts] of Object.entries(releases)) {
        for (const chart of charts) expect(await pipeline.helm(['test', '-n', namespace, chart])).toMatch(/Phase: +Succeeded/);
      }
    },
    3 * MINUTE_MS,
  );

  it(
    'loses nothing when the active ingester, two processors and Kafka are deleted while ticks flow',
    async () => {
      const holder = await ours('get', 'lease', 'ingester', '-o', 'jsonpath={.spec.holderIdentity}');
      const processors = names(await ours('get', 'pods', ...named('stream-processor'), '-o', 'name'));
      const atOnce = ['--grace-period=0', '--force', '--wait=false'];
      await ours('delete', `pod/${holder.split('_')[0]}`, ...processors.slice(0, 2), ...atOnce);
      await sleep(12_000);
      await kubectl('-n', 'tapeline-data', 'delete', 'pod', 'kafka-0', '--wait=false');
      await sleep(5_000);
      await everythingReady();
      await sleep(10_000);
      const { gaps } = await expectSameAsReplay('after the deletions');
      // The standby takes over within five seconds; the rest is for a machine that does much else.
      expect(Math.max(...gaps.map(({ lengthMs }) => lengthMs))).toBeLessThan(15_000);
    },
    5 * MINUTE_MS,
  );

  it(
    'loses nothing when the stack is applied with other images',
    async () => {
      const before = names(await ours('get', 'pods', '-o', 'name'));
      await pipeline.upgrade(`${tag}-next`);
      const after = names(await ours('get', 'pods', '--field-selector=status.phase=Running', '-o', 'name'));
      expect(after.filter(pod => before.includes(pod) && !pod.includes('kafdrop'))).toEqual([]);
      await sleep(5_000);
      await expectSameAsReplay('after the rolling upgrade');
    },
    5 * MINUTE_MS,
  );

  it(
    'loses nothing when the processors are scaled from four to one and back',
    async () => {
      await ours('scale', 'deployment/stream-processor', '--replicas=1');
      await sleep(10_000);
      await expectSameAsReplay('with one processor');
      await ours('scale', 'deployment/stream-processor', '--replicas=4');
      await everythingReady();
      await sleep(5_000);
      await expectSameAsReplay('with four again');
    },
    5 * MINUTE_MS,
  );

  it(
    'shows the prices on the board',
    async () => {
      const answer = await kubectl('get', '--raw', '/api/v1/namespaces/tapeline/services/live-board:http/proxy/api/latest');
      const { latest } = JSON.parse(answer) as { latest: readonly { symbol: string }[] };
      expect(latest.map(({ symbol }) => symbol)).toEqual(['AAPL', 'BTC/USD', 'ETH/BTC', 'ETH/USD', 'EUR/USD', 'MSFT', 'NVDA', 'XAU/USD']);
    },
    MINUTE_MS,
  );

  it(
    'holds exactly the bars and ticks of the replay once the feed has stopped',
    async () => {
      // First what writes the log, then what reads it: a clean stop saves all that was read.
      for (const name of ['ingester', 'stream-processor']) {
        await ours('scale', `deployment/${name}`, '--replicas=0');
        await ours('wait', 'pod', ...named(name), '--for=delete', '--timeout=60s');
      }
      const report = await expectSameAsReplay('after the end', 'exact');
      expect(report.gaps.length).toBeGreaterThan(0);
    },
    3 * MINUTE_MS,
  );

  it(
    'stays inside the memory that the charts allow',
    async () => {
      const containers = (await memory.stop()).filter(({ container }) => watched.includes(container));
      for (const { container, usedBytes, peakBytes, limitBytes } of containers) {
        say(`${container}: at most ${megabytes(usedBytes)}, with page cache ${megabytes(peakBytes)}, of ${megabytes(limitBytes)}`);
      }
      expect(containers.map(({ container }) => container).toSorted()).toEqual(watched);
      expect(containers.filter(({ isKilled, usedBytes, limitBytes }) => isKilled || usedBytes >= limitBytes)).toEqual([]);
      say(await kubectl('get', 'pods', '--all-namespaces'));
    },
    MINUTE_MS,
  );

  /** What is stored equals the replay, no tick is missing or twice, and there are more than last time. */
  async function expectSameAsReplay(when: string, exact?: 'exact'): Promise<ComparisonReport> {
    const report = await pipeline.compare(exact).catch(async (error: unknown) => {
      say(await stateOf(pipeline.node));
      throw error;
    });
    say(`${when}: ${JSON.stringify(report)}`);
    expect(report).toMatchObject({ sameBars: report.bars, missingSequences: 0, repeatedTicks: 0, differences: [] });
    expect(report.ticks).toBeGreaterThan(last?.ticks ?? 100);
    last = report;
    return report;
  }

  async function everythingReady(): Promise<void> {
    await waitUntilReady(pipeline.node.kubectl, 180).catch(async (error: unknown) => {
      say(await stateOf(pipeline.node));
      throw error;
    });
  }
});

const watched = ['cassandra', 'ingester', 'kafka', 'live-board', 'simulator', 'stream-processor'];

function named(app: string): readonly string[] {
  return ['-l', `app.kubernetes.io/name=${app}`];
}

function names(text: string): readonly string[] {
  return text.split('\n').filter(line => line !== '');
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1_000_000)} MB`;
}

function say(text: string): void {
  process.stderr.write(`\n${text.trimEnd()}\n`);
}
