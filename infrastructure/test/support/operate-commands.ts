/** This file takes the commands out of docs/operate.md, so that tests run the very lines that an operator copies. */
import { readFileSync } from 'node:fs';

export interface OperateCommand {
  /** Number of the section that it stands in. */
  readonly section: number;
  readonly line: string;
  /** cluster: any API server can answer it; pod: with a program of a pod's image; forward: until Ctrl-C. */
  readonly needs: 'cluster' | 'pod' | 'forward';
}

/** All of them, in their order. */
export function operateCommands(): readonly OperateCommand[] {
  const markdown = readFileSync(new URL('../../../docs/operate.md', import.meta.url), 'utf8');
  return [...markdown.matchAll(/^## (\d)\. [\s\S]*?(?=^## |$(?![\s\S]))/gm)].flatMap(([text, section]) =>
    commandsIn(text).map(line => ({ section: Number(section), line, needs: needsOf(line) })),
  );
}

function commandsIn(text: string): readonly string[] {
  const blocks = [...text.matchAll(/^```\n([\s\S]*?)^```/gm)].map(([, block = '']) => block);
  return blocks.flatMap(block => block.split('\n')).filter(line => line !== '');
}

function needsOf(line: string): OperateCommand['needs'] {
  if (line.includes(' port-forward ')) return 'forward';
  return line.includes(' exec ') || line.includes('market_data.tar') ? 'pod' : 'cluster';
}
