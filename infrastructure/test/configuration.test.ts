import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { configuredEnvironments, variables } from '../src/configuration.ts';

const commit = () => 'abc123';

describe('the configuration of the environments', () => {
  it('is the table with the commit as tag when nothing is given', () => {
    const { kind, eks, gke } = configuredEnvironments({}, commit);
    expect([kind.imageTag, eks.imageTag, gke.imageTag]).toEqual(['abc123', 'abc123', 'abc123']);
    expect(eks.state).toEqual({ kind: 's3', bucket: 'tapeline-terraform-state', region: 'eu-central-1' });
  });

  it('takes region, bucket, project and registry from the environment', () => {
    const { kind, eks, gke } = configuredEnvironments(
      {
        TAPELINE_IMAGE_TAG: 'v1',
        TAPELINE_IMAGE_REGISTRY: 'images.example.com/market',
        TAPELINE_AWS_REGION: 'us-east-1',
        TAPELINE_AWS_STATE_BUCKET: 'ours',
        TAPELINE_GOOGLE_PROJECT: 'market-1',
        TAPELINE_ALERTMANAGER_SECRET: 'alertmanager',
        TAPELINE_KAFKA_GROUP: 'ours',
        TAPELINE_KAFKA_FURTHER_PIPELINES: 'wide.:48, staging.:6',
        TAPELINE_KAFKA_TOPIC_PREFIX: 'wide.',
        TAPELINE_SPARE_GENERATION: 'true',
        TAPELINE_OPERATOR_CIDRS: '203.0.113.0/24, 198.51.100.7/32',
        TAPELINE_KUBERNETES_API_CIDRS: '10.40.3.7/32,172.20.0.1/32',
      },
      () => {
        throw new Error('nobody asked for a commit');
      },
    );
    expect(eks.cloud).toMatchObject({ region: 'us-east-1', zones: ['us-east-1a', 'us-east-1b', 'us-east-1c'] });
    expect([kind.consumerGroup, eks.spareGeneration]).toEqual(['ours', true]);
    expect([eks.topicPrefix, eks.furtherPipelines]).toEqual([
      'wide.',
      [
        { prefix: 'wide.', feedPartitions: 48 },
        { prefix: 'staging.', feedPartitions: 6 },
      ],
    ]);
    expect(eks.cloud?.operatorCidrs).toEqual(['203.0.113.0/24', '198.51.100.7/32']);
    expect([kind.kubernetesApiCidrs, gke.kubernetesApiCidrs]).toEqual([undefined, ['10.40.3.7/32', '172.20.0.1/32']]);
    expect(eks.state).toEqual({ kind: 's3', bucket: 'ours', region: 'us-east-1' });
    expect(gke.cloud).toMatchObject({ project: 'market-1', region: 'europe-west3' });
    expect([kind.alertmanagerSecret, gke.alertmanagerSecret]).toEqual([undefined, 'alertmanager']);
    expect([kind.imageRegistry, eks.imageRegistry]).toEqual([undefined, 'images.example.com/market']);
  });

  it('says every fault at once', () => {
    const given = {
      TAPELINE_IMAGE_TAG: 'latest',
      TAPELINE_FEED: 'yahoo',
      TAPELINE_BOARD_HOST: 'board.example.com',
      TAPELINE_BOARD_LOGIN: 'password',
      TAPELINE_OPERATOR_CIDRS: 'everywhere',
      TAPELINE_KAFKA_FURTHER_PIPELINES: 'wide.:48,wide.:96',
      TAPELINE_KAFKA_TOPIC_PREFIX: 'staging.',
      TAPELINE_ALERT_MAIL_TO: 'desk@example.com',
      TAPELINE_GOOGLE_PROJECT: '',
    };
    expect(() => configuredEnvironments(given, commit)).toThrow(
      [
        'TAPELINE_IMAGE_TAG must be an exact tag such as a commit, was "latest"',
        'TAPELINE_FEED must be simulator or twelve-data, was "yahoo"',
        'TAPELINE_OPERATOR_CIDRS must be addresses as 203.0.113.0/24, separated by commas, was "everywhere"',
        'TAPELINE_GOOGLE_PROJECT must be text that is not empty, or absent, was ""',
        'TAPELINE_BOARD_LOGIN must be token or oauth2-proxy, was "password"',
        'TAPELINE_KAFKA_FURTHER_PIPELINES must have each prefix once, has "wide." twice',
        'TAPELINE_KAFKA_TOPIC_PREFIX must be one of TAPELINE_KAFKA_FURTHER_PIPELINES, was "staging."',
        'TAPELINE_BOARD_HOST and TAPELINE_GRAFANA_HOST must be given together',
        'TAPELINE_ALERT_MAIL_TO, TAPELINE_ALERT_MAIL_FROM and TAPELINE_SMTP_HOST must be given together',
      ].join('\n'),
    );
  });

  it.each([
    ['TAPELINE_IMAGE_REGISTRY', 'images.example.com/our market'],
    ['TAPELINE_OPERATOR_CIDRS', '203.0.113.0/24,999.0.0.1/8'],
    ['TAPELINE_KUBERNETES_API_CIDRS', '10.0.0.1/33'],
    ['TAPELINE_SPARE_GENERATION', 'yes'],
    ['TAPELINE_KAFKA_GROUP', 'two words'],
    ['TAPELINE_KAFKA_FURTHER_PIPELINES', 'wide.'],
    ['TAPELINE_KAFKA_FURTHER_PIPELINES', 'wide.:48,Staging.:6'],
    ['TAPELINE_KAFKA_FURTHER_PIPELINES', 'wide.:1025'],
    ['TAPELINE_KAFKA_FURTHER_PIPELINES', `${'w'.repeat(101)}:1`],
    ['TAPELINE_AWS_REGION', 'Frankfurt'],
    ['TAPELINE_GOOGLE_REGION', 'europe west3'],
    ['TAPELINE_EXPORT_BUCKET', 's3://market'],
    ['TAPELINE_CLUSTER_ISSUER', 'Let us encrypt'],
  ])('refuses %s=%s before anything is deployed', (name, value) => {
    expect(() => configuredEnvironments({ [name]: value }, commit)).toThrow(`${name} must be `);
  });
});

describe('the README of this folder', () => {
  it('lists every variable, as the code has it', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    const rows = Object.entries(variables).map(([name, help]) => `| \`${name}\` | ${help} |`);
    const table = ['<!-- variables: begin -->', '| variable | what it is |', '| --- | --- |', ...rows, '<!-- variables: end -->'].join(
      '\n',
    );
    expect(readme).toContain(table);
  });
});
