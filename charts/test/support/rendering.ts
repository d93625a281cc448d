/** Renders charts with the real helm, as a release would be made of them. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { kubernetesTools } from '@tapeline/services/kubernetes-tools';
import { parseAllDocuments } from 'yaml';
import { type Chart, charts, ciName } from './chart-folders.ts';
import type { KubernetesObject } from './kubernetes-objects.ts';

const run = promisify(execFile);

/** A chart with the values of one of its ci files, rendered. */
export interface Rendering {
  readonly chart: Chart;
  /** As `ingester/tls`. */
  readonly name: string;
  readonly objects: readonly KubernetesObject[];
}

/** What helm says on standard output. Rejects with what it says on standard error. */
export async function helm(args: readonly string[]): Promise<string> {
  const { bin } = await kubernetesTools();
  // No cluster but the one named in the arguments, whatever the machine is configured for.
  const env = { ...process.env, KUBECONFIG: '/dev/null' };
  const { stdout } = await run(join(bin, 'helm'), [...args], { env, maxBuffer: 64 * 1024 * 1024, timeout: 300_000 });
  return stdout;
}

/** Renders a chart as the release of its own name; `options` are further options of helm, as `['--set', 'replicas=3']`. */
export async function render(chart: Chart, options: readonly string[] = []): Promise<readonly KubernetesObject[]> {
  return objectsOf(await helm(['template', chart.name, chart.directory, '--namespace', chart.namespace, ...options]));
}

/** Every chart with each of its ci files. */
export async function renderAll(): Promise<readonly Rendering[]> {
  const renderings: Rendering[] = [];
  for (const chart of charts()) {
    for (const file of chart.ciValues) {
      renderings.push({ chart, name: `${chart.name}/${ciName(file)}`, objects: await render(chart, ['--values', file]) });
    }
  }
  return renderings;
}

/** The objects of a text of several YAML documents. @throws YAMLParseError */
function objectsOf(yaml: string): readonly KubernetesObject[] {
  return parseAllDocuments(yaml)
    .map(document => {
      const [error] = document.errors;
      if (error !== undefined) throw error;
      return document.toJS() as KubernetesObject | null;
    })
    .filter(object => object !== null);
}
