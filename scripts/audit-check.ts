/**
 * Asks the registry for the known weaknesses of all packages of package-lock.json, and fails on each that docs/security.md does not
 * explain: `npm run audit-check`. Exit status 1 with such findings, 2 where the registry answers no audit.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runCommandLine } from '@tapeline/core/command-line';
import { reasonOf } from '@tapeline/core/errors';
import { z } from 'zod';

const help = `audit-check: asks the registry for the known weaknesses of all packages, and fails on each that docs/security.md does not explain.

Exit status 1 with such findings, 2 where the registry answers no audit.
`;
const begin = '<!-- advisories: begin -->';
const end = '<!-- advisories: end -->';

/** What `npm audit --json` says, as far as it matters here; a text in `via` names another package that has the finding. */
const reportSchema = z.object({
  vulnerabilities: z.record(
    z.string(),
    z.object({
      via: z.array(z.union([z.string(), z.object({ name: z.string(), url: z.string(), title: z.string(), severity: z.string() })])),
    }),
  ),
});

export interface Advisory {
  /** As GitHub names it: `GHSA-…`. */
  readonly id: string;
  readonly name: string;
  readonly severity: string;
  readonly title: string;
}

/**
 * The advisories of what `npm audit --json` printed, each once.
 * @throws Error when that is no report: the registry answers no audit, or could not be reached.
 */
function advisoriesOf(printed: string): readonly Advisory[] {
  const report = reportSchema.safeParse(parsed(printed));
  if (!report.success) {
    const said = z.object({ message: z.string() }).safeParse(parsed(printed)).data?.message ?? (printed.slice(0, 300) || 'nothing');
    throw new Error(`the registry answers no audit (${said}): nothing is known of weaknesses; run this where npm reaches one that does`);
  }
  const advisories = Object.values(report.data.vulnerabilities)
    .flatMap(({ via }) => via)
    .filter(each => typeof each !== 'string')
    .map(({ name, url, title, severity }) => ({ id: url.split('/').at(-1) ?? url, name, severity, title }));
  return [...new Map(advisories.map(advisory => [advisory.id, advisory])).values()];
}

/** The advisories that the document explains: the first column of the table between its two markers. */
export function explainedIn(document: string): ReadonlySet<string> {
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/security.md must have a line "${begin}" and, after it, "${end}"`);
  return new Set([...document.slice(from, to).matchAll(/^\| (GHSA-[\w-]+) \|/gm)].map(match => match[1] as string));
}

/** A sentence with the remedy for each advisory without an explanation, and for each explanation without one. */
export function auditFaults(advisories: readonly Advisory[], explained: ReadonlySet<string>): readonly string[] {
  const found = new Set(advisories.map(({ id }) => id));
  return [
    ...advisories
      .filter(({ id }) => !explained.has(id))
      .map(({ id, name, severity, title }) => `${name}: ${title} (${severity}, ${id}): upgrade it, or explain ${id} in docs/security.md`),
    ...[...explained].filter(id => !found.has(id)).map(id => `${id} is explained in docs/security.md and found no more: take its row out`),
  ];
}

/** npm's exit status says only whether something was found, so it is left aside. */
function npmAudit(directory: string): string {
  const { stdout, error } = spawnSync('npm', ['audit', '--json', '--package-lock-only'], { cwd: directory, encoding: 'utf8' });
  if (error !== undefined) throw new Error(`npm could not be run (${error.message}): install npm`);
  return stdout;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function main(): number {
  const advisories = advisoriesOf(npmAudit(fileURLToPath(new URL('../', import.meta.url))));
  const explained = explainedIn(readFileSync(new URL('../docs/security.md', import.meta.url), 'utf8'));
  const faults = auditFaults(advisories, explained);
  for (const fault of faults) process.stderr.write(`${fault}\n`);
  if (faults.length === 0) process.stdout.write(`${advisories.length} advisories, all of them explained in docs/security.md\n`);
  return faults.length === 0 ? 0 : 1;
}

if (import.meta.main) {
  try {
    process.exitCode = await runCommandLine({ help }, async () => main());
  } catch (error) {
    process.stderr.write(`${reasonOf(error)}\n`);
    process.exitCode = 2;
  }
}
