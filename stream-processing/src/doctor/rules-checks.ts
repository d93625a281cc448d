/** Whether the file of alert rules can be used, and whether its rules are those in force. Pure apart from reading the file. */
import type { AlertRule } from '@tapeline/core/alert-rules';
import type { Interval } from '@tapeline/core/intervals';
import { readRulesFile } from '../alerts/rules-file.ts';
import { type Finding, fault, ok, skipped, warning } from './finding.ts';

const check = 'alert rules';

/** @param inForce those of each partition's snapshot; `undefined` when no snapshot was read. */
export function rulesFindings(
  file: string | undefined,
  intervals: readonly Interval[],
  inForce: readonly (readonly AlertRule[])[] | undefined,
): readonly Finding[] {
  if (file === undefined) {
    const what =
      inForce === undefined ? 'which rules are in force is not known without a snapshot' : `${inForce[0]?.length ?? 0} rules are in force`;
    return [skipped(check, `this process has no ALERT_RULES_FILE; ${what}`)];
  }
  const { rules, faults } = readRulesFile(file, { intervals });
  if (rules === undefined) {
    return faults.map(what =>
      fault(check, what, 'correct the file (tapeline alerts check shows what it says); the former rules stay in force'),
    );
  }
  if (inForce === undefined) return [skipped(check, `${file} is right; which rules are in force is not known without a snapshot`)];
  const wanted = JSON.stringify(rules);
  const others = inForce.filter(partition => JSON.stringify(partition) !== wanted).length;
  if (others === 0) return [ok(check, `${rules.length} in force, as ${file} has them`)];
  const what = `${others} of ${inForce.length} partitions have other rules in force than ${file} has`;
  const remedy =
    'wait for the next snapshot; if it stays so, see the log of the process that has ALERT_RULES_FILE, and that processors run';
  return [warning(check, what, remedy)];
}
