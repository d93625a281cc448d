/** Which metrics our processes have, and which ones an expression of Prometheus asks for. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { collectDefaultMetrics, Registry } from 'prom-client';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const stages = ['core', 'ingestion', 'log', 'stream-processing', 'database', 'visualization'] as const;

/** `new Counter({ name: 'x' …`, `new Histogram({\n name: 'x' …` */
const constructed = /new (Counter|Gauge|Histogram)(?:<[^>]*>)?\(\{\s*name:\s*'([a-z_]+)'/g;
/** `counterOf(registry, 'x', …`, `counter('x', …`, `gauge('x', …` */
const found = /(?:(?:counter|gauge)Of(?:<[^>]*>)?\(\s*[\w.#]+,|\b(?:counter|gauge)\()\s*'([a-z_]+)'/g;

/** Names as Prometheus has them, read from the sources, and those that every process has of Node; a histogram has three. */
export function metricsOfSources(): ReadonlySet<string> {
  const names = new Set<string>(metricsOfNode());
  for (const text of sources()) {
    for (const [, kind, name = ''] of text.matchAll(constructed)) {
      for (const suffix of kind === 'Histogram' ? ['_bucket', '_sum', '_count'] : ['']) names.add(`${name}${suffix}`);
    }
    for (const [, name = ''] of text.matchAll(found)) names.add(name);
  }
  return names;
}

/** Names of metrics in an expression: what is no function, no label and no word of the language. */
export function metricsOfExpression(expression: string): readonly string[] {
  const bare = expression
    .replace(/"[^"]*"/g, '')
    .replace(/\{[^}]*\}/g, '')
    .replace(/\[[^\]]*\]/g, '')
    .replace(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, '');
  const words = [...bare.matchAll(/\b([a-z_][a-z0-9_:]*)\b(?!\s*\()/gi)].map(([word]) => word);
  return [...new Set(words)].filter(word => !['and', 'or', 'unless', 'offset', 'bool'].includes(word));
}

function* sources(): Generator<string> {
  for (const stage of stages) {
    const folder = join(root, stage, 'src');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'));
    for (const file of files) yield readFileSync(join(folder, file), 'utf8');
  }
}

function metricsOfNode(): readonly string[] {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry.getMetricsAsArray().map(({ name }) => name);
}
