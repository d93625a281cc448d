/** What the settings of alert messages do not agree about, each with its remedy. */
import { percentDecoded } from './addresses.ts';

/** The settings in question, by their names in the environment. */
export interface MessageSettings {
  readonly ALERT_MAIL_TO: readonly string[] | undefined;
  readonly ALERT_MAIL_FROM: string | undefined;
  readonly SMTP_URL: string | undefined;
  readonly SMTP_HOST: string | undefined;
  readonly SMTP_PORT: number | undefined;
  readonly SMTP_SECURITY: 'starttls' | 'tls' | 'none';
  readonly SMTP_USERNAME: string | undefined;
  readonly SMTP_PASSWORD: string | undefined;
  readonly ALERT_WEBHOOK_URL: string | undefined;
  readonly ALERT_WEBHOOK_SECRET: string | undefined;
}

export interface MailServer {
  readonly host: string;
  readonly port: number;
  readonly security: 'starttls' | 'tls' | 'none';
  readonly login: { readonly user: string; readonly password: string } | undefined;
}

/** The mail server that the settings name, in one address or in several; `undefined` when they name none. */
export function mailServerOf(settings: MessageSettings): MailServer | undefined {
  const { SMTP_URL: address, SMTP_HOST: host, SMTP_SECURITY: security, SMTP_USERNAME: user, SMTP_PASSWORD: password } = settings;
  if (address !== undefined) {
    const url = new URL(address);
    const tls = url.protocol === 'smtps:' ? 'tls' : security;
    const [name, secret] = [percentDecoded(url.username), percentDecoded(url.password)];
    const login = name === '' ? undefined : { user: name, password: secret };
    return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || usualPort(tls)), security: tls, login };
  }
  if (host === undefined) return undefined;
  const login = user === undefined || password === undefined ? undefined : { user, password };
  return { host, port: settings.SMTP_PORT ?? usualPort(security), security, login };
}

/** What stands inside of the webhook's address, all of which is a secret, and is one by itself. */
export function secretsOfWebhook({ ALERT_WEBHOOK_URL: webhook }: MessageSettings): readonly string[] {
  if (webhook === undefined) return [];
  const { pathname, search } = new URL(webhook);
  // Short paths are no secrets, and common words.
  return [pathname, search].filter(part => part.length > 8);
}

/** A sentence for each fault. */
export function messageFaults(settings: MessageSettings): readonly string[] {
  const {
    ALERT_MAIL_TO: to,
    ALERT_MAIL_FROM: from,
    SMTP_URL: url,
    SMTP_HOST: host,
    SMTP_USERNAME: user,
    SMTP_PASSWORD: password,
  } = settings;
  const faults: string[] = [];
  const server = mailServerOf(settings);
  if (to !== undefined && server === undefined) faults.push('ALERT_MAIL_TO needs a mail server: set SMTP_HOST or SMTP_URL');
  if (to !== undefined && from === undefined)
    faults.push('ALERT_MAIL_TO needs a sender: set ALERT_MAIL_FROM, for example to alerts@example.com');
  if (url !== undefined && (host ?? settings.SMTP_PORT ?? user ?? password) !== undefined) {
    faults.push('SMTP_URL says host, port, user and password: unset SMTP_HOST, SMTP_PORT, SMTP_USERNAME and SMTP_PASSWORD, or SMTP_URL');
  }
  if ((user === undefined) !== (password === undefined)) {
    faults.push('SMTP_USERNAME and SMTP_PASSWORD go together: set both (SMTP_PASSWORD_FILE for the second) or neither');
  }
  if (server?.login !== undefined && server.login.password === '')
    faults.push('SMTP_URL has a user without a password: write user:password@');
  if (server?.login !== undefined && server.security === 'none') {
    faults.push(
      'SMTP_SECURITY is none, which would send the password unencrypted: set it to starttls or tls, or leave user and password out',
    );
  }
  if (settings.ALERT_WEBHOOK_SECRET !== undefined && settings.ALERT_WEBHOOK_URL === undefined) {
    faults.push('ALERT_WEBHOOK_SECRET signs posts, but there is nowhere to post to: set ALERT_WEBHOOK_URL, or unset it');
  }
  return faults;
}

function usualPort(security: MailServer['security']): number {
  return security === 'tls' ? 465 : 587;
}
