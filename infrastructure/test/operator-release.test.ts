import { describe, expect, it } from '@jest/globals';
import { OperatorRelease } from '../src/constructs/operator-release.ts';
import { at } from './support/json.ts';
import { stackOf } from './support/stack-of.ts';

const aChart = { repository: 'https://charts.example.com', chart: 'keda', version: '2.20.2' };

function releaseOf(chart: typeof aChart) {
  const props = { name: 'keda', namespace: 'tapeline-platform', chart, values: { replicas: 1 } };
  const [release] = Object.values(
    at(
      stackOf(scope => new OperatorRelease(scope, 'keda', props)),
      'resource',
      'helm_release',
    ),
  );
  return at(release);
}

describe('OperatorRelease', () => {
  it('releases an exact version of a public chart and waits until it serves', () => {
    expect(releaseOf(aChart)).toEqual({
      name: 'keda',
      namespace: 'tapeline-platform',
      ...aChart,
      values: ['{\n  "replicas": 1\n}'],
      wait: true,
      wait_for_jobs: true,
      timeout: 900,
      max_history: 5,
    });
  });

  it.each([
    [{ ...aChart, version: '~2.20' }, 'OperatorRelease keda: version of keda must be exact, was "~2.20"'],
    [{ ...aChart, repository: 'charts.example.com' }, 'repository must be an https:// or oci:// address, was "charts.example.com"'],
  ])('refuses %j', (chart, message) => {
    expect(() => releaseOf(chart)).toThrow(message);
  });
});
