/** What a mail server's refusal means for a message. See RFC 5321, 4.2: 4yz is "not now", 5yz is "never". */
import type { Outcome } from './destination.ts';

/** What is known of a failure of SMTP, as nodemailer tells it. */
export interface MailFailure {
  readonly message: string;
  /** `EAUTH`, `ETLS`, `EDNS` … */
  readonly code?: string | undefined;
  /** Of the socket below: `ECONNREFUSED`, `CERT_HAS_EXPIRED` … */
  readonly originalCode?: string | undefined;
  /** Three digits; absent when the server did not answer. */
  readonly responseCode?: number | undefined;
  /** What was answered so: `CONN`, `EHLO`, `STARTTLS`, `AUTH PLAIN`, `MAIL FROM`, `RCPT TO`, `DATA`; `API` when nothing was asked. */
  readonly command?: string | undefined;
}

/** Answers about who we are, not about the message: somebody mends the settings, and then it is taken. */
const aboutTheSender = new Set([530, 534, 535, 538]);

/**
 * Only a refusal of the receiver or of the message is for good. Whatever is wrong with the connection, the certificate, the password or the
 * sender is wrong for each message: all wait.
 */
export function outcomeOfFailure(failure: MailFailure): Outcome {
  const { message, responseCode: code, command = 'CONN' } = failure;
  const reason = message.replace(/\s+/g, ' ').slice(0, 500);
  const isAboutTheMessage = ['RCPT TO', 'DATA'].includes(command) && code !== undefined && code >= 500 && !aboutTheSender.has(code);
  const isUnsendable = failure.code === 'EMESSAGE' && command === 'MAIL FROM';
  if (!isAboutTheMessage && !isUnsendable) return { kind: 'delayed', reason, remedy: remedyOf(failure) };
  const remedy =
    command === 'RCPT TO'
      ? 'correct ALERT_MAIL_TO, or have the server take mails for it'
      : 'ask whoever runs the mail server what it refuses';
  return { kind: 'refused', reason, remedy };
}

function remedyOf({ code, originalCode = '', command = '', responseCode }: MailFailure): string {
  if (code === 'EDNS') return 'check the name in SMTP_HOST or SMTP_URL, and that names are resolved';
  if (code === 'ETLS' || command === 'STARTTLS' || /CERT|SSL|TLS/.test(originalCode)) {
    return 'check SMTP_SECURITY (starttls is usual at port 587, tls at 465) and SMTP_CA_FILE';
  }
  if (code === 'EAUTH' || command.startsWith('AUTH') || (responseCode !== undefined && aboutTheSender.has(responseCode))) {
    return 'check SMTP_USERNAME and SMTP_PASSWORD (or those in SMTP_URL)';
  }
  if (command === 'MAIL FROM') return 'set ALERT_MAIL_FROM to a sender that this server and user may use';
  if (code === 'ETIMEDOUT') return 'check SMTP_PORT, that the network lets the connection through, and SMTP_SECURITY';
  if (responseCode !== undefined) return 'the server asks for patience; if it lasts, ask whoever runs it';
  return 'check SMTP_HOST and SMTP_PORT, and that the mail server is up';
}
