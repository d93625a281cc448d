/**
 * This file makes images that stand in for Grafana and Kafdrop, which cannot be had without a registry: a Node that says yes to every request.
 *
 * With them the stack of a cluster is applied whole, and what the charts say of the two pods is tried. Of the programs themselves they say nothing.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { type Image, type Layer, packLayer } from './image-archive.ts';

const charts = fileURLToPath(new URL('../../../charts/', import.meta.url));
const program = "require('node:http').createServer((_, response) => response.end('{}')).listen(Number(process.argv[2]));\n";

/** Under the names that the charts ask for. */
export async function makeStandInImages(base: Layer, scratch: string, tag: string): Promise<readonly Image[]> {
  const root = join(scratch, 'stand-in');
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, 'stand-in.cjs'), program);
  const layers = [base, await packLayer(root, scratch)];
  const imageFor = (name: string, port: number): Image => ({
    name,
    layers,
    settings: { entrypoint: ['node', '/stand-in.cjs', String(port)], cmd: [], env: {}, user: '10001:10001', workdir: '/', exposed: [port] },
  });
  const kafdrop = parse(readFileSync(join(charts, 'kafdrop/Chart.yaml'), 'utf8')) as { readonly appVersion: string };
  return [imageFor(`docker.io/tapeline/grafana:${tag}`, 3000), imageFor(`docker.io/obsidiandynamics/kafdrop:${kafdrop.appVersion}`, 9000)];
}
