/** The commands in the code blocks of docs/operate.md, by where they can run. */
export interface OperateCommands {
  /** Against any API server. */
  readonly outside: readonly string[];
  /** With a program of a pod's image. */
  readonly inside: readonly string[];
  /** Until Ctrl-C. */
  readonly forwards: readonly string[];
}

export function commandsOf(markdown: string): OperateCommands {
  const blocks = [...markdown.matchAll(/```\n([\s\S]*?)```/g)].map(([, block = '']) => block);
  const lines = blocks.flatMap(block => block.split('\n')).filter(line => line !== '');
  return {
    outside: lines.filter(line => !/ exec | port-forward /.test(line)),
    inside: lines.filter(line => / exec /.test(line)),
    forwards: lines.filter(line => / port-forward /.test(line)),
  };
}
