/** Which series our processes have, and which ones an expression of Prometheus asks for. */
import { metricCatalogue, seriesNames } from '@tapeline/core/metrics/catalogue';
import { metricsOfNode } from '@tapeline/core/metrics/registered-metrics';

/** Names as Prometheus has them, of the catalogue and of Node; a histogram has three. */
export function knownSeries(): ReadonlySet<string> {
  const ours = Object.entries(metricCatalogue).flatMap(([name, { kind }]) => seriesNames(name, kind));
  return new Set([...ours, ...metricsOfNode()]);
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
