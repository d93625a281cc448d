import { mkdtempSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { imageTag } from '../../scripts/image-tag.ts';
import type { ComparisonReport } from './support/compare-with-replay.ts';
import { type MemoryWatch, watchMemory } from './support/memory-watch.ts';
import { OperatorOnNode } from './support/operator-on-node.ts';
import { type PipelineOnNode, startPipelineOnNode, stateOf } from './support/pipeline-on-node.ts';
import { forwarding } from './support/port-forward.ts';
import { describeWithRealNode } from './support/real-node.ts';

const MINUTE_MS = 60_000;

describeWithRealNode('the pipeline on a real node', () => {
  // Sockets are in it, whose paths must be short.
  const directory = mkdtempSync('/tmp/tapeline-node-');
  const tag = imageTag();
  let pipeline: PipelineOnNode;
  let memory: MemoryWatch;
  let operator: OperatorOnNode;
  let last: ComparisonReport | undefined;
  const kubectl = (...args: readonly string[]) => pipeline.node.kubectl(args);
  const ours = (...args: readonly string[]) => kubectl('-n', 'tapeline', ...args);

  beforeAll(async () => {
    const begunMs = performance.now();
    pipeline = await startPipelineOnNode(directory, tag);
    memory = watchMemory(pipeline.node);
    operator = new OperatorOnNode(pipeline.node);
    say(`up after ${Math.round((performance.now() - begunMs) / 1_000)} s; images, and what of each is its own:`);
    say(pipeline.images.weights.map(({ name, bytes, ownBytes }) => `${megabytes(bytes)} ${megabytes(ownBytes)} ${name}`).join('\n'));
  }, 20 * MINUTE_MS);

  afterAll(async () => {
    await pipeline?.close();
  }, MINUTE_MS);

  it(
    'stores the bars that a replay of the log gives',
    async () => {
      await sleep(10_000);
      await expectSameAsReplay('after the start');
    },
    15 * MINUTE_MS,
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
    15 * MINUTE_MS,
  );

  it(
    'loses nothing when the active ingester, two processors and Kafka are deleted while ticks flow',
    async () => {
      const holder = await ours('get', 'lease', 'ingester', '-o', 'jsonpath={.spec.holderIdentity}');
      const processors = names(await ours('get', 'pods', ...named('stream-processor'), '-o', 'name'));
      const atOnce = ['--grace-period=0', '--force', '--wait=false'];
      await ours('delete', `pod/${holder.split('_')[0]}`, ...processors.slice(0, 2), ...atOnce);
      await sleep(12_000);
      const kafkaGoneMs = performance.now();
      await kubectl('-n', 'tapeline-data', 'delete', 'pod', 'kafka-0', '--wait=false');
      await sleep(5_000);
      await everythingReady();
      const awayMs = performance.now() - kafkaGoneMs;
      await sleep(10_000);
      const { gaps } = await expectSameAsReplay('after the deletions');
      // The standby takes over within five seconds, and no session can begin while Kafka is away; the rest is for a machine that does much else.
      expect(Math.max(...gaps.map(({ lengthMs }) => lengthMs))).toBeLessThan(10_000 + awayMs);
    },
    15 * MINUTE_MS,
  );

  it(
    'loses nothing when the stack is applied with other images',
    async () => {
      const before = names(await ours('get', 'pods', '-o', 'name'));
      await pipeline.upgrade(`${tag}-next`);
      // Kafdrop alone has no image of ours; a pod that is on its way out still counts as running.
      const former = before.filter(pod => !pod.includes('kafdrop') && !pod.includes('migrations'));
      await ours('wait', '--for=delete', '--timeout=120s', ...former);
      await sleep(5_000);
      await expectSameAsReplay('after the rolling upgrade');
    },
    15 * MINUTE_MS,
  );

  it(
    'loses nothing when the processors are scaled from four to one and back',
    async () => {
      await ours('scale', 'deployment/stream-processor', '--replicas=1');
      await sleep(10_000);
      await expectSameAsReplay('with one processor');
      await operator.follow(2, /scale deployment/);
      await everythingReady();
      await sleep(5_000);
      await expectSameAsReplay('with four again');
    },
    15 * MINUTE_MS,
  );

  it(
    'shows the prices on the board to who has the token',
    async () => {
      expect(await pricesFor('another-token-of-the-board')).toBe(401);
      expect(await pricesFor(pipeline.boardToken)).toEqual(['AAPL', 'BTC/USD', 'ETH/BTC', 'ETH/USD', 'EUR/USD', 'MSFT', 'NVDA', 'XAU/USD']);
    },
    MINUTE_MS,
  );

  it(
    'shows the lag of each partition to an operator',
    async () => {
      // Kafdrop's image is a stand-in here: this shows that the way to it is open.
      expect((await operator.open(1, '/consumer/stream-processor')).status).toBe(200);
      const rows = [...(await operator.follow(1, / exec /)).matchAll(/^stream-processor +market-data\.feed +(\d+) +\d+ +\d+ +(\d+) /gm)];
      expect(rows.map(([, partition]) => partition).toSorted()).toEqual(['0', '1', '2', '3']);
      expect(Math.max(...rows.map(([, , lag]) => Number(lag)))).toBeLessThan(1_000);
    },
    MINUTE_MS,
  );

  it(
    'takes another key of the vendor and another token of the board, which an operator gave',
    async () => {
      for (const which of [/NEW_KEY/, /deployment\/ingester/, /openssl|live-board/]) await operator.follow(3, which);
      const key = "console.log(require('node:fs').readFileSync(process.env.TWELVE_DATA_API_KEY_FILE, 'utf8'))";
      expect(await ours('exec', 'deployment/ingester', '--', 'node', '-e', key)).toBe('the-second-key\n');
      expect(await pricesFor(pipeline.boardToken)).toBe(401);
      const token = Buffer.from(await ours('get', 'secret', 'board-token', '-o', 'jsonpath={.data.token}'), 'base64').toString();
      expect(await pricesFor(token)).toContain('BTC/USD');
      await expectSameAsReplay('after the keys were rotated');
    },
    15 * MINUTE_MS,
  );

  it(
    'gives the same bars when an operator has the log replayed',
    async () => {
      await operator.follow(4);
      await everythingReady();
      await expectSameAsReplay('after the replay');
    },
    15 * MINUTE_MS,
  );

  it(
    'makes all bars anew in other tables when an operator rebuilds them, and goes back to the former ones',
    async () => {
      expect(await operator.follow(6, /deployment.* (rebuild|generations)$/)).toMatch(/^1 +retired .*\n2 +serving /m);
      await expectSameAsReplay('in the second generation');
      expect(await operator.follow(6, /commands/)).toMatch(/^2 +serving /m);
      expect(await operator.follow(6, /--switch|--drop/)).toMatch(/^1 +serving .*\n2 +dropped /m);
      await expectSameAsReplay('in the first generation again');
    },
    15 * MINUTE_MS,
  );

  it(
    'has its bars back when an operator restores a backup into an empty Cassandra, and goes on from there',
    async () => {
      const held = await counted('bars_by_symbol_interval');
      await operator.backUp();
      await ours('scale', 'deployment/stream-processor', '--replicas=0');
      await ours('wait', 'pod', ...named('stream-processor'), '--for=delete', '--timeout=60s');
      const tables = rowsOf(await cql("SELECT table_name FROM system_schema.tables WHERE keyspace_name = 'market_data'")).map(
        row => row.table_name,
      );
      for (const table of tables) await cql(`TRUNCATE market_data.${table}`);
      expect(await counted('bars_by_symbol_interval')).toBe(0);
      await operator.restore();
      expect(await counted('bars_by_symbol_interval')).toBeGreaterThanOrEqual(held);
      expect(held).toBeGreaterThan(100);
      await everythingReady();
      await expectSameAsReplay('after the backup was restored');
      expect(operator.left).toEqual([]);
    },
    15 * MINUTE_MS,
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
    15 * MINUTE_MS,
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

  /** What the board shows, or the status of its refusal. */
  async function pricesFor(token: string): Promise<readonly string[] | number> {
    const headers = { authorization: `Bearer ${token}` };
    const args = ['-n', 'tapeline', 'port-forward', 'service/live-board', '8080'];
    return await forwarding(pipeline.node.kubeconfig, args, async url => {
      const answer = await fetch(`${url}/api/latest`, { headers });
      if (!answer.ok) return answer.status;
      return ((await answer.json()) as { latest: readonly { symbol: string }[] }).latest.map(({ symbol }) => symbol);
    });
  }

  async function cql(statement: string): Promise<string> {
    return await kubectl('-n', 'tapeline-data', 'exec', 'cassandra-0', '-c', 'cassandra', '--', 'cqlsh', '-e', statement);
  }

  async function counted(table: string): Promise<number> {
    return Number(rowsOf(await cql(`SELECT count(*) FROM market_data.${table}`))[0]?.count);
  }

  async function everythingReady(): Promise<void> {
    await pipeline.ready().catch(async (error: unknown) => {
      say(await stateOf(pipeline.node));
      throw error;
    });
  }
});

const watched = ['cassandra', 'ingester', 'kafka', 'live-board', 'simulator', 'stream-processor'];

function named(app: string): readonly string[] {
  return ['-l', `app.kubernetes.io/name=${app}`];
}

/** One JSON object a line, as the stand-in of cqlsh prints them. */
function rowsOf(text: string): readonly Readonly<Record<string, unknown>>[] {
  return names(text).map(line => JSON.parse(line) as Record<string, unknown>);
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
