import { once } from 'node:events';
import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { WebSocket } from 'ws';
import { type RunningMarket, startMarket } from './support/running-market.ts';

const token = 'an-example-of-a-token';

let running: RunningMarket;
let url: string;
let logged = '';

beforeEach(async () => {
  const write = (line: string) => {
    logged += line;
  };
  running = await startMarket({ logger: pino({ level: 'trace' }, { write }) });
  url = (await running.startBoard({ token })).url;
});

afterEach(async () => {
  await running.close();
  expect(logged).toContain('the live board is at');
  expect(logged).not.toContain(token);
});

const statusOf = async (path: string, headers: Record<string, string> = {}) => (await fetch(url + path, { headers })).status;
const bearer = (given: string) => ({ authorization: `Bearer ${given}` });

/** The cookie that opening the board with its token gives. */
async function aCookie(): Promise<string> {
  const answer = await fetch(`${url}/?token=${token}`);
  return String(answer.headers.get('set-cookie')).split(';', 1)[0] ?? '';
}

/** Status of the answer to an upgrade: 101 when the socket opened. */
async function upgradeStatus(headers: Record<string, string>, origin?: string): Promise<number> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, { headers, ...(origin === undefined ? {} : { origin }) });
  const answered = Promise.race([
    once(socket, 'open').then(() => 101),
    once(socket, 'unexpected-response').then(([, answer]) => answer.statusCode),
  ]);
  socket.on('error', () => undefined);
  return answered.finally(() => socket.terminate());
}

describe('a board with a token', () => {
  it('refuses who does not show it: page, files, interface, socket and unknown paths', async () => {
    const paths = ['/', '/assets/main.js', '/assets/board.css', '/api/latest', '/api/bars?symbol=A&interval=1m', '/api/feeds', '/nothing'];
    expect(await Promise.all(paths.map(path => statusOf(path)))).toEqual(paths.map(() => 401));
    expect(await upgradeStatus({})).toBe(401);
  });

  it('says in JSON to programs, and on a page to people, what to do', async () => {
    const program = await fetch(`${url}/api/latest`);
    expect(program.headers.get('www-authenticate')).toBe('Bearer realm="tapeline"');
    expect(await program.json()).toEqual({
      error: {
        code: 'login.required',
        message:
          'the board needs its token: send "Authorization: Bearer <token>", or open the board once as /?token=<token>, which leaves a cookie in the browser',
      },
    });
    const person = await fetch(url, { headers: { accept: 'text/html,*/*' } });
    expect(person.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await person.text()).toContain('Open it once as <code>/?token=…</code>');
  });

  it('answers probes and metrics without it', async () => {
    expect([await statusOf('/livez'), await statusOf('/readyz'), await statusOf('/metrics'), await statusOf('/livez?full')]).toEqual([
      200, 503, 200, 200,
    ]);
  });

  it('takes it as a bearer, for the interface and the socket', async () => {
    expect(await statusOf('/api/latest', bearer(token))).toBe(200);
    expect(await upgradeStatus(bearer(token))).toBe(101);
    const wrong = ['', `${token}x`, token.slice(1), token.toUpperCase()];
    expect(await Promise.all(wrong.map(given => statusOf('/api/latest', bearer(given))))).toEqual([401, 401, 401, 401]);
    expect(await statusOf('/api/latest', { authorization: `Basic ${token}` })).toBe(401);
  });

  it('gives a cookie that no script and no other site can use, and leads on to an address without the token', async () => {
    const answer = await fetch(`${url}/?token=${token}`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('set-cookie')).toMatch(/^tapeline-board=[\w-]{43}; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Strict$/);
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const page = await answer.text();
    expect(page).toContain('<meta http-equiv="refresh" content="0;url=./">');
    expect(page).not.toContain(token);
    const behindTls = await fetch(`${url}/?token=${token}`, { headers: { 'x-forwarded-proto': 'https' } });
    expect(behindTls.headers.get('set-cookie')).toMatch(/; SameSite=Strict; Secure$/);
  });

  it('takes that cookie, among others, and no other', async () => {
    const cookie = await aCookie();
    expect(cookie).not.toContain(token);
    expect(await statusOf('/', { cookie: `a=1; ${cookie}; b=2` })).toBe(200);
    expect(await upgradeStatus({ cookie })).toBe(101);
    expect(await statusOf('/', { cookie: `${cookie}x` })).toBe(401);
    expect(await statusOf('/', { cookie: `tapeline-board=${token}` })).toBe(401);
  });

  it('takes the cookie of a board with the same token, and not that of another token', async () => {
    const cookie = await aCookie();
    const beside = await running.startBoard({ token });
    const renewed = await running.startBoard({ token: `${token}-new` });
    expect((await fetch(beside.url, { headers: { cookie } })).status).toBe(200);
    expect((await fetch(renewed.url, { headers: { cookie } })).status).toBe(401);
  });

  it('takes the token in an address at the page only, and refuses a wrong one even with a cookie', async () => {
    expect(await statusOf(`/api/latest?token=${token}`)).toBe(401);
    expect(await statusOf('/?token=wrong')).toBe(401);
    expect(await statusOf('/?token=wrong', { cookie: await aCookie() })).toBe(401);
    expect(await statusOf('/?token=')).toBe(401);
  });

  it('refuses a socket to a page of another site, even with the cookie', async () => {
    expect(await upgradeStatus({ cookie: await aCookie() }, 'http://elsewhere.example.com')).toBe(403);
    expect(await upgradeStatus({ cookie: await aCookie() }, url)).toBe(101);
  });

  it('is not deceived by an odd spelling of a path', async () => {
    const raw = async (path: string) => {
      const asked = request(url, { path }).end();
      const [answer] = await once(asked, 'response');
      answer.resume();
      return answer.statusCode as number;
    };
    const paths = ['//api/latest', '/livez/../api/latest', '/LIVEZ', '/%6cive', '/api/latest?/livez', `${url}/api/latest`, '/metrics/'];
    expect(await Promise.all(paths.map(raw))).toEqual(paths.map(() => 401));
  });
});
