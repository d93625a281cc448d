/**
 * The board's login: one token, which programs send as `Authorization: Bearer` and browsers as a cookie that opening `/?token=…` once
 * gives them. Probes and metrics stay open.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** What Kubernetes and Prometheus ask. */
const open: readonly string[] = ['/livez', '/readyz', '/metrics'];
const cookieName = 'tapeline-board';
const cookieSeconds = 30 * 86_400;

const remedy = 'send "Authorization: Bearer <token>", or open the board once as /?token=<token>, which leaves a cookie in the browser';

const headers = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

export type GivenHeaders = Pick<IncomingHttpHeaders, 'authorization' | 'cookie'>;

/** Asks everybody for `token`, on every path but those of probes and metrics. */
export function addLogin(server: FastifyInstance, token: string): void {
  // The cookie is made from the token: boards beside each other accept it, a restart does not end it, and a new token does.
  const pass = createHmac('sha256', token).update('the cookie of the board').digest('base64url');
  server.addHook('onRequest', async (request, reply) => {
    const [path = '', search] = request.url.split('?', 2);
    if (open.includes(path)) return undefined;
    const given = path === '/' ? (new URLSearchParams(search).get('token') ?? undefined) : undefined;
    if (given !== undefined) return isSame(given, token) ? welcome(request, reply, pass) : refuse(request, reply);
    return isKnown(request.headers, token, pass) ? undefined : refuse(request, reply);
  });
}

/** Whether these headers of a request have the token, or the cookie that is made from it. */
export function isKnown({ authorization, cookie }: GivenHeaders, token: string, pass: string): boolean {
  const bearer = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  if (bearer !== undefined && isSame(bearer, token)) return true;
  const cookies = (cookie ?? '').split(';').map(text => text.trim());
  return cookies.some(text => text.startsWith(`${cookieName}=`) && isSame(text.slice(cookieName.length + 1), pass));
}

/** Takes as long whatever is given. */
function isSame(given: string, expected: string): boolean {
  const [a, b] = [given, expected].map(text => createHash('sha256').update(text).digest()) as [Buffer, Buffer];
  return timingSafeEqual(a, b);
}

/** Leads on to the page without the token. The browser does so itself: a redirect after a link on another site would lack a strict cookie. */
function welcome(request: FastifyRequest, reply: FastifyReply, pass: string): FastifyReply {
  const secure = request.headers['x-forwarded-proto'] === 'https' ? '; Secure' : '';
  reply
    .headers(headers)
    .header('set-cookie', `${cookieName}=${pass}; Path=/; Max-Age=${cookieSeconds}; HttpOnly; SameSite=Strict${secure}`);
  return reply
    .type('text/html; charset=utf-8')
    .send(page('Tapeline', '<a href="./">To the board</a>', '<meta http-equiv="refresh" content="0;url=./">'));
}

function refuse(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.code(401).headers(headers).header('www-authenticate', 'Bearer realm="tapeline"');
  if (request.headers.accept?.includes('text/html') !== true) {
    return reply.send({ error: { code: 'login.required', message: `the board needs its token: ${remedy}` } });
  }
  const text =
    'This board needs its token. Open it once as <code>/?token=…</code>; whoever runs it knows the token (<code>HTTP_TOKEN</code>).';
  return reply.type('text/html; charset=utf-8').send(page('Tapeline: token wanted', text));
}

function page(title: string, text: string, more = ''): string {
  return `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>${title}</title>${more}</head><body><p>${text}</p></body></html>\n`;
}
