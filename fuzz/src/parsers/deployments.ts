/** What operators write for a deployment. */
import { configuredEnvironments, variables } from '@tapeline/infrastructure/configuration';
import type { Dice } from '../dice.ts';
import { expectPlain, expectSame, expectSentence, expectThat, orRefused, refused, withCode } from '../expectations.ts';
import type { FuzzedParser } from '../fuzzed-parser.ts';

// The file of rules is one of the machine, and no part of an input.
const names = Object.keys(variables).filter(name => !name.endsWith('_FILE'));
const isWrongConfiguration = withCode('configuration.invalid');

const examples: Readonly<Record<string, readonly string[]>> = {
  TAPELINE_IMAGE_TAG: ['v1', 'latest', 'abc123'],
  TAPELINE_FEED: ['simulator', 'twelve-data'],
  TAPELINE_OPERATOR_CIDRS: ['203.0.113.0/24, 198.51.100.7/32', '0.0.0.0/0', '10.0.0.1/33'],
  TAPELINE_KUBERNETES_API_CIDRS: ['10.40.3.7/32,172.20.0.1/32'],
  TAPELINE_AWS_REGION: ['eu-central-1', 'us-gov-west-1'],
  TAPELINE_GOOGLE_REGION: ['europe-west3'],
  TAPELINE_BOARD_LOGIN: ['token', 'oauth2-proxy'],
  TAPELINE_BOARD_HOST: ['board.example.com'],
  TAPELINE_GRAFANA_HOST: ['grafana.example.com'],
  TAPELINE_ALERT_MAIL_TO: ['desk@example.com, night@example.com'],
  TAPELINE_ALERT_MAIL_FROM: ['tapeline@example.com'],
  TAPELINE_SMTP_HOST: ['mail.example.com'],
};

const stackVariables: FuzzedParser = {
  name: 'stack-variables',
  reads: 'variables of the Terraform stacks, a line each as NAME=value',
  heldTo:
    'refused as configuration.invalid with a sentence for each fault; read twice it is the same; addresses are addresses, and no name has white space',
  format: 'text',
  words: [...names, '=', ',', '/32', '/33', '256.0.0.0/8', '..', '-', '@', 'example.com'],
  slowness: 2,
  example: dice => dice.list(1, 8, () => aVariable(dice)).join('\n'),
  check: input => {
    const given = variablesIn(input);
    const environments = orRefused(
      () => configuredEnvironments(given, () => 'commit'),
      error => {
        if (!isWrongConfiguration(error)) return false;
        for (const line of (error as Error).message.split('\n')) expectSentence(line, 'a fault', 100 + input.length);
        return true;
      },
    );
    if (environments === refused) return;
    expectPlain(environments, 'the environments');
    expectSame(
      configuredEnvironments(given, () => 'commit'),
      environments,
      'the environments read again',
    );
    const { eks, gke } = environments;
    for (const range of [...(eks.cloud?.operatorCidrs ?? []), ...(gke.cloud?.operatorCidrs ?? [])]) {
      const [address = '', bits] = range.split('/');
      const isAddress = address.split('.').length === 4 && address.split('.').every(part => part !== '' && Number(part) <= 255);
      expectThat(isAddress && Number(bits) >= 0 && Number(bits) <= 32, 'a range of addresses is none', range);
    }
    const used = [eks.imageTag, eks.cloud?.region, gke.cloud?.region, eks.wayIn?.boardHost, eks.exportBucket, eks.wayIn?.clusterIssuer];
    for (const name of used) expectThat(name === undefined || !/\s/.test(name), 'a name has white space', name);
  },
};

function aVariable(dice: Dice): string {
  const name = dice.pick(names);
  return `${name}=${dice.pick(examples[name] ?? ['ours-1', 'market'])}`;
}

function variablesIn(input: Buffer): Readonly<Record<string, string>> {
  const lines = input.toString().split('\n');
  const pairs = lines.map(line => [line.slice(0, Math.max(0, line.indexOf('='))), line.slice(line.indexOf('=') + 1)] as const);
  return Object.fromEntries(pairs.filter(([name]) => names.includes(name)));
}

export const deploymentParsers: readonly FuzzedParser[] = [stackVariables];
