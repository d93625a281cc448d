/** `tapeline alerts check`: whether a rules file can be used, and what each of its rules means. */

import { meaningOf } from '@tapeline/core/alert-rule-text';
import type { Configuration } from '@tapeline/core/configuration';
import { counted } from '@tapeline/core/counted';
import { readRulesFile } from '@tapeline/stream-processing/alerts/rules-file';

export interface AlertsCheckOptions {
  readonly path: string;
  readonly configuration: Configuration;
}

/** @returns the exit status: 0 for a file without faults, else 1. */
export async function alertsCheckCommand({ path, configuration }: AlertsCheckOptions): Promise<number> {
  const { rules, faults } = readRulesFile(path, { intervals: configuration.BAR_INTERVALS });
  if (rules === undefined) {
    const head = faults.length === 1 ? `${path} has a fault:` : `${path} has ${faults.length} faults:`;
    process.stderr.write(`${[head, ...faults.map(fault => `  - ${fault}`)].join('\n')}\n`);
    return 1;
  }
  for (const rule of rules) process.stdout.write(`${rule.name}\n  ${meaningOf(rule)}\n`);
  process.stderr.write(`${counted(rules.length, 'rule')}, no fault\n`);
  return 0;
}
