/** How findings are told: a line each, or JSON; and the exit status that follows from them. */
import { counted } from '@tapeline/core/counted';
import type { Finding } from './finding.ts';

/** For the help of a command. */
export const exitStatuses = 'Exit status: 0 when all is well, 1 when something warns, 2 when something is at fault';

/** 0 when all is well, 1 when something warns, 2 when something is at fault. */
export function exitStatusFor(findings: readonly Finding[]): 0 | 1 | 2 {
  if (findings.some(({ status }) => status === 'fault')) return 2;
  return findings.some(({ status }) => status === 'warning') ? 1 : 0;
}

export function textReport(findings: readonly Finding[]): string {
  const width = Math.max(0, ...findings.map(({ check }) => check.length));
  const lines = findings.map(({ check, status, what, remedy }) => {
    const line = `${status.padEnd(8)} ${check.padEnd(width)}  ${what}${remedy === undefined ? '' : `; ${remedy}`}`;
    return `${line.replaceAll(/\s*\n\s*/g, ' ')}\n`;
  });
  return `${lines.join('')}${summaryOf(findings)}\n`;
}

/** `{"status", "checks": [{"check", "status", "what", "remedy"}]}`. */
export function jsonReport(findings: readonly Finding[]): string {
  const status = (['ok', 'warning', 'fault'] as const)[exitStatusFor(findings)];
  return `${JSON.stringify({ status, checks: findings }, undefined, 2)}\n`;
}

function summaryOf(findings: readonly Finding[]): string {
  const count = (status: Finding['status']) => findings.filter(finding => finding.status === status).length;
  const [faults, warnings, others] = [count('fault'), count('warning'), count('skipped')];
  return `${counted(findings.length, 'check')}: ${faults} at fault, ${warnings} ${warnings === 1 ? 'warns' : 'warn'}, ${others} not looked at`;
}
