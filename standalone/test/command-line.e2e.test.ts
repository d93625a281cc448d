import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { createLogger } from '@tapeline/core/logging';
import { openEmbeddedLog } from '@tapeline/log/embedded-log';
import { startSimulator } from '@tapeline/simulator/simulator';
import { eventually } from '../../test/support/eventually.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { type RunningProcess, runProgram, startProgram } from './support/processes.ts';
import { replayOfLog } from './support/replay-of-log.ts';

const program = 'standalone/src/main.ts';
const root = fileURLToPath(new URL('../../', import.meta.url));
const recording = join(root, 'core/test/fixtures/twelvedata-2024-11-part1.jsonl');
const scratch = temporaryFolder('cli');
const logger = createLogger({ name: 'test', level: 'silent', secrets: [] });

let folders = 0;
function dataDir(): string {
  folders += 1;
  return join(scratch, `data-${folders}`);
}

/** What a replay of the recording in `1d` gives: two days and the begin of a third one, which stays open. */
const closedDays = [
  ['BTC/USD', '2024-11-03', 128, ['partial', 'gap']],
  ['ETH/BTC', '2024-11-03', 21, ['partial', 'gap']],
  ['BTC/USD', '2024-11-04', 15, ['gap']],
  ['ETH/BTC', '2024-11-04', 1, ['gap']],
];

function daysIn(lines: string): unknown[] {
  const days = lines.trim().split('\n');
  return days
    .map(line => JSON.parse(line))
    .map(day => [day.symbol, new Date(day.startMs).toISOString().slice(0, 10), day.tickCount, day.flags]);
}

describe('the command line', () => {
  it('explains itself everywhere', async () => {
    for (const args of [
      ['--help'],
      ['alerts', 'check', '--help'],
      ['start', '--help'],
      ['replay', '--help'],
      ['export', '--help'],
      ['doctor', '--help'],
      ['services', '--help'],
      ['services', 'up', '--help'],
    ]) {
      const { status, stdout } = await runProgram(program, { args });
      expect([args, status, stdout.startsWith('Usage: tapeline')]).toEqual([args, 0, true]);
    }
    for (const path of ['ingestion', 'stream-processing', 'visualization', 'database', 'simulator']) {
      const { status, stdout } = await runProgram(`${path}/src/main.ts`, { args: ['--help'] });
      expect([path, status, stdout.length > 100]).toEqual([path, 0, true]);
    }
  }, 60_000);

  it('ends with status 2 for arguments that a program does not take, whichever it is', async () => {
    const wrong = [
      [],
      ['nonsense'],
      ['start', '--nonsense'],
      ['rebuild', '--generation', 'x'],
      ['repartition'],
      ['services', 'up', '--brokers', '2'],
    ];
    for (const args of wrong) expect([args, (await runProgram(program, { args })).status]).toEqual([args, 2]);
    const mains = ['ingestion', 'stream-processing', 'visualization', 'database', 'simulator', 'fuzz', 'bench'].map(
      path => `${path}/src/main.ts`,
    );
    for (const path of [...mains, 'ingestion/src/backfill/main.ts', 'stream-processing/src/notifier/main.ts']) {
      const { status, stdout, stderr } = await runProgram(path, { args: ['--nonsense'] });
      expect([path, status, stdout, stderr]).toEqual([path, 2, '', expect.stringMatching(/nonsense/)]);
    }
  }, 60_000);

  it('reports every fault of a wrong configuration at once, with status 1 and nothing connected', async () => {
    const connections: unknown[] = [];
    const server = createServer(socket => connections.push(socket)).listen(0, '127.0.0.1');
    await eventually('the port', () => server.address() ?? undefined);
    const { port } = server.address() as { port: number };
    const env = {
      TWELVE_DATA_URL: `ws://127.0.0.1:${port}`,
      KAFKA_BROKERS: `127.0.0.1:${port},oops`,
      HTTP_PORT: 'x',
      BAR_INTERVALS: '7m',
      CASSANDRA_KEYSPACES: 'y',
    };
    for (const path of [program, 'ingestion/src/main.ts', 'stream-processing/src/main.ts', 'visualization/src/main.ts']) {
      const { status, stderr } = await runProgram(path, { args: path === program ? ['start'] : [], env });
      expect([path, status]).toEqual([path, 1]);
      expect(stderr).toMatch(/^the configuration has 4 faults:\n( {2}- .+: .+\n){4}$/);
      expect(stderr).toContain('CASSANDRA_KEYSPACES is not a setting: did you mean CASSANDRA_KEYSPACE?');
    }
    expect(connections).toEqual([]);
    server.close();
  }, 60_000);

  it('finds files of symbols and recordings that are not there before anything starts', async () => {
    const wrong = [
      [
        { SYMBOLS_FILE: 'nowhere.txt' },
        /^SYMBOLS_FILE must be a file with a list of symbols, was "nowhere\.txt" \(ENOENT.*\): correct it\n$/,
      ],
      [{ FEEDS: 'recording', REPLAY_FILE: 'nowhere.jsonl' }, /^REPLAY_FILE must be a file that can be read, was "nowhere\.jsonl" .*\n$/],
    ] as const;
    for (const [settings, message] of wrong) {
      for (const path of [program, 'ingestion/src/main.ts']) {
        const env = { TWELVE_DATA_URL: 'ws://127.0.0.1:1', DATA_DIR: dataDir(), ...settings };
        const { status, stdout, stderr } = await runProgram(path, { args: path === program ? ['start'] : [], env });
        expect([path, status, stdout, stderr]).toEqual([path, 1, '', expect.stringMatching(message)]);
        expect(existsSync(env.DATA_DIR)).toBe(false);
      }
    }
  }, 60_000);

  it('warns of a name that is nearly a setting', async () => {
    const env = { SYMBOL: 'AAPL', HTTP_PORTT: '1', DATA_DIR: dataDir(), FEEDS: 'recording', REPLAY_FILE: 'nowhere.jsonl' };
    const { stderr } = await runProgram(program, { args: ['start'], env });
    expect(stderr).toContain('SYMBOL is not a setting: did you mean SYMBOLS?');
    expect(stderr).toContain('HTTP_PORTT is not a setting: did you mean HTTP_PORT?');
  }, 30_000);

  it('names the line of a malformed recording, and says when there is none', async () => {
    const torn = join(scratch, 'torn.jsonl');
    writeFileSync(torn, '{"receivedTimeMs":1,"message":{"event":"heartbeat","status":"ok"}}\n{"receivedTimeMs":2,"mess');
    const malformed = await runProgram(program, { args: ['replay', torn] });
    expect([malformed.status, malformed.stdout]).toEqual([1, '']);
    expect(malformed.stderr).toContain(`recording ${torn} line 2 is not JSON`);
    const missing = await runProgram(program, { args: ['replay', join(scratch, 'nowhere')] });
    expect([missing.status, missing.stderr]).toEqual([1, expect.stringContaining('cannot be read')]);
    const interval = await runProgram(program, { args: ['replay', recording, '--interval', '2m'] });
    expect([interval.status, interval.stderr]).toEqual([2, expect.stringContaining('expected one of 1s, 5s, 15s, 1m, 5m, 15m, 1h, 1d')]);
  }, 30_000);

  it('replays to CSV and JSON lines, the same bytes each time', async () => {
    const csv = await runProgram(program, { args: ['replay', recording] });
    expect(csv.stdout.split('\n').slice(0, 3)).toEqual([
      'symbol,interval,startMs,open,high,low,close,volume,vwap,tickCount,flags,revision',
      'BTC/USD,1m,1730598420000,69142.14,69142.14,69142.14,69142.14,,,1,partial,0',
      'BTC/USD,1m,1730602080000,68212.22,68213.88,68212.22,68213.88,,,3,gap,0',
    ]);
    expect(csv.stderr).toMatch(/^207 ticks → 31 bars of 1m in [\d.]+ s\n$/);
    expect((await runProgram(program, { args: ['replay', recording] })).stdout).toBe(csv.stdout);
    const json = await runProgram(program, { args: ['replay', recording, '--interval', '1d', '--format', 'jsonl'] });
    expect(daysIn(json.stdout)).toEqual(closedDays);
    expect(json.stderr).toMatch(/^207 ticks → 4 bars of 1d in [\d.]+ s; 2 more were still open \(--open prints them\)\n$/);
  }, 30_000);

  it('prints the closed bars of a recording as the live flow stores them, and open ones with their state when asked', async () => {
    const args = ['replay', recording, '--interval', '1d'];
    const replayed = await runProgram(program, { args });
    const env = { FEEDS: 'recording', REPLAY_FILE: recording, DATA_DIR: dataDir(), HTTP_PORT: '0' };
    const flow = startProgram(program, { args: ['start'], env });
    const range = ['--from', '2024-11-01', '--to', '2024-12-01'];
    const exported = () => runProgram(program, { args: ['export', '--interval', '1d', ...range], env });
    await eventually('the days that closed', async () => (await exported()).stdout.split('\n').length > 5, 30_000);
    await flow.end('SIGTERM');
    expect((await exported()).stdout).toBe(replayed.stdout);

    const open = await runProgram(program, { args: [...args, '--format', 'jsonl', '--open'] });
    const states = open.stdout.match(/"state":"\w+"/g);
    expect([daysIn(open.stdout), states]).toEqual([
      [...closedDays, ['BTC/USD', '2024-11-06', 36, []], ['ETH/BTC', '2024-11-06', 6, []]],
      [...Array(4).fill('"state":"final"'), ...Array(2).fill('"state":"forming"')],
    ]);
    const csv = await runProgram(program, { args: [...args, '--open'] });
    expect(csv.stdout.split('\n')[0]).toBe(`${replayed.stdout.split('\n')[0]},state`);
    expect(csv.stdout.split('\n')[6]).toBe('ETH/BTC,1d,1730851200000,0.035127,0.035127,0.035117,0.035118,0,,6,,0,forming');
  }, 90_000);

  it('tells what alert rules mean, all that is wrong with them, and what they would have given', async () => {
    const right = join(scratch, 'rules.yaml');
    writeFileSync(right, 'rules:\n  - name: cut off\n    condition: gap\n    symbols: [ETH/BTC]\n    longer: 30m\n');
    const checked = await runProgram(program, { args: ['alerts', 'check', right] });
    expect([checked.status, checked.stdout]).toEqual([0, 'cut off\n  warning: when data of ETH/BTC were missing for longer than 30m\n']);
    const replayed = await runProgram(program, { args: ['replay', recording, '--rules', right] });
    expect([replayed.status, replayed.stdout.split('\n')[1]]).toEqual([
      0,
      '1730602137731,warning,cut off,gap,ETH/BTC,,,3650953,1800000,"ETH/BTC: no data for 1 h 51 s, until 2024-11-03 02:48:57 UTC"',
    ]);

    const wrong = join(scratch, 'wrong.yaml');
    writeFileSync(wrong, 'rules:\n  - name: a\n    condition: gap\n  - name: a\n    condition: drip\n');
    for (const args of [
      ['alerts', 'check', wrong],
      ['replay', recording, '--rules', wrong],
    ]) {
      const { status, stdout, stderr } = await runProgram(program, { args });
      expect([status, stdout, stderr.match(/rules\[\d\]/g)?.length]).toEqual([1, '', 5]);
    }
  }, 60_000);

  it('does not mind a reader that stops early', () => {
    const shell = `${process.execPath} --disable-warning=ExperimentalWarning ${program} replay ${recording} --interval 1s 2>&1 | head -n 1`;
    expect(execFileSync('bash', ['-o', 'pipefail', '-c', shell], { cwd: root, encoding: 'utf8' })).toMatch(/^symbol,interval/);
  });

  it('says in one line why servers cannot be shown or started, without a secret', async () => {
    const directory = join(scratch, 'services-never-the-right-password');
    mkdirSync(join(directory, 'kafka'), { recursive: true });
    writeFileSync(join(directory, 'kafka', 'cluster.json'), '{"service":"kafka"');
    const env = { CASSANDRA_USERNAME: 'x', CASSANDRA_PASSWORD: 'never-the-right-password' };
    for (const [args, expected] of [
      [
        ['status', '--directory', directory],
        /^\S+services-\[redacted\]\S+ does not describe a cluster: .+; remove the folder to begin anew\n$/,
      ],
      [
        ['up', '--secured', '--directory', join(directory, 'kafka', 'cluster.json')],
        /^the folder .+ cannot hold the servers' state: .+; name another one\n$/,
      ],
    ] as const) {
      const { status, stderr } = await runProgram(program, { args: ['services', ...args], env });
      expect([status, stderr]).toEqual([1, expect.stringMatching(expected)]);
    }
  }, 30_000);

  it('ends within 15 s with a remedy when the vendor refuses the key, and prints the key nowhere', async () => {
    const simulator = await startSimulator({ seed: 1, apiKey: 'the-right-key', logger });
    const env = {
      TWELVE_DATA_URL: simulator.url,
      TWELVE_DATA_API_KEY: 'wrong-key-4711',
      DATA_DIR: dataDir(),
      HTTP_PORT: '0',
      LOG_LEVEL: 'trace',
    };
    const { status, stdout, stderr, seconds } = await runProgram(program, { args: ['start'], env });
    expect(status).toBe(1);
    expect(seconds).toBeLessThan(15);
    expect(simulator.attempts.length).toBeGreaterThan(0);
    expect(simulator.attempts.length).toBeLessThanOrEqual(3);
    expect(stderr).toMatch(/set TWELVE_DATA_API_KEY|TWELVE_DATA_API_KEY/);
    expect(stdout + stderr).not.toContain('wrong-key-4711');
    await simulator.close();
  }, 30_000);

  it('shows the gap of a mute feed from its last price on, in the API', async () => {
    const simulator = await startSimulator({ seed: 1, misbehaviour: { kind: 'mute', afterMessages: 25, connections: 1 }, logger });
    const env = {
      TWELVE_DATA_URL: simulator.url,
      TWELVE_DATA_API_KEY: 'k',
      DATA_DIR: dataDir(),
      HTTP_PORT: '0',
      // The market itself is silent for 1.5 s now and then: about five prices come in a second.
      FEED_MUTE_TIMEOUT_MS: '4000',
      SYMBOLS: 'BTC/USD,ETH/USD',
    };
    const running = startProgram(program, { args: ['start'], env });
    const url = await eventually('the address', () => /Tapeline is at (\S+)/.exec(running.stdout())?.[1]);
    const gaps = await eventually('the gap', async () => {
      const { gaps: found } = (await (await fetch(`${url}/api/gaps`)).json()) as {
        gaps: { symbol: string; fromMs: number; toMs: number; reason: string; filled: boolean }[];
      };
      return found.length === 2 ? found : undefined;
    });
    expect(gaps.map(gap => gap.symbol).sort()).toEqual(['BTC/USD', 'ETH/USD']);
    expect(gaps[0]).toMatchObject({ reason: 'mute', filled: false });
    const log = await openEmbeddedLog({ directory: env.DATA_DIR, logger, readOnly: true });
    const { ticks } = await replayOfLog(log);
    expect([...ticks.keys()].filter(key => key.split(' ')[1] === '1')).toHaveLength(25);
    await log.close();
    const lastMs = (simulator.connections[0]?.openedMs ?? 0) + 0;
    expect(gaps[0]?.fromMs).toBeGreaterThan(lastMs);
    expect((gaps[0]?.toMs ?? 0) - (gaps[0]?.fromMs ?? 0)).toBeGreaterThanOrEqual(4_000);
    expect((gaps[0]?.toMs ?? 0) - (gaps[0]?.fromMs ?? 0)).toBeLessThan(8_000);
    expect(await running.end('SIGINT')).toBe(0);
    await simulator.close();
  }, 60_000);

  it('stops within 5 s on Ctrl-C, given twice as npm does, with nothing lost', async () => {
    const directory = dataDir();
    const child = spawn('npm', ['start'], {
      cwd: root,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, HOME: process.env.HOME, DATA_DIR: directory, HTTP_PORT: '0' },
    });
    let output = '';
    child.stdout.on('data', text => {
      output += text;
    });
    child.stderr.on('data', text => {
      output += text;
    });
    await eventually('it is up', () => output.includes('Tapeline is at'));
    await sleep(3_000);
    const closed = new Promise(resolve => child.on('close', resolve));
    const begunMs = performance.now();
    process.kill(-(child.pid ?? 0), 'SIGINT');
    await sleep(5);
    try {
      process.kill(-(child.pid ?? 0), 'SIGINT');
    } catch {
      // It was quicker than the second signal.
    }
    await closed;
    expect(performance.now() - begunMs).toBeLessThan(5_000);
    expect(output).toContain('every partition is saved and left');
    expect(output).not.toMatch(/"level":[56]0/);
    const exported = await runProgram(program, { args: ['export', '--interval', '1s'], env: { DATA_DIR: directory } });
    const log = await openEmbeddedLog({ directory, logger, readOnly: true });
    const replay = await replayOfLog(log);
    await log.close();
    expect(replay.ticks.size).toBeGreaterThan(10);
    expect(exported.stdout.trim().split('\n').length - 1).toBe([...replay.bars.values()].filter(bar => bar.interval === '1s').length);
  }, 60_000);

  it('works on the folder of the simulated market, or of the real one, and says on which', async () => {
    const through = ['sh', '-c', 'cd "$0" && exec "$@"', scratch];
    const toldWith = async (env: Record<string, string>) =>
      (await runProgram(join(root, program), { args: ['export'], env, through })).stderr.replaceAll(scratch, '');
    expect(await toldWith({})).toMatch(
      /working on \.tapeline\/simulated, of the simulated market.*\n.*\.tapeline\/simulated\/market\.sqlite is not/,
    );
    expect(await toldWith({ TWELVE_DATA_API_KEY: 'a-key-4711' })).toMatch(
      /working on \.tapeline\/data".*\n.*\.tapeline\/data\/market\.sqlite is not/,
    );
    expect(await toldWith({ DATA_DIR: 'mine' })).not.toContain('working on');
  }, 60_000);

  it('names the file of the tables that serve, and no generation where there is no store', async () => {
    const env = { DATA_DIR: dataDir(), HTTP_PORT: '0' };
    const none = await runProgram(program, { args: ['generations'], env });
    expect([none.status, none.stdout, none.stderr]).toEqual([
      1,
      '',
      expect.stringContaining('holds no store, expected the file market.sqlite'),
    ]);
    for (const file of ['market.sqlite', 'market-g2.sqlite']) {
      const running = startProgram(program, { args: ['start'], env });
      await eventually('it is up', () => running.stdout().includes('Tapeline is at'));
      expect(running.stdout()).toContain(`store  ${env.DATA_DIR}/${file}\n`);
      expect(await running.end('SIGINT')).toBe(0);
      expect((await runProgram(program, { args: ['rebuild'], env })).status).toBe(0);
    }
    expect((await runProgram(program, { args: ['generations'], env })).stdout).toMatch(/^3 +serving/m);
  }, 90_000);

  it('says that a folder cannot be used, and that another process has it', async () => {
    const file = join(scratch, 'a-file');
    writeFileSync(file, '');
    const unusable = await runProgram(program, { args: ['start'], env: { DATA_DIR: file, HTTP_PORT: '0' } });
    expect([unusable.status, unusable.stderr]).toEqual([1, expect.stringContaining('make it writable, or set DATA_DIR to another folder')]);
    const directory = dataDir();
    const first = startProgram(program, { args: ['start'], env: { DATA_DIR: directory, HTTP_PORT: '0' } });
    await eventually('it is up', () => first.stdout().includes('Tapeline is at'));
    const second = await runProgram(program, { args: ['start'], env: { DATA_DIR: directory, HTTP_PORT: '0' } });
    expect([second.status, second.stderr]).toEqual([1, expect.stringContaining(`in use by process ${first.pid}`)]);
    expect(await first.end('SIGINT')).toBe(0);
  }, 60_000);

  it('ends with the remedy when a setting is another one than the bars were made with, and goes on with the former', async () => {
    const env = { DATA_DIR: dataDir(), HTTP_PORT: '0' };
    const isUp = (running: RunningProcess) => eventually('it is up', () => running.stdout().includes('Tapeline is at'));
    const first = startProgram(program, { args: ['start'], env });
    await isUp(first);
    await eventually(
      'a bar is there',
      async () => (await runProgram(program, { args: ['export', '--interval', '1s'], env })).stdout.split('\n').length > 2,
    );
    expect(await first.end('SIGINT')).toBe(0);
    const other = await runProgram(program, { args: ['start'], env: { ...env, ALLOWED_LATENESS_MS: '5000' } });
    expect(other.status).toBe(1);
    expect(other.stderr).toContain('ALLOWED_LATENESS_MS=2000, now it is 5000: go back to the former setting, or run tapeline rebuild');
    const again = startProgram(program, { args: ['start'], env });
    await isUp(again);
    expect(await again.end('SIGINT')).toBe(0);
  }, 60_000);

  it('says that the disk is full, keeps what it had, and goes on when there is room', async () => {
    const directory = temporaryFolder('small-disk');
    // Only this process sees the mount, so it goes with it, however that ends.
    const through = ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs -o size=1m tmpfs "$0" && exec "$@"', directory];
    const running = startProgram(program, { args: ['start'], env: { DATA_DIR: directory, HTTP_PORT: '0' }, through });
    try {
      await eventually('it says so', () => /"code":"(store|log)\.full"/.test(running.stderr()), 60_000);
      expect(running.stderr()).toContain('free disk space');
      execFileSync('nsenter', ['--mount', '--target', `${running.pid}`, 'mount', '-o', 'remount,size=64m', directory]);
      await eventually(
        'it goes on',
        async () => {
          const url = /Tapeline is at (\S+)/.exec(running.stdout())?.[1];
          const { bars } = (await (await fetch(`${url}/api/bars?symbol=BTC/USD&interval=1s&limit=1`)).json()) as {
            bars: { startMs: number; state: string }[];
          };
          return Date.now() - (bars[0]?.startMs ?? 0) < 10_000;
        },
        30_000,
      );
      const status = await running.end('SIGINT');
      expect([status, ...linesOf(running.stderr(), 60)]).toEqual([0]);
    } finally {
      running.child.kill('SIGKILL');
    }
  }, 120_000);
});

/** The lines of a log at this level. */
function linesOf(log: string, level: number): readonly string[] {
  return log.split('\n').filter(line => line.includes(`"level":${level},`));
}
