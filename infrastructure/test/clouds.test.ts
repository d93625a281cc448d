import { describe, expect, it } from '@jest/globals';
import { EksCluster } from '../src/constructs/eks-cluster.ts';
import { GkeCluster } from '../src/constructs/gke-cluster.ts';
import { type AwsCloud, environments, type GoogleCloud } from '../src/environments.ts';
import { stackOf } from './support/stack-of.ts';

const aws = environments.eks.cloud as AwsCloud;
const google = environments.gke.cloud as GoogleCloud;

describe('the clusters of the clouds', () => {
  it('EksCluster refuses fewer nodes than zones', () => {
    const make = () => stackOf(scope => new EksCluster(scope, 'eks', { name: 'tapeline', cloud: { ...aws, nodes: { min: 2, max: 9 } } }));
    expect(make).toThrow('EksCluster tapeline: nodes must be at least one a zone and max no less than min, were 2 to 9');
  });

  it('GkeCluster refuses a range that ends before it begins', () => {
    const make = () =>
      stackOf(scope => new GkeCluster(scope, 'gke', { name: 'tapeline', cloud: { ...google, nodes: { min: 3, max: 1 } } }));
    expect(make).toThrow('GkeCluster tapeline: nodes of a zone must be at least 1 and max no less than min, were 3 to 1');
  });

  it('hold no credentials: a provider knows only where it works', () => {
    const [eks, gke] = [
      stackOf(scope => new EksCluster(scope, 'eks', { name: 'tapeline', cloud: aws })),
      stackOf(scope => new GkeCluster(scope, 'gke', { name: 'tapeline', cloud: google })),
    ];
    expect(eks.provider).toEqual({ aws: [{ region: 'eu-central-1' }] });
    expect(gke.provider).toEqual({ google: [{ project: 'tapeline', region: 'europe-west3' }] });
  });
});
