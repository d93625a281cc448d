/** This file reads a Dockerfile of the few instructions that ours is made of, and refuses all others. */

export interface Stage {
  readonly name: string;
  /** An image, or the name of a stage above. */
  readonly from: string;
  readonly instructions: readonly Instruction[];
}

export type Instruction =
  | { readonly kind: 'copy'; readonly from: string | undefined; readonly sources: readonly string[]; readonly destination: string }
  | { readonly kind: 'run'; readonly command: readonly string[] }
  | { readonly kind: 'workdir'; readonly path: string }
  | { readonly kind: 'env'; readonly name: string; readonly value: string }
  | { readonly kind: 'user'; readonly user: string }
  | { readonly kind: 'expose'; readonly port: number }
  | { readonly kind: 'entrypoint' | 'cmd'; readonly words: readonly string[] };

/** The stages in their order; `${NAME}` stands for the default of an ARG above the first FROM. */
export function parseDockerfile(text: string): readonly Stage[] {
  const defaults = new Map<string, string>();
  const stages: { name: string; from: string; instructions: Instruction[] }[] = [];
  for (const line of logicalLines(text)) {
    const [keyword = '', rest = ''] = splitOnce(line);
    if (keyword === 'ARG' && stages.length === 0) {
      const [name = '', value = ''] = rest.split('=');
      defaults.set(name, value);
      continue;
    }
    if (keyword === 'FROM') {
      stages.push(openStage(withDefaults(rest, defaults)));
      continue;
    }
    const stage = stages.at(-1);
    if (stage === undefined) throw new Error(`"${line}" stands before the first FROM`);
    stage.instructions.push(instructionOf(keyword, rest));
  }
  return stages;
}

function logicalLines(text: string): readonly string[] {
  return text
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'));
}

function splitOnce(line: string): readonly [string, string] {
  const at = line.indexOf(' ');
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1).trim()];
}

function withDefaults(text: string, defaults: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\$\{(\w+)\}/g, (whole, name: string) => {
    const value = defaults.get(name);
    if (value === undefined) throw new Error(`${whole} has no default`);
    return value;
  });
}

function openStage(rest: string): { name: string; from: string; instructions: Instruction[] } {
  const [from, as, name, ...more] = rest.split(/\s+/);
  if (from === undefined || as !== 'AS' || name === undefined || more.length > 0) {
    throw new Error(`"FROM ${rest}" is not of the form FROM image AS name`);
  }
  return { name, from, instructions: [] };
}

function instructionOf(keyword: string, rest: string): Instruction {
  switch (keyword) {
    case 'COPY':
      return copyOf(rest.split(/\s+/));
    case 'RUN':
      return { kind: 'run', command: plainWords(rest) };
    case 'WORKDIR':
      return { kind: 'workdir', path: rest };
    case 'ENV': {
      const [name = '', value = ''] = rest.split('=');
      return { kind: 'env', name, value };
    }
    case 'USER':
      return { kind: 'user', user: rest };
    case 'EXPOSE':
      return { kind: 'expose', port: Number(rest) };
    case 'ENTRYPOINT':
      return { kind: 'entrypoint', words: jsonWords(keyword, rest) };
    case 'CMD':
      return { kind: 'cmd', words: jsonWords(keyword, rest) };
    default:
      throw new Error(`this reader does not know ${keyword}`);
  }
}

function copyOf(words: readonly string[]): Instruction {
  const from = words[0]?.startsWith('--from=') ? words[0].slice('--from='.length) : undefined;
  const paths = from === undefined ? words : words.slice(1);
  const destination = paths.at(-1);
  const sources = paths.slice(0, -1);
  if (destination === undefined || sources.length === 0 || paths.some(path => path.startsWith('--') || /[*?[]/.test(path))) {
    throw new Error(`"COPY ${words.join(' ')}" is not of the form COPY [--from=stage] path… path`);
  }
  return { kind: 'copy', from, sources, destination };
}

/** A command that any shell would split at its blanks and change nothing in. */
function plainWords(command: string): readonly string[] {
  if (!/^[\w./=@ -]+$/.test(command)) throw new Error(`"RUN ${command}" needs a shell, which this reader has not`);
  return command.split(/\s+/);
}

function jsonWords(keyword: string, rest: string): readonly string[] {
  const words: unknown = JSON.parse(rest);
  if (Array.isArray(words) && words.every(word => typeof word === 'string')) return words;
  throw new Error(`"${keyword} ${rest}" is not a list of words, so a shell would stand between Kubernetes and the process`);
}
