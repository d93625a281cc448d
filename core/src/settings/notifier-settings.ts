/** Whom alerts reach, and how. */
import { z } from 'zod';
import { type AlertSeverity, alertSeverities } from '../alerts.ts';
import { absent, isMailAddress, list, path, type Setting, secretText, text, url, whole } from '../setting-kinds.ts';

export const notifierSettings = {
  ALERT_MAIL_TO: absent<readonly string[]>({
    schema: list.refine(items => items.length <= 10 && items.every(isMailAddress)),
    expected: 'at most 10 mail addresses, separated by commas',
    example: 'desk@example.com',
    help: 'who gets alerts by mail, each a mail of their own; nobody when absent',
  }),
  ALERT_MAIL_FROM: absent<string>({
    schema: text.refine(value => isMailAddress(/^[^\p{Cc}<>"]*<([^<>]*)>$/u.exec(value)?.[1] ?? value)),
    expected: 'a mail address, with or without a name before it',
    example: 'Tapeline <tapeline@example.com>',
    help: 'the sender of these mails',
  }),
  ALERT_MAIL_SEVERITY: {
    schema: z.enum(alertSeverities),
    otherwise: 'info',
    expected: 'info, warning or critical',
    example: 'warning',
    help: 'alerts below this severity are not mailed',
  } as Setting<AlertSeverity>,
  ALERT_MAIL_RULES: absent<readonly string[]>({
    schema: list,
    expected: 'names of rules, separated by commas',
    example: 'feed-stale,big-drop',
    help: 'only alerts of these rules are mailed; those of all when absent',
  }),
  SMTP_URL: absent<string>({
    schema: url('smtp', 'smtps').refine(value => URL.canParse(value) && new URL(value).hostname !== ''),
    expected: 'an smtp:// or smtps:// address',
    example: 'smtp://user:password@mail.example.com:587',
    secret: true,
    help: 'mail server with user and password in one; smtps:// is TLS from the start, smtp:// as SMTP_SECURITY says',
  }),
  SMTP_HOST: absent<string>({
    schema: text.regex(/^[^\s/:@]+$/),
    expected: 'a host name or address',
    example: 'mail.example.com',
    help: 'mail server, in place of SMTP_URL',
  }),
  SMTP_PORT: absent<number>({
    schema: whole(1, 65_535),
    expected: 'a port number from 1 to 65535',
    example: '587',
    help: 'its port; 587 when absent, 465 with SMTP_SECURITY=tls',
  }),
  SMTP_SECURITY: {
    schema: z.enum(['starttls', 'tls', 'none']),
    otherwise: 'starttls',
    expected: 'starttls, tls or none',
    example: 'tls',
    help: 'starttls: no mail before the connection has become TLS; tls: TLS from the start; none: in clear, for a relay on the same machine',
  } as Setting<'starttls' | 'tls' | 'none'>,
  SMTP_CA_FILE: absent<string>({ ...path, help: "certificate authority of the mail server's certificate" }),
  SMTP_USERNAME: absent<string>({ schema: text, expected: 'text that is not empty', example: 'tapeline', help: 'user of the mail server' }),
  SMTP_PASSWORD: absent<string>({ ...secretText, help: "the user's password" }),
  ALERT_WEBHOOK_URL: absent<string>({
    schema: url('http', 'https'),
    expected: 'an http:// or https:// address',
    example: 'https://hooks.example.com/…',
    secret: true,
    help: 'where alerts are posted to, as JSON',
  }),
  ALERT_WEBHOOK_SECRET: absent<string>({
    ...secretText,
    help: 'signs each post: header tapeline-signature, `t=<unix seconds>,v1=<HMAC-SHA256 of "t.body" in hex>`',
  }),
  ALERT_WEBHOOK_FORMAT: {
    schema: z.enum(['json', 'slack']),
    otherwise: 'json',
    expected: 'json or slack',
    example: 'slack',
    help: "what is posted: whole alerts, or a text for people in the shape of Slack's incoming webhooks",
  } as Setting<'json' | 'slack'>,
  ALERT_WEBHOOK_SEVERITY: {
    schema: z.enum(alertSeverities),
    otherwise: 'info',
    expected: 'info, warning or critical',
    example: 'critical',
    help: 'alerts below this severity are not posted',
  } as Setting<AlertSeverity>,
  ALERT_WEBHOOK_RULES: absent<readonly string[]>({
    schema: list,
    expected: 'names of rules, separated by commas',
    example: 'feed-stale,big-drop',
    help: 'only alerts of these rules are posted; those of all when absent',
  }),
  ALERT_GATHER_MS: {
    schema: whole(0, 600_000),
    otherwise: 2_000,
    expected: 'a whole number of milliseconds from 0 to 600000',
    example: '10000',
    help: 'alerts that come within this time of the first share a message',
  } as Setting<number>,
  ALERT_SUMMARY_AFTER_MS: {
    schema: whole(60_000, 604_800_000),
    otherwise: 3_600_000,
    expected: 'a whole number of milliseconds from 60000 to 604800000',
    example: '3600000',
    help: 'alerts that are older when they can be sent are summed up in one mail',
  } as Setting<number>,
  ALERT_BOARD_URL: absent<string>({
    schema: url('http', 'https'),
    expected: 'an http:// or https:// address',
    example: 'https://board.example.com',
    help: 'address of the live board, for links in messages',
  }),
  ALERT_GRAFANA_URL: absent<string>({
    schema: url('http', 'https'),
    expected: 'an http:// or https:// address',
    example: 'https://grafana.example.com',
    help: 'address of Grafana, for links in messages',
  }),
} as const;
