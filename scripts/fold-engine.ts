/**
 * Compiles the fold engine (stream-processing/engine, AssemblyScript) and writes it where the fold imports it from; with `--check` it
 * only says whether what stands there is what the sources give.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommandLine } from '@tapeline/core/command-line';
import { main as compile } from 'assemblyscript/asc';

const source = fileURLToPath(new URL('../stream-processing/engine/engine.ts', import.meta.url));
const target = fileURLToPath(new URL('../stream-processing/src/hot/engine-code.ts', import.meta.url));
const lineLength = 132;

/** The text of engine-code.ts as the sources give it. @throws Error with what the compiler said. */
export async function engineCodeText(): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'tapeline-engine-'));
  try {
    const output = join(directory, 'engine.wasm');
    const flags = [
      '-O3',
      '--converge',
      '--runtime',
      'stub',
      '--noAssert',
      '--enable',
      'simd',
      '--enable',
      'bulk-memory',
      '--maximumMemory',
      '32767',
    ];
    const { error, stderr } = await compile([source, '--outFile', output, ...flags]);
    if (error !== null) throw new Error(`${error.message}\n${stderr.toString()}`);
    return textOf(readFileSync(output));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function textOf(code: Uint8Array): string {
  const text = Buffer.from(code).toString('base64');
  const lines = text.match(new RegExp(`.{1,${lineLength}}`, 'g')) ?? [];
  const comment = '/** The fold engine, compiled: `npm run fold-engine` writes this file from stream-processing/engine. */';
  return `${comment}\nexport const engineCode = [\n${lines.map(line => `  '${line}',\n`).join('')}].join('');\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const help = `fold-engine: compiles stream-processing/engine into stream-processing/src/hot/engine-code.ts.\n\n  --check  only says whether that is what stands there; exit status 1 when not\n`;
  process.exitCode = await runCommandLine({ help, options: { check: { type: 'boolean' } } }, async ({ check }) => {
    const text = await engineCodeText();
    if (check !== true) {
      writeFileSync(target, text);
      process.stdout.write(`${target}: ${text.length} bytes\n`);
    } else if (readFileSync(target, 'utf8') !== text) {
      process.stderr.write('the fold engine is not what its sources give: npm run fold-engine\n');
      return 1;
    }
    return 0;
  });
}
