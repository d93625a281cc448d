/**
 * Writes the table of settings into the README, between its two markers: `npm run settings-table`. A test fails when it is stale.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { runCommandLine } from '@tapeline/core/command-line';
import type { Setting } from '@tapeline/core/setting-kinds';
import { settings } from '@tapeline/core/settings';

const begin = '<!-- settings: begin -->';
const end = '<!-- settings: end -->';
const file = new URL('../README.md', import.meta.url);

/** The table as Markdown, from the settings that the code reads. */
function settingsTable(): string {
  const rows = (Object.entries(settings) as [string, Setting<unknown>][]).map(([name, setting]) => {
    const names = setting.secret ? `\`${name}\` (or \`${name}_FILE\`)` : `\`${name}\``;
    return `| ${names} | ${shown(setting.otherwise)} | ${setting.help}; ${setting.expected} |`;
  });
  return ['| variable | default | what it is |', '| --- | --- | --- |', ...rows].join('\n');
}

/** A README with the table of now. */
export function withSettingsTable(readme: string): string {
  const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`README.md must have a line "${begin}" and, after it, "${end}"`);
  return `${readme.slice(0, from + begin.length)}\n${settingsTable()}\n${readme.slice(to)}`;
}

function shown(value: unknown): string {
  if (value === undefined) return '–';
  return `\`${Array.isArray(value) ? value.join(',') : String(value)}\``;
}

if (import.meta.main) {
  const help = 'settings-table: writes the table of settings into README.md.\n';
  process.exitCode = await runCommandLine({ help }, async () => {
    writeFileSync(file, withSettingsTable(readFileSync(file, 'utf8')));
    return 0;
  });
}
