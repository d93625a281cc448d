import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Command } from 'commander';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { writeCluster } from '../src/cluster-file.ts';
import { startCluster } from '../src/cluster-start.ts';
import { addServicesCommand, type SecuredServers, type ServicesChoice, servicesDown, servicesStatus, servicesUp } from '../src/command.ts';

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
  addServicesCommand(program, { kafkaUsers: [], prepare: async () => [] });
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

describe('services up', () => {
  const secured = (directory: string): ServicesChoice => ({ directory, kafka: false, cassandra: false, secured: true });
  function recordingSecuring() {
    const prepared: SecuredServers[] = [];
    const prepare = async (servers: SecuredServers) => {
      prepared.push(servers);
      return ['export A=1'];
    };
    return { prepared, kafkaUsers: [], prepare };
  }

  it('tells what the folder knows of secured servers that are left out', async () => {
    const folder = temporaryFolder('services');
    await mkdir(join(folder, 'kafka-secured'));
    const nodes = [1, 2, 3].map(id => ({ id, ports: [20_000 + id, 20_010 + id] }));
    await writeCluster(join(folder, 'kafka-secured'), { service: 'kafka', clusterId: 'T', isSecured: true, nodes });
    const [output, securing] = [recorded(), recordingSecuring()];
    await servicesUp(secured(folder), output, undefined, securing);
    const brokers = ['127.0.0.1:20001', '127.0.0.1:20002', '127.0.0.1:20003'];
    expect(securing.prepared).toMatchObject([
      { brokers: undefined, contactPoints: undefined, known: { brokers, contactPoints: undefined } },
    ]);
    expect(output.lines).toEqual(['export A=1']);
  });

  it('prepares no secured servers after Ctrl-C', async () => {
    const [output, securing] = [recorded(), recordingSecuring()];
    const up = servicesUp(secured(temporaryFolder('services')), output, AbortSignal.abort(), securing);
    await expect(up).rejects.toMatchObject({ name: 'AbortError' });
    expect([securing.prepared, output.lines]).toEqual([[], []]);
  });
});

describe('services status', () => {
  it('says how to begin when there is nothing', async () => {
    const folder = temporaryFolder('services');
    const output = recorded();
    await servicesStatus(all(folder), output);
    expect(output).toMatchObject({ lines: [], said: [`no servers in ${folder}; start them with services up`] });
  });

  it('shows nodes that are down', async () => {
    const folder = temporaryFolder('services');
    await mkdir(join(folder, 'kafka'));
    const nodes = [
      { id: 1, ports: [20_001, 20_002] },
      { id: 2, ports: [20_003, 20_004] },
    ];
    await writeCluster(join(folder, 'kafka'), { service: 'kafka', clusterId: 'T', isSecured: false, nodes });
    const output = recorded();
    await servicesStatus(all(folder), output);
    expect(output.lines).toEqual(['name   node  pid   port   rss', 'kafka  1     down  20001  -', 'kafka  2     down  20003  -']);
  });

  it('tells secured servers from the open ones', async () => {
    const folder = temporaryFolder('services');
    for (const name of ['kafka', 'kafka-secured']) {
      await mkdir(join(folder, name));
      const nodes = [{ id: 1, ports: [20_001, 20_002] }];
      await writeCluster(join(folder, name), { service: 'kafka', clusterId: 'T', isSecured: name !== 'kafka', nodes });
    }
    const output = recorded();
    await servicesStatus(all(folder), output);
    expect(output.lines.map(line => line.split(' ')[0])).toEqual(['name', 'kafka', 'kafka-secured']);
  });

  it('names a description that it cannot read', async () => {
    const folder = temporaryFolder('services');
    await mkdir(join(folder, 'kafka'));
    await writeFile(join(folder, 'kafka', 'cluster.json'), '{"service":"kafka"');
    await expect(servicesStatus(all(folder), recorded())).rejects.toThrow('cluster.json does not describe a cluster');
  });
});

describe('services down', () => {
  it('says that nothing was up', async () => {
    const folder = temporaryFolder('services');
    const output = recorded();
    await servicesDown(all(folder), output);
    expect(output.said.toSorted()).toEqual(['cassandra: was not up', 'kafka: was not up']);
  });
});

describe('startCluster', () => {
  const plan = { service: 'kafka', nodeCount: 3, portsPerNode: 2, isSecured: false, makeNodes: async () => [] } as const;

  it('refuses a folder that holds a cluster of another size', async () => {
    const folder = temporaryFolder('services');
    await writeCluster(folder, { service: 'kafka', clusterId: 'T', isSecured: false, nodes: [{ id: 1, ports: [20_001, 20_002] }] });
    await expect(startCluster(plan, { directory: folder })).rejects.toThrow(
      `${folder} holds 1 kafka node(s), but 3 of kafka were asked for; stop them and remove the folder, or name another`,
    );
  });

  it('refuses a folder whose servers ask who is there, or do not, against what is wanted', async () => {
    const folder = temporaryFolder('services');
    await writeCluster(folder, { service: 'kafka', clusterId: 'T', isSecured: true, nodes: [{ id: 1, ports: [20_001, 20_002] }] });
    await expect(startCluster({ ...plan, nodeCount: 1 }, { directory: folder })).rejects.toThrow(
      `${folder} holds a secured kafka, but an open one was asked for; name another folder`,
    );
  });

  it('keeps its identity and its ports from start to start', async () => {
    const folder = temporaryFolder('services');
    const first = await startCluster(plan, { directory: folder });
    const second = await startCluster(plan, { directory: folder });
    expect(second.cluster).toEqual(first.cluster);
    expect(first.cluster.clusterId).toMatch(/^T[\w-]{21}$/);
  });

  it('says that a folder cannot be made', async () => {
    const folder = temporaryFolder('services');
    await writeFile(join(folder, 'file'), '');
    await expect(startCluster(plan, { directory: join(folder, 'file', 'kafka') })).rejects.toThrow("cannot hold the servers' state");
  });
});
