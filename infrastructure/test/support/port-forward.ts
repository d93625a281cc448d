/** This file asks a Service of a cluster over HTTP by `kubectl port-forward`, as people do. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/**
 * Opens the way for as long as `use` takes.
 *
 * @param args `-n <namespace> port-forward service/<name> <port>`; here the port on this side is any free one
 */
export async function forwarding<T>(kubeconfig: string, args: readonly string[], use: (url: string) => Promise<T>): Promise<T> {
  const anyPort = args.map((arg, index) => (index === args.length - 1 ? `:${arg.split(':').at(-1)}` : arg));
  const child = spawn('kubectl', ['--kubeconfig', kubeconfig, ...anyPort], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said: string[] = [];
  child.stderr.on('data', data => said.push(String(data)));
  const exit = once(child, 'exit').then(() => {
    throw new Error(`kubectl ${anyPort.join(' ')} ended: ${said.join('')}`);
  });
  exit.catch(() => undefined);
  try {
    const lines = createInterface({ input: child.stdout });
    const [line] = (await Promise.race([once(lines, 'line'), exit])) as [string];
    lines.on('line', () => undefined);
    return await use(`http://127.0.0.1:${/^Forwarding from 127\.0\.0\.1:(\d+)/.exec(line)?.[1]}`);
  } finally {
    child.kill();
  }
}
