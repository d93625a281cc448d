import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { withSettingsTable } from '../scripts/settings-table.ts';

describe('the README', () => {
  it('lists the settings that the code reads (else: npm run settings-table)', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    expect(withSettingsTable(readme)).toBe(readme);
  });
});
