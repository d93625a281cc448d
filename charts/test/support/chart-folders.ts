/** The charts of this repository, found by their folders, and where each is released. */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const chartsDirectory = fileURLToPath(new URL('../../', import.meta.url));

export interface Chart {
  /** Of the folder, the chart and the release alike. */
  readonly name: string;
  readonly directory: string;
  readonly namespace: string;
  /** Paths of its `ci/*-values.yaml`. */
  readonly ciValues: readonly string[];
}

const namespaces: Readonly<Record<string, string>> = {
  kafka: 'tapeline-data',
  cassandra: 'tapeline-data',
  monitoring: 'tapeline-platform',
};

/** Every namespace that a release lives in. */
export const allNamespaces = ['tapeline', 'tapeline-data', 'tapeline-platform'] as const;

/** Every folder with a Chart.yaml, in order of names. */
export function charts(): readonly Chart[] {
  return readdirSync(chartsDirectory)
    .filter(name => existsSync(join(chartsDirectory, name, 'Chart.yaml')))
    .sort()
    .map(chart);
}

/** One of them by its name. */
export function chart(name: string): Chart {
  const directory = join(chartsDirectory, name);
  const ci = join(directory, 'ci');
  const files = existsSync(ci) ? readdirSync(ci).filter(file => file.endsWith('-values.yaml')) : [];
  return { name, directory, namespace: namespaces[name] ?? 'tapeline', ciValues: files.sort().map(file => join(ci, file)) };
}

/** `tls` of `ci/tls-values.yaml`. */
export function ciName(valuesFile: string): string {
  return basename(valuesFile, '-values.yaml');
}
