import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { startControlPlane } from '../src/control-plane.ts';
import { describeWithControlPlane } from '../src/for-tests.ts';

const START_MS = 240_000;
const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: sleeper}
spec:
  selector: {matchLabels: {app: sleeper}}
  template:
    metadata: {labels: {app: sleeper}}
    spec: {containers: [{name: sleeper, image: "localhost/sleeper:1"}]}
`;

describeWithControlPlane('a control plane for tests', () => {
  it(
    'runs pods on fake nodes, takes standard input, says what kubectl said, and comes back in its folder',
    async () => {
      const folder = temporaryFolder('services');
      const directory = join(folder, 'cp');
      const first = await startControlPlane({ directory });
      try {
        expect(await first.kubectl(['get', '--raw', '/readyz'])).toBe('ok');
        expect(await first.kubectl(['apply', '-f', '-'], deployment)).toBe('deployment.apps/sleeper created\n');
        await first.kubectl(['rollout', 'status', 'deployment/sleeper', '--timeout=60s']);
        await expect(first.kubectl(['get', 'deployment/other'])).rejects.toThrow('"other" not found');
      } finally {
        await first.stop();
      }
      const second = await startControlPlane({ directory });
      try {
        expect(second.server).toBe(first.server);
        expect(await second.kubectl(['get', 'deployment', '-o', 'name'])).toBe('deployment.apps/sleeper\n');
      } finally {
        await second.stop();
      }
    },
    START_MS,
  );

  it(
    'lets two run side by side',
    async () => {
      const folder = temporaryFolder('services');
      const started = await Promise.all(['a', 'b'].map(name => startControlPlane({ directory: join(folder, name), fakeNodes: 0 })));
      try {
        expect(new Set(started.map(({ server }) => server)).size).toBe(2);
        for (const one of started) expect(await one.kubectl(['get', 'nodes'])).toBe('');
      } finally {
        await Promise.all(started.map(one => one.stop()));
      }
    },
    START_MS,
  );
});
