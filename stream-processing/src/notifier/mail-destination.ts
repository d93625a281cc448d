/** One mailbox, by SMTP. A connection for each message: there are few. */
import { createHash } from 'node:crypto';
import type { ConnectionOptions } from 'node:tls';
import { reasonOf } from '@tapeline/core/errors';
import type { MailServer } from '@tapeline/core/message-faults';
import MailComposer from 'nodemailer/lib/mail-composer';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import { type AlertFilter, type Destination, type Outcome, passes } from './destination.ts';
import { type MailFailure, outcomeOfFailure } from './mail-outcome.ts';
import type { Notice } from './notice.ts';
import { htmlOf, type LinkAddresses, subjectOf, textOf } from './wording.ts';

export interface MailDestinationOptions {
  readonly server: MailServer;
  /** Certificate authority in place of those that Node knows, PEM. */
  readonly ca: string | undefined;
  /** As a mail's header has it: an address, with or without a name before it. */
  readonly from: string;
  readonly to: string;
  readonly name: string;
  readonly filter: AlertFilter;
  readonly links: LinkAddresses;
  readonly summaryAfterMs: number;
  /** For one message, all in all. @default 60,000 */
  readonly deadlineMs?: number | undefined;
}

const mostListed = 100;
/** A server may think for a while before it greets or takes a message, and then does not answer at all. */
const silenceMs = 30_000;

/** A mailbox, with a memory of its own. */
export function mailDestination(options: MailDestinationOptions): Destination {
  const { to, name, filter, summaryAfterMs } = options;
  return {
    id: `mail-${createHash('sha256').update(to).digest('hex').slice(0, 16)}`,
    name,
    receiver: to,
    limits: { mostListed, summaryAfterMs },
    accepts: alert => passes(filter, alert),
    send: (notice, signal) => sendMail(options, notice, signal),
  };
}

async function sendMail(options: MailDestinationOptions, notice: Notice, signal: AbortSignal): Promise<Outcome> {
  const { deadlineMs = 60_000 } = options;
  const connection = new SMTPConnection({
    ...addressOf(options),
    connectionTimeout: silenceMs,
    greetingTimeout: silenceMs,
    socketTimeout: silenceMs,
    dnsTimeout: silenceMs,
  });
  const broken = Promise.withResolvers<never>();
  connection.on('error', broken.reject);
  // Otherwise who waits for an answer waits for ever.
  connection.on('end', () => broken.reject(new Error('the connection was closed')));
  const breakOff = (reason: string) => () => broken.reject(new Error(reason));
  const timer = setTimeout(breakOff(`not done within ${deadlineMs} ms`), deadlineMs);
  const stop = breakOff('aborted, because this process stops');
  signal.addEventListener('abort', stop, { once: true });
  try {
    if (signal.aborted) stop();
    await Promise.race([conversation(connection, options, notice), broken.promise]);
    return { kind: 'sent' };
  } catch (error) {
    return outcomeOfFailure(failureOf(error));
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    connection.close();
  }
}

async function conversation(connection: SMTPConnection, options: MailDestinationOptions, notice: Notice): Promise<void> {
  const { server, from, to } = options;
  const message = await bytesOf(options, notice);
  await answered(done => connection.connect(done));
  const { login } = server;
  if (login !== undefined) await answered(done => connection.login({ user: login.user, pass: login.password }, done));
  await answered(done => connection.send({ from: addressIn(from), to: [to], size: message.length }, message, done));
  // It was taken; a server that does not let go in order changes nothing.
  connection.quit();
}

/** The whole mail, as it goes out. The same alerts have the same Message-ID, by which a receiver may know a repetition. */
async function bytesOf({ from, to, links }: MailDestinationOptions, notice: Notice): Promise<Buffer> {
  const domain = addressIn(from).split('@').at(-1);
  const mail = new MailComposer({
    from,
    to,
    subject: subjectOf(notice),
    text: textOf(notice, links),
    html: htmlOf(notice, links),
    messageId: `<${notice.id}.${createHash('sha256').update(to).digest('hex').slice(0, 8)}@${domain}>`,
    // No mailbox answers "out of office" to it (RFC 3834).
    headers: { 'auto-submitted': 'auto-generated' },
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return mail.compile().build();
}

function addressOf({ server, ca }: MailDestinationOptions) {
  const { host, port, security } = server;
  const tls: ConnectionOptions = ca === undefined ? {} : { ca };
  return { host, port, tls, secure: security === 'tls', requireTLS: security === 'starttls', ignoreTLS: security === 'none' };
}

/** The address in `Name <address>`. */
function addressIn(from: string): string {
  return /<([^<>]*)>$/.exec(from)?.[1] ?? from;
}

function answered(ask: (done: (error?: Error | null) => void) => void): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  ask(error => (error ? reject(error) : resolve()));
  return promise;
}

function failureOf(error: unknown): MailFailure {
  const known = typeof error === 'object' && error !== null ? (error as Partial<MailFailure>) : {};
  const { code, originalCode, responseCode, command, message = reasonOf(error) } = known;
  return { message, code, originalCode, responseCode, command };
}
