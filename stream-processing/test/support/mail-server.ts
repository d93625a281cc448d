/** A real mail server on loopback that keeps what it takes, and misbehaves on request. */
import { readFileSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import { pause } from '@tapeline/core/pause';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer } from 'smtp-server';

export interface Mail {
  readonly to: string;
  readonly from: string;
  readonly isSecure: boolean;
  readonly user: string | undefined;
  readonly email: Email;
}

/** Moments of a conversation; a function given for one may wait, and may give an answer other than "250 OK". */
export type Moment = 'connect' | 'sender' | 'receiver' | 'data' | 'taken';
type Answer = { readonly code: number; readonly text: string } | undefined;

export interface MailServerOptions {
  readonly port?: number;
  /** @default 'starttls' is offered */
  readonly security?: 'tls' | 'none';
  /** Who must log in with that password. */
  readonly login?: { readonly user: string; readonly password: string };
}

export interface MailServer {
  readonly port: number;
  /** Each with a complete body, in the order in which they came. */
  readonly mails: readonly Mail[];
  /** Connections so far. */
  connections(): number;
  /** Asked at each moment of each conversation; `address` is the receiver's. */
  answer: (moment: Moment, address: string) => Promise<Answer> | Answer;
  /** Resolves when no conversation is under way. */
  idle(): Promise<void>;
  /** Cuts every connection and takes none until {@link open}. */
  close(): Promise<void>;
  open(): Promise<void>;
}

const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');
export const certificate = fixture('mail-server.crt');
const key = fixture('mail-server.key');

export async function startMailServer(options: MailServerOptions = {}): Promise<MailServer> {
  const { security, login } = options;
  const mails: Mail[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  let unread = 0;
  let port = options.port ?? 0;
  const ask = (moment: Moment, address: string, done: (error?: Error | null) => void) => {
    Promise.resolve(server.answer(moment, address)).then(
      answer => done(answer === undefined ? null : Object.assign(new Error(answer.text), { responseCode: answer.code })),
      (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
    );
  };
  const start = (): SMTPServer =>
    new SMTPServer({
      key,
      cert: certificate,
      secure: security === 'tls',
      disableReverseLookup: true,
      authOptional: login === undefined,
      disabledCommands: [...(security === 'none' ? ['STARTTLS'] : []), ...(login === undefined ? ['AUTH'] : [])],
      onConnect: (_session, done) => {
        connections += 1;
        ask('connect', '', done);
      },
      onAuth: ({ username, password }, _session, done) => {
        if (username === login?.user && password === login?.password) done(null, { user: username });
        else done(Object.assign(new Error('wrong user or password'), { responseCode: 535 }));
      },
      onMailFrom: ({ address }, _session, done) => ask('sender', address, done),
      onRcptTo: ({ address }, _session, done) => ask('receiver', address, done),
      onData: (stream, session, done) => {
        const chunks: Buffer[] = [];
        let begun: Promise<unknown> | undefined;
        const to = session.envelope.rcptTo[0]?.address ?? '';
        stream.on('data', (chunk: Buffer) => {
          begun ??= Promise.resolve(server.answer('data', to));
          chunks.push(chunk);
        });
        stream.once('end', async () => {
          unread += 1;
          const raw = Buffer.concat(chunks);
          // A client that died before the end of its message sent none.
          const isWhole = raw.toString('latin1').trimEnd().endsWith('--');
          const from = session.envelope.mailFrom;
          const email = await PostalMime.parse(raw);
          const refusal = await begun;
          unread -= 1;
          if (!isWhole) return done(new Error('cut off'));
          if (refusal !== undefined)
            return done(Object.assign(new Error('not this one'), { responseCode: (refusal as { code: number }).code }));
          mails.push({ to, from: from === false ? '' : from.address, isSecure: session.secure, user: session.user, email });
          ask('taken', to, done);
        });
      },
    });
  let running: SMTPServer | undefined;
  const server: MailServer = {
    get port() {
      return port;
    },
    mails,
    connections: () => connections,
    answer: () => undefined,
    idle: async () => {
      // What a closed socket has given is on its way through the server for some turns of the event loop.
      do await pause(50);
      while (sockets.size > 0 || unread > 0);
    },
    open: async () => {
      const opened = start();
      opened.on('error', () => undefined);
      opened.server.on('connection', (socket: Socket) => {
        sockets.add(socket);
        socket.once('close', () => sockets.delete(socket));
      });
      await new Promise<void>(resolve => opened.listen(port, '127.0.0.1', () => resolve()));
      port = (opened.server.address() as AddressInfo).port;
      running = opened;
    },
    close: async () => {
      const closed = new Promise<void>(resolve => running?.close(() => resolve()) ?? resolve());
      for (const socket of sockets) socket.destroy();
      await closed;
      running = undefined;
    },
  };
  await server.open();
  return server;
}

/** The numbers of the alerts that mails tell one by one: builders write "alert 17" into each message. */
export function numbersIn(mails: readonly Mail[]): readonly number[] {
  return mails.flatMap(({ email }) =>
    [...(email.text ?? '').matchAll(/^ {2}(?:SIMULATED: )?alert (\d+)\b/gm)].map(([, number]) => Number(number)),
  );
}
