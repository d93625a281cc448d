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

const secretHeaders = ['X-TD-APIKEY', 'authorization', 'cookie', 'set-cookie'] as const;

/**
 * Creates a logger. Secrets are replaced in the finished line, so that neither a vendor's text nor a stack can carry one out;
 * the usual fields are redacted besides, in case a secret is not known here.
 */
export function createLogger(options: LoggingOptions): Logger {
  const target = options.destination ?? pino.destination({ fd: 2, sync: true });
  const secrets = options.secrets
    .filter(secret => secret.length > 0)
    .flatMap(secret => [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]);
  const destination = new Writable({
    decodeStrings: false,
    write(line: string, _encoding, done) {
      target.write(scrub(String(line), secrets));
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

/** Replaces every secret in a text. */
export function scrub(text: string, secrets: readonly string[]): string {
  return secrets.reduce((clean, secret) => clean.replaceAll(secret, '[redacted]'), text);
}
