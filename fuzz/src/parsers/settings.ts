/** What people write: settings, files of symbols, rules and clusters, command lines. */
import { meaningOf } from '@tapeline/core/alert-rule-text';
import { type Environment, readConfiguration, secretsOf } from '@tapeline/core/configuration';
import { intervals } from '@tapeline/core/intervals';
import { createLogger } from '@tapeline/core/logging';
import { parseAlertRules } from '@tapeline/core/parse-alert-rules';
import type { Setting } from '@tapeline/core/setting-kinds';
import { settings } from '@tapeline/core/settings';
import { nameInPrices } from '@tapeline/core/shards';
import { SymbolsFile } from '@tapeline/ingestion/symbols-file';
import { readCluster } from '@tapeline/services/cluster-file';
import { parseMisbehaviour } from '@tapeline/simulator/misbehaviours/misbehaviour';
import {
  parseCount,
  parseDay,
  parseInterval,
  parseIntervals,
  parseList,
  parseTables,
  parseTime,
} from '@tapeline/standalone/argument-values';
import { parseRulesText } from '@tapeline/stream-processing/alerts/rules-file';
import { operatorCommandOf } from '@tapeline/stream-processing/operator-arguments';
import { InvalidArgumentError } from 'commander';
import type { Dice } from '../dice.ts';
import { aRule } from '../examples.ts';
import {
  expectPlain,
  expectSame,
  expectSentence,
  expectThat,
  jsonIn,
  orRefused,
  orRefusedLater,
  refused,
  withCode,
} from '../expectations.ts';
import type { FuzzedParser } from '../fuzzed-parser.ts';
import { fileWith } from '../scratch-file.ts';

const allSettings = Object.entries(settings) as readonly [string, Setting<unknown>][];
const settingNames = allSettings.map(([name]) => name);
const secretNames = allSettings.filter(([, { secret }]) => secret).map(([name]) => name);
const ourWords = allSettings
  .map(([name, { expected, example }]) => `${name} must be ${expected}: set it, for example, to ${example}`)
  .concat(secretNames.map(name => `${name}_FILE`))
  .join('\n');
const isWrongConfiguration = withCode('configuration.invalid');

const environments: FuzzedParser = {
  name: 'environments',
  reads: 'settings in the environment, a line each as NAME=value',
  heldTo: 'refused as configuration.invalid with all faults at once; read twice it is the same; no value of a secret stands in a fault',
  format: 'text',
  words: [
    ...settingNames,
    ...secretNames.map(name => `${name}_FILE`),
    '=',
    'true',
    'false',
    'http://[::1',
    'wss://',
    'smtp://user:pass@host',
    '1m',
  ],
  slowness: 8,
  example: dice => dice.list(1, 8, () => aSetting(dice)).join('\n'),
  check: input => checkEnvironment(environmentIn(input)),
};

function aSetting(dice: Dice): string {
  const [name, { example }] = dice.pick(allSettings);
  return `${name}=${dice.isOneIn(4) ? dice.pick(allSettings)[1].example : example}`;
}

function environmentIn(input: Buffer): Environment {
  const pairs = input
    .toString()
    .replaceAll('\0', '')
    .split('\n')
    .map(line => {
      const at = line.indexOf('=');
      return [at < 0 ? line : line.slice(0, at), at < 0 ? '' : line.slice(at + 1)] as const;
    });
  // Files of the machine are no part of an input.
  return Object.fromEntries(pairs.filter(([name]) => !name.endsWith('_FILE')));
}

function checkEnvironment(environment: Environment): void {
  let message = '';
  const configuration = orRefused(
    () => readConfiguration(environment),
    error => {
      if (!isWrongConfiguration(error)) return false;
      message = (error as Error).message;
      return true;
    },
  );
  const shown = Object.entries(environment)
    .filter(([name]) => !secretNames.includes(name))
    .map(part => part.join('='));
  for (const secret of secretNames.map(name => environment[name] ?? '')) {
    // A short one, or one of our own words, stands anywhere.
    if (secret.length < 12 || shown.some(text => text.includes(secret)) || isOurs(secret)) continue;
    expectThat(!message.includes(secret), 'a secret stands in the faults', message);
  }
  if (configuration === refused) return;
  expectPlain(configuration, 'the configuration');
  expectSame(readConfiguration(environment), configuration, 'the configuration read again');
  for (const secret of secretsOf(configuration)) expectThat(typeof secret === 'string', 'a secret is no text');
}

const secretFiles: FuzzedParser = {
  name: 'secret-files',
  reads: 'files of secrets (NAME_FILE)',
  heldTo: 'refused as configuration.invalid; what is read is the text of the file without white space around it, and stands in no fault',
  format: 'text',
  words: ['smtp://', 'https://', '\n', '\r\n', 'user:pass@', '%ff'],
  slowness: 16,
  example: dice =>
    dice.pick(['0123456789abcdef\n', 'a secret of words', 'smtps://user:pass@mail.example.com:465', 'https://hooks.example.com/T/B/x']),
  check: input => {
    const path = fileWith('secret', input);
    for (const name of secretNames.filter(each => !['SMTP_PASSWORD'].includes(each))) {
      const text = input.toString().trim();
      let message = '';
      const configuration = orRefused(
        () => readConfiguration({ [`${name}_FILE`]: path }),
        error => {
          message = error instanceof Error ? error.message : '';
          return isWrongConfiguration(error);
        },
      );
      if (text.length >= 12)
        expectThat(!message.includes(text) || path.includes(text) || isOurs(text), `${name} stands in a fault`, message);
      if (configuration === refused || text === '') continue;
      expectSame(configuration[name as 'FINNHUB_API_KEY'], text, name);
    }
  },
};

/** Words of our own sentences are no secret. */
function isOurs(text: string): boolean {
  return ourWords.includes(text);
}

const silent = createLogger({ name: 'fuzz', level: 'silent', secrets: [] });

const symbolsFiles: FuzzedParser = {
  name: 'symbols-files',
  reads: 'files of symbols (SYMBOLS_FILE)',
  heldTo: 'refused as configuration.invalid; each symbol stands in the file, is told once, and no two have one name in prices',
  format: 'text',
  words: [',', '\n', '#', ':', 'BTC/USD', 'RY:TSX', 'RY', ' '],
  slowness: 3,
  example: dice =>
    `# ours\n${dice.list(1, 8, index => dice.pick(['BTC/USD', 'AAPL', 'RY:TSX', `S${index}`])).join(dice.pick([',', '\n', ', ', '\r\n']))}\n`,
  check: input => {
    const path = fileWith('symbols', input);
    const file = orRefused(
      () => new SymbolsFile({ setting: 'SYMBOLS_FILE', path, faultOf: () => undefined, logger: silent }),
      isWrongConfiguration,
    );
    if (file === refused) return;
    const symbols = file.symbols();
    const text = input.toString();
    for (const symbol of symbols)
      expectThat(symbol !== '' && symbol.length <= 64 && text.includes(symbol), 'a symbol is none of the file', symbol);
    expectSame(new Set(symbols.map(nameInPrices)).size, symbols.length, 'the number of names in prices');
  },
};

const yamlRules: FuzzedParser = {
  name: 'rules-files',
  reads: 'files of alert rules in YAML or JSON (ALERT_RULES_FILE)',
  heldTo: 'never throws: rules or faults of a readable length; accepted rules are accepted again, and told in words',
  format: 'text',
  words: [
    'rules:',
    '- name: ',
    'condition: level',
    '&a ',
    '*a',
    '<<: ',
    '!!binary ',
    '{',
    '[',
    '? ',
    '|',
    '>',
    '"',
    '__proto__: ',
    '%YAML 1.2',
    '---',
  ],
  slowness: 32,
  example: dice => {
    const rules = dice.list(0, 3, () => aRule(dice));
    if (dice.isOneIn(4)) return JSON.stringify({ rules });
    const fieldsOf = (rule: object) => Object.entries(rule).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
    return `rules:\n${rules.map(rule => `  - ${fieldsOf(rule).join('\n    ')}`).join('\n')}\n`;
  },
  check: input => checkRules(parseRulesText(input.toString(), { intervals })),
};

const ruleLists: FuzzedParser = {
  name: 'rule-lists',
  reads: 'lists of alert rules in records of the log',
  heldTo: 'never throws: rules or faults of a readable length; accepted rules are accepted again, and told in words',
  format: 'json',
  words: [
    'name',
    'condition',
    'level',
    'above',
    'below',
    'symbols',
    'interval',
    'cooldown',
    'hysteresis',
    'window',
    'percent',
    'longer',
    'feeds',
    '*',
  ],
  slowness: 2,
  example: dice => JSON.stringify(dice.list(0, 3, () => aRule(dice))),
  check: input => {
    const json = jsonIn(input);
    if (json !== undefined) checkRules(parseAlertRules(json.value));
  },
};

function checkRules({ rules, faults }: ReturnType<typeof parseAlertRules>): void {
  for (const fault of faults ?? []) expectSentence(fault, 'a fault', 20_000);
  if (rules === undefined) return;
  expectPlain(rules, 'the rules');
  expectSame(parseAlertRules(JSON.parse(JSON.stringify(rules))).rules?.length, rules.length, 'the rules parsed again');
  for (const rule of rules) expectSentence(meaningOf(rule), 'the words of a rule', 5_000);
}

const clusterFiles: FuzzedParser = {
  name: 'cluster-files',
  reads: "the services' files of clusters",
  heldTo: 'refused as services.unavailable; an accepted one has nodes with ports',
  format: 'json',
  words: ['service', 'kafka', 'cassandra', 'clusterId', 'nodes', 'id', 'ports'],
  slowness: 6,
  example: dice =>
    JSON.stringify({ service: dice.pick(['kafka', 'cassandra']), clusterId: 'x', nodes: [{ id: 1, ports: [9_092, 9_093] }] }),
  check: async input => {
    const path = fileWith('cluster.json', input);
    const cluster = await orRefusedLater(() => readCluster(path.slice(0, -'/cluster.json'.length)), withCode('services.unavailable'));
    if (cluster === refused) return;
    expectPlain(cluster, 'the cluster');
    expectThat(cluster !== undefined && cluster.nodes.length > 0, 'the cluster has no nodes');
  },
};

const isUsage = withCode('usage');
const values = [parseInterval, parseIntervals, parseTables, parseDay, parseCount, parseList, parseTime] as const;

const commandLines: FuzzedParser = {
  name: 'command-lines',
  reads: "arguments of operators' commands, values of the options of `tapeline`, and the simulator's misbehaviours, a line each",
  heldTo: 'refused as usage with a sentence; numbers of an accepted one are whole and above 0, times are times',
  format: 'text',
  words: [
    'rebuild',
    'repartition',
    'generations',
    'doctor',
    '--generation',
    '--partitions',
    '--to',
    '--switch',
    '--drop',
    '--no-switch',
    '--',
    '=',
    'mute:afterMessages=',
    '-h',
  ],
  example: dice =>
    dice.pick([
      `rebuild\n--generation\n${dice.below(9)}`,
      'rebuild\n--no-switch\n--whole',
      `repartition\n--partitions=${dice.below(99)}\n--to\ncopy`,
      'generations\n--switch\n2',
      'doctor\n--json\n--timeout\n5',
      'mute:afterMessages=20,connections=1',
      'refuse-symbols:symbols=AAPL+MSFT',
      'delay:delayMs=10',
      '2024-11-03\n2024-11-03T00:00:00Z\n1730592000000\n1m,5m\nbars,ticks',
    ]),
  check: input => {
    const given = input.toString().split('\n');
    const command = orRefused(() => operatorCommandOf(given), isUsage);
    if (command !== refused) {
      expectPlain(command, 'the command');
      for (const value of Object.values(command))
        expectThat(typeof value !== 'number' || (Number.isSafeInteger(value) && value > 0), 'a number is none', value);
    }
    const fault = orRefused(() => parseMisbehaviour(input.toString()), isUsage);
    if (fault !== refused) expectPlain(fault, 'the misbehaviour');
    for (const text of given.slice(0, 8)) {
      for (const parse of values) {
        const value = orRefused<unknown>(
          () => parse(text),
          error => error instanceof InvalidArgumentError,
        );
        if (value === refused) continue;
        expectPlain(value, 'the value');
        const isTime = parse === parseTime || parse === parseDay;
        if (isTime) expectThat(!Number.isNaN(new Date(Number(value)).getTime()), 'a time is none', value);
      }
    }
  },
};

export const settingParsers: readonly FuzzedParser[] = [
  environments,
  secretFiles,
  symbolsFiles,
  yamlRules,
  ruleLists,
  clusterFiles,
  commandLines,
];
