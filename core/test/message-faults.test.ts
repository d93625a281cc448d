import { describe, expect, it } from '@jest/globals';
import { readConfiguration, secretsOf } from '../src/configuration.ts';
import { mailServerOf } from '../src/message-faults.ts';
import { faultsOf } from './support/configuration-faults.ts';

const mail = { ALERT_MAIL_TO: 'desk@example.com', ALERT_MAIL_FROM: 'Tapeline <tapeline@example.com>' };

describe('the settings of messages', () => {
  it('name a mail server by one address or by several settings', () => {
    const login = { user: 'us er', password: 'p@ss' };
    expect(mailServerOf(readConfiguration({ ...mail, SMTP_URL: 'smtp://us%20er:p%40ss@mail.example.com' }))).toEqual({
      host: 'mail.example.com',
      port: 587,
      security: 'starttls',
      login,
    });
    expect(mailServerOf(readConfiguration({ ...mail, SMTP_URL: 'smtps://mail.example.com:2465' }))).toEqual({
      host: 'mail.example.com',
      port: 2465,
      security: 'tls',
      login: undefined,
    });
    const several = { SMTP_HOST: '10.0.0.1', SMTP_SECURITY: 'tls', SMTP_USERNAME: 'us er', SMTP_PASSWORD: 'p@ss' };
    expect(mailServerOf(readConfiguration({ ...mail, ...several }))).toEqual({ host: '10.0.0.1', port: 465, security: 'tls', login });
  });

  it('are refused with a remedy where they do not agree', () => {
    expect(faultsOf({ ALERT_MAIL_TO: 'desk@example.com' })).toContain('set SMTP_HOST or SMTP_URL');
    expect(faultsOf({ ALERT_MAIL_TO: 'desk@example.com' })).toContain('set ALERT_MAIL_FROM');
    expect(faultsOf({ ...mail, SMTP_HOST: 'a', SMTP_URL: 'smtp://b' })).toContain('unset SMTP_HOST');
    expect(faultsOf({ ...mail, SMTP_HOST: 'a', SMTP_USERNAME: 'u' })).toContain('SMTP_USERNAME and SMTP_PASSWORD go together');
    expect(faultsOf({ ...mail, SMTP_URL: 'smtp://u:hunter2@b', SMTP_SECURITY: 'none' })).toContain('send the password unencrypted');
    expect(faultsOf({ ALERT_WEBHOOK_SECRET: 'x' })).toContain('set ALERT_WEBHOOK_URL');
    expect(faultsOf({ ALERT_MAIL_TOO: 'x' })).toContain('did you mean ALERT_MAIL_TO');
  });

  it('take addresses and nothing that would break out of a header or a command', () => {
    for (const address of ['a@b@c', 'a b@c', 'desk@example.com\r\nBcc: x@y', '<a@b>', 'nobody']) {
      expect(faultsOf({ ...mail, SMTP_HOST: 'a', ALERT_MAIL_TO: address })).toContain('ALERT_MAIL_TO must be');
      expect(faultsOf({ ...mail, SMTP_HOST: 'a', ALERT_MAIL_FROM: `Name <${address}>` })).toContain('ALERT_MAIL_FROM must be');
    }
    expect(faultsOf({ ...mail, SMTP_HOST: 'a', ALERT_MAIL_FROM: 'Name\r\nBcc: x@y <a@b>' })).toContain('ALERT_MAIL_FROM must be');
    expect(readConfiguration({ ...mail, SMTP_HOST: 'a', ALERT_MAIL_TO: 'a@b.c, ü@d.e' }).ALERT_MAIL_TO).toEqual(['a@b.c', 'ü@d.e']);
  });

  it('show neither passwords nor addresses that are secrets', () => {
    for (const address of ['mailto:hunter2', 'no url, hunter2', 'smtp://hunter2 @']) {
      const faults = faultsOf({ SMTP_URL: address, ALERT_WEBHOOK_URL: 'hunter2' });
      expect(faults).toContain('SMTP_URL must be');
      expect(faults).not.toContain('hunter2');
    }
    const secrets = secretsOf(
      readConfiguration({
        SMTP_URL: 'smtp://u:p%40ss@b',
        ALERT_WEBHOOK_URL: 'https://hooks.example.com/services/T0/B0/abcdef?k=123456789',
      }),
    );
    expect(secrets).toEqual(expect.arrayContaining(['p@ss', 'p%40ss', '/services/T0/B0/abcdef', '?k=123456789']));
  });
});
