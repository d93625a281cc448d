import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { ChartRelease, type ChartReleaseProps, chartsDirectory } from '../src/constructs/chart-release.ts';
import { at } from './support/json.ts';
import { stackOf } from './support/stack-of.ts';

const aRelease: ChartReleaseProps = { chart: 'kafdrop', namespace: 'tapeline', timeoutSeconds: 600 };

function releaseOf(props: ChartReleaseProps) {
  const [release] = Object.values(
    at(
      stackOf(scope => new ChartRelease(scope, 'kafdrop', props)),
      'resource',
      'helm_release',
    ),
  );
  return at(release);
}

describe('ChartRelease', () => {
  it('releases a folder of charts/ under its name, waits, and finds the chart in the synthesised folder', () => {
    expect(releaseOf({ ...aRelease, values: { replicas: 2 } })).toEqual({
      name: 'kafdrop',
      namespace: 'tapeline',
      chart: expect.stringMatching(/^\.\/assets\/kafdrop_files_[0-9A-F]{8}\/[0-9A-F]{32}$/),
      values: ['{\n  "replicas": 2\n}'],
      wait: true,
      timeout: 600,
      max_history: 5,
    });
  });

  it('has another path when a file of the chart changes, so that a plan shows it', () => {
    const folder = temporaryFolder('charts');
    cpSync(join(chartsDirectory, 'kafdrop'), join(folder, 'kafdrop'), { recursive: true });
    const before = releaseOf({ ...aRelease, chartsDirectory: folder }).chart;
    expect(before).toBe(releaseOf(aRelease).chart);
    writeFileSync(join(folder, 'kafdrop/templates/NOTES.txt'), 'changed\n');
    expect(releaseOf({ ...aRelease, chartsDirectory: folder }).chart).not.toBe(before);
  });

  it.each([
    [{ ...aRelease, chart: 'kafdrup' }, 'ChartRelease kafdrup: chart must be a folder of charts/ with a Chart.yaml'],
    [{ ...aRelease, timeoutSeconds: 0 }, 'ChartRelease kafdrop: timeoutSeconds must be a whole number above 0, was 0'],
    [{ ...aRelease, values: { a: `\${var.b}` } }, `chart values must not hold Terraform templates, found \${var.b}`],
  ])('refuses %j', (props, message) => {
    expect(() => releaseOf(props)).toThrow(message);
  });
});
