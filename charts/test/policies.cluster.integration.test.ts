import { beforeAll, describe, expect, it } from '@jest/globals';
import { describeWithControlPlane } from '@tapeline/services/for-tests';
import { settings } from '../../core/src/settings.ts';
import { chart, charts } from './support/chart-folders.ts';
import { type KubernetesObject, podsOf } from './support/kubernetes-objects.ts';
import { policies } from './support/policies/all.ts';
import { helm, type Rendering, render, renderAll } from './support/rendering.ts';

const PATIENCE_MS = 180_000;
const ourProcesses = /(^|\/)tapeline\/(ingester|stream-processor|backfiller|live-board|notifier|migrations|simulator)[:@]/;

describeWithControlPlane('the charts, rendered', () => {
  let renderings: readonly Rendering[] = [];
  beforeAll(async () => {
    renderings = await renderAll();
  }, PATIENCE_MS);

  it.each(charts().map(({ name }) => [name]))(
    '%s passes helm lint --strict with each of its ci files',
    async name => {
      const { directory, ciValues } = chart(name);
      for (const file of ciValues) expect(await helm(['lint', '--strict', directory, '--values', file])).toContain('0 chart(s) failed');
    },
    PATIENCE_MS,
  );

  it.each(charts().map(({ name }) => [name]))(
    '%s is refused by helm with a misspelt value',
    async name => {
      const { ciValues } = chart(name);
      const refused = render(chart(name), ['--values', ciValues[0] ?? '', '--set', 'imageTagg=1']);
      await expect(refused).rejects.toThrow("additional properties 'imageTagg' not allowed");
    },
    PATIENCE_MS,
  );

  describe.each(policies.map(policy => [policy.name, policy] as const))('%s', (_, policy) => {
    it('holds in every rendering', () => {
      expect(renderings.flatMap(rendering => policy.check(rendering).map(fault => `${rendering.name}: ${fault}`))).toEqual([]);
    });

    it.each(policy.mutants.map(mutant => [mutant.name, mutant] as const))('is broken by a release that %s', (_name, mutant) => {
      const original = renderings.find(({ name }) => name === mutant.of);
      const copy = structuredClone(original?.objects ?? []) as KubernetesObject[];
      const objects = mutant.mutate(copy) ?? copy;
      expect(original && policy.check(original)).toEqual([]);
      expect(original && policy.check({ ...original, objects })).not.toEqual([]);
    });
  });

  it('give our processes no variable that they do not know', () => {
    const known = new Set(Object.entries(settings).flatMap(([name, setting]) => ('secret' in setting ? [name, `${name}_FILE`] : [name])));
    const ours = renderings
      .flatMap(({ objects }) => podsOf(objects))
      .flatMap(({ spec }) => spec.containers.filter(({ image }) => ourProcesses.test(image)));
    const given = new Set(ours.flatMap(({ env = [] }) => env.map(({ name }) => name)));
    expect(given.size).toBeGreaterThan(10);
    expect([...given].filter(name => !known.has(name))).toEqual([]);
  });
});

describeWithControlPlane('a Job that is done', () => {
  it.each([
    ['migrations', 'run'],
    ['cassandra', 'rolesRun'],
  ])('of %s runs again when %s is another text, and not by itself', async (name, value) => {
    const jobs = async (...options: readonly string[]) =>
      (await render(chart(name), options)).filter(({ kind }) => kind === 'Job').map(({ metadata }) => metadata.name);
    const [asItIs, again, once, more] = [await jobs(), await jobs(), await jobs('--set', `${value}=a`), await jobs('--set', `${value}=b`)];
    expect(again).toEqual(asItIs);
    expect(new Set([...asItIs, ...once, ...more]).size).toBe(3);
  });
});

describeWithControlPlane('a chart refuses', () => {
  const defaults = (name: string) => ['--values', chart(name).ciValues[0] ?? ''];
  it.each([
    ['ingester', ['--set', 'feedUrl='], "set apiKeySecret to a Secret with the vendor's key"],
    [
      'ingester',
      ['--set-string', 'settings.KAFKA_BROKERS=elsewhere:1'],
      'settings.KAFKA_BROKERS: this chart sets it from a value of its own',
    ],
    ['ingester', ['--set-string', 'settings.KAFKA_PASSWORD=hunter2'], "invalid propertyName 'KAFKA_PASSWORD'"],
    ['ingester', ['--set', 'imageTag=latest'], "'not' failed"],
    ['daily-jobs', ['--set', 'historySchedule=daily'], 'historySchedule'],
    ['daily-jobs', ['--set', 'exportBucket=market-data'], 'exportBucket needs exportKeySecret'],
    ['daily-jobs', ['--set-string', 'settings.EXPORT_BUCKET=a'], 'settings.EXPORT_BUCKET: this chart sets it from a value of its own'],
    ['backfiller', ['--set', 'apiKeySecret='], "set apiKeySecret to a Secret with the vendor's key"],
    ['notifier', ['--set', 'mailTo='], 'set mailTo, webhookSecret or alertRules'],
    ['notifier', ['--set', 'smtpHost='], 'mailTo needs smtpHost and mailFrom'],
    ['notifier', ['--set', 'smtpNamespace=mail'], 'smtpNamespace needs smtpApp'],
    [
      'live-board',
      ['--set', 'ingressKind=ingress,ingressHost=a.example.com,ingressTlsSecret=t'],
      'an ingress without a login shows the board to everyone',
    ],
    ['live-board', ['--set', 'loginProxy=oauth2-proxy'], 'needs loginProxySecret'],
    ['live-board', ['--set', 'loginProxy=oauth2-proxy,loginProxySecret=a,tokenSecret=b'], 'set loginProxy or tokenSecret, not both'],
    ['live-board', ['--set-string', 'settings.HTTP_TOKEN=hunter2hunter2hunter2'], "invalid propertyName 'HTTP_TOKEN'"],
    ['live-board', ['--set', 'ingressKind=gateway,ingressHost=a.example.com,ingressWithoutLogin=true'], 'needs gatewayName'],
  ])('%s with %j', async (name, options, why) => {
    await expect(render(chart(name), [...defaults(name), ...options])).rejects.toThrow(why);
  });
});
