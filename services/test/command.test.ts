import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Command } from 'commander';
import { writeCluster } from '../src/cluster-file.ts';
import { startCluster } from '../src/cluster-start.ts';
import { addServicesCommand, type ServicesChoice, servicesDown, servicesStatus } from '../src/command.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

function recorded() {
  const lines: string[] = [];
  const said: string[] = [];
  return { lines, said, out: (line: string) => void lines.push(line), say: (line: string) => void said.push(line) };
}

function all(directory: string): ServicesChoice {
  return { directory, kafka: true, cassandra: true };
}

async function parse(...args: readonly string[]): Promise<unknown> {
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  addServicesCommand(program);
  for (const command of program.commands.flatMap(services => services.commands)) {
    command.exitOverride().configureOutput({ writeErr: () => undefined });
  }
  return await program.parseAsync(['services', ...args], { from: 'user' }).catch(reason => reason);
}

describe('services', () => {
  it('takes one broker or three', async () => {
    expect(await parse('up', '--brokers', '2')).toMatchObject({
      message: "error: option '--brokers <count>' argument '2' is invalid. Allowed choices are 1, 3.",
    });
  });

  it('refuses an option that it does not know', async () => {
    expect(await parse('down', '--wipe')).toMatchObject({ code: 'commander.unknownOption' });
  });
});

describe('services status', () => {
  it('says how to begin when there is nothing', async () => {
    await using folder = await temporaryFolder();
    const output = recorded();
    await servicesStatus(all(folder.path), output);
    expect(output).toMatchObject({ lines: [], said: [`no servers in ${folder.path}; start them with services up`] });
  });

  it('shows nodes that are down', async () => {
    await using folder = await temporaryFolder();
    await mkdir(join(folder.path, 'kafka'));
    const nodes = [
      { id: 1, ports: [20_001, 20_002] },
      { id: 2, ports: [20_003, 20_004] },
    ];
    await writeCluster(join(folder.path, 'kafka'), { service: 'kafka', clusterId: 'T', nodes });
    const output = recorded();
    await servicesStatus(all(folder.path), output);
    expect(output.lines).toEqual(['name   node  pid   port   rss', 'kafka  1     down  20001  -', 'kafka  2     down  20003  -']);
  });

  it('names a description that it cannot read', async () => {
    await using folder = await temporaryFolder();
    await mkdir(join(folder.path, 'kafka'));
    await writeFile(join(folder.path, 'kafka', 'cluster.json'), '{"service":"kafka"');
    await expect(servicesStatus(all(folder.path), recorded())).rejects.toThrow('cluster.json is no description of a cluster');
  });
});

describe('services down', () => {
  it('says that nothing was up', async () => {
    await using folder = await temporaryFolder();
    const output = recorded();
    await servicesDown(all(folder.path), output);
    expect(output.said.toSorted()).toEqual(['cassandra: was not up', 'kafka: was not up']);
  });
});

describe('startCluster', () => {
  const plan = { service: 'kafka', nodeCount: 3, portsPerNode: 2, makeNodes: async () => [] } as const;

  it('refuses a folder that holds a cluster of another size', async () => {
    await using folder = await temporaryFolder();
    await writeCluster(folder.path, { service: 'kafka', clusterId: 'T', nodes: [{ id: 1, ports: [20_001, 20_002] }] });
    await expect(startCluster(plan, { directory: folder.path })).rejects.toThrow(
      `${folder.path} holds 1 kafka node(s), asked for were 3 of kafka; stop them and remove the folder, or name another`,
    );
  });

  it('keeps its identity and its ports from start to start', async () => {
    await using folder = await temporaryFolder();
    const first = await startCluster(plan, { directory: folder.path });
    const second = await startCluster(plan, { directory: folder.path });
    expect(second.cluster).toEqual(first.cluster);
    expect(first.cluster.clusterId).toMatch(/^T[\w-]{21}$/);
  });

  it('says that a folder cannot be made', async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'file'), '');
    await expect(startCluster(plan, { directory: join(folder.path, 'file', 'kafka') })).rejects.toThrow("cannot hold the servers' state");
  });
});
