import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { engineCodeText } from '../../scripts/fold-engine.ts';

it('runs the engine that its sources give: else `npm run fold-engine`', async () => {
  const text = readFileSync(new URL('../src/hot/engine-code.ts', import.meta.url), 'utf8');
  expect(await engineCodeText()).toBe(text);
}, 60_000);
