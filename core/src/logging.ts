/** The logger of every process: JSON lines on standard error, with each secret of the configuration cut out. */
import { Writable } from 'node:stream';
import { type Logger, pino } from 'pino';

export interface LoggingOptions {
  /** The running thing, an agent noun: `ingester`, `stream-processor`. */
  readonly name: string;
  readonly level: string;
  /** Texts that must never be printed, whatever message or error carries them. */
  readonly secrets: readonly string[];
  /** @default standard error */
  readonly destination?: { write(line: string): unknown };
}

const mostWaitingBytes = 1_048_576;

const secretHeaders = ['X-TD-APIKEY', 'authorization', 'cookie', 'set-cookie'] as const;

/**
 * Creates a logger. Secrets are replaced in the finished line, so that neither a vendor's text nor a stack can carry one out;
 * the usual fields are redacted besides, in case a secret is not known here.
 */
export function createLogger(options: LoggingOptions): Logger {
  const target = options.destination ?? standardError();
  const scrub = scrubber(options.secrets);
  const destination = new Writable({
    decodeStrings: false,
    write(line: string, _encoding, done) {
      target.write(scrub(String(line)));
      done();
    },
  });
  return pino(
    {
      name: options.name,
      level: options.level,
      redact: {
        paths: [
          'password',
          'apiKey',
          'token',
          '*.password',
          '*.apiKey',
          '*.token',
          ...secretHeaders.flatMap(name => [`headers["${name}"]`, `*.headers["${name}"]`]),
        ],
        censor: '[redacted]',
      },
    },
    destination,
  );
}

/** Lines that it does not take, because it is a file on a full disk, wait for the next ones, up to a bound; they end no process. */
function standardError(): { write(line: string): unknown } {
  const destination = pino.destination({ fd: 2, sync: true, maxLength: mostWaitingBytes });
  destination.on('error', () => undefined);
  return destination;
}

/** Replaces every secret in a text, also where JSON, an address or base64 spell it in another way. */
export function scrubber(secrets: readonly string[]): (text: string) => string {
  // The longest first: a secret may be the begin of another one, whose end would be left.
  const spellings = [...new Set(secrets.filter(secret => secret.length > 0).flatMap(spellingsOf))].toSorted((a, b) => b.length - a.length);
  return text => spellings.reduce((clean, spelling) => clean.replaceAll(spelling, '[redacted]'), text);
}

function spellingsOf(secret: string): readonly string[] {
  const spellings = [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    new URLSearchParams([['', secret]]).toString().slice(1),
  ];
  // What is left of a short one in base64 could be any word.
  return Buffer.byteLength(secret) < 8 ? spellings : [...spellings, ...[0, 1, 2].flatMap(count => base64Behind(count, secret))];
}

/** How a text looks in base64 behind so many other bytes (`user:password`), without the characters that it shares with its neighbours. */
function base64Behind(count: number, text: string): readonly string[] {
  const bytes = Buffer.concat([Buffer.alloc(count), Buffer.from(text)]);
  const [from, to] = [Math.ceil((count * 8) / 6), Math.floor((bytes.length * 8) / 6)];
  return [bytes.toString('base64').slice(from, to), bytes.toString('base64url').slice(from, to)];
}
