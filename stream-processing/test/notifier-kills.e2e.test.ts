import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@tapeline/core/logging';
import { alertsTopic } from '@tapeline/core/topics';
import { openEmbeddedLog } from '@tapeline/log/embedded-log';
import { eventually } from '../../test/support/eventually.ts';
import { randomOf } from '../../test/support/random.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { numbered, publish } from './support/alerts.ts';
import { type MailServer, type Moment, numbersIn, startMailServer } from './support/mail-server.ts';

const program = fileURLToPath(new URL('./support/notifier-process.ts', import.meta.url));
const alertsOfMail = 100;
const moments = ['connect', 'sender', 'receiver', 'data', 'taken', 'answered'] as const;

describe('a notifier that is killed', () => {
  let folder = '';
  let server: MailServer;
  let child: ChildProcess | undefined;
  beforeEach(async () => {
    folder = temporaryFolder('kills');
    server = await startMailServer({ security: 'none' });
  });
  afterEach(async () => {
    child?.kill('SIGKILL');
    await server.close();
  });

  const start = () => {
    const mail = { ALERT_MAIL_TO: 'desk@example.com', ALERT_MAIL_FROM: 'tapeline@example.com', ALERT_GATHER_MS: '0' };
    const env = {
      PATH: process.env.PATH ?? '',
      DATA_DIR: folder,
      ...mail,
      SMTP_HOST: '127.0.0.1',
      SMTP_PORT: String(server.port),
      SMTP_SECURITY: 'none',
    };
    const started = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program], {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child = started;
    let said = '';
    started.stderr?.on('data', text => {
      said += text;
    });
    return { pid: started.pid, said: () => said, gone: new Promise<void>(resolve => started.once('close', () => resolve())) };
  };
  const logOfTest = async (use: (log: Awaited<ReturnType<typeof openEmbeddedLog>>) => Promise<void>) => {
    const log = await openEmbeddedLog({ directory: folder, logger: createLogger({ name: 'test', level: 'silent', secrets: [] }) });
    await log.ensureTopics([{ ...alertsTopic, partitions: 1 }]);
    await use(log).finally(() => log.close());
  };

  it.each([7, 8])(
    'tells each alert once, and once more at the most where it was killed between sending and remembering (seed %i)',
    async seed => {
      const random = randomOf(seed);
      await logOfTest(async () => undefined);
      const first = start();
      await eventually('it has begun', () => first.said().includes('from now on'), 30_000);
      child?.kill('SIGKILL');
      await first.gone;
      const plan = [...moments, random.pick(moments)].sort(() => random.next() - 0.5);
      const count = (plan.length + 1) * alertsOfMail;
      await logOfTest(log => publish(log, numbered(count)));

      /** How often an alert's mail was taken in a conversation that a kill ended. */
      const inDoubt = new Map<number, number>();
      for (const kill of plan) {
        const taken = server.mails.length;
        const killed = Promise.withResolvers<void>();
        const running = start();
        const { pid } = running;
        const doKill = () => {
          if (child?.pid === pid) child?.kill('SIGKILL');
          killed.resolve();
          return new Promise<undefined>(resolve => setTimeout(resolve, 50, undefined));
        };
        server.answer = (moment: Moment) => {
          if (moment === kill) return doKill();
          if (moment === 'taken' && kill === 'answered') setTimeout(doKill, random.below(20));
          return undefined;
        };
        await killed.promise;
        await running.gone;
        await server.idle();
        server.answer = () => undefined;
        // What a dead process has written out whole still arrives.
        if (!['data', 'taken', 'answered'].includes(kill)) expect([kill, server.mails.length]).toEqual([kill, taken]);
        else for (const number of numbersIn(server.mails.slice(taken))) inDoubt.set(number, (inDoubt.get(number) ?? 0) + 1);
      }
      const last = start();
      await eventually('all are told', () => new Set(numbersIn(server.mails)).size === count, 30_000);
      child?.kill('SIGTERM');
      await last.gone;

      const times = Map.groupBy(numbersIn(server.mails), number => number);
      expect([...times.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, index) => index));
      const more = [...times].filter(([, told]) => told.length > 1);
      expect(more.filter(([number, told]) => told.length > 1 + (inDoubt.get(number) ?? 0))).toEqual([]);
      // The kill before the answer is one where the notifier cannot know.
      expect(more.length).toBeGreaterThanOrEqual(alertsOfMail);
      const again = Map.groupBy(server.mails, ({ email }) => email.messageId ?? '');
      expect([...again.values()].filter(({ length }) => length > 1).length).toBe(more.length / alertsOfMail);
    },
    120_000,
  );
});
