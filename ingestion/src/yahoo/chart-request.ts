/** One question to Yahoo: over HTTP, bounded in time and size, its answer told apart by what to do about it. */
import { reasonOf } from '@tapeline/core/errors';

/**
 * - `answered`: a body, whatever it says
 * - `limited`: too many questions; `retryAfterMs` when the vendor says how long to wait
 * - `failed`: nothing that can be read; another attempt may work
 */
export type ChartAnswer =
  | { readonly kind: 'answered'; readonly text: string; readonly simulated: boolean }
  | { readonly kind: 'limited'; readonly reason: string; readonly retryAfterMs?: number }
  | { readonly kind: 'failed'; readonly reason: string };

export interface ChartQuestion {
  /** Scheme and host, and what path there is before the vendor's. */
  readonly url: string;
  readonly symbol: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

const longestAnswerBytes = 1024 * 1024;

/** Asks for the head of a symbol's chart of today; never throws. */
export async function askChart({ url, symbol, timeoutMs, signal }: ChartQuestion): Promise<ChartAnswer> {
  const address = `${url.replace(/\/+$/, '')}/v8/finance/chart/${encodeURIComponent(symbol)}?interval=1d&range=1d`;
  try {
    const response = await fetch(address, {
      headers: { accept: 'application/json', 'user-agent': 'Mozilla/5.0 (compatible; tapeline)' },
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    return await answerOf(response);
  } catch (error) {
    return { kind: 'failed', reason: `no answer: ${reasonOf(error)}` };
  }
}

async function answerOf(response: Response): Promise<ChartAnswer> {
  const { status } = response;
  const text = await textOf(response);
  // 999 is what the vendor's proxies say in place of 429.
  if (status === 429 || status === 999) return { kind: 'limited', reason: `HTTP ${status}`, ...retryAfterOf(response) };
  const simulated = response.headers.get('x-simulated') === 'true';
  // An unknown symbol is a 404 whose body says so; any other answer without a chart is the server's fault, not the symbol's.
  const isReadable = status === 200 || ((status === 404 || status === 422) && text?.includes('"chart"'));
  if (text === undefined) return { kind: 'failed', reason: `an answer of more than ${longestAnswerBytes} bytes` };
  return isReadable ? { kind: 'answered', text, simulated } : { kind: 'failed', reason: `HTTP ${status}` };
}

/** The body, or `undefined` when it is larger than any answer of ours. */
async function textOf(response: Response): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > longestAnswerBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** `Retry-After` is a number of seconds or a date. */
function retryAfterOf(response: Response): { readonly retryAfterMs?: number } {
  const value = response.headers.get('retry-after');
  if (value === null) return {};
  const ms = /^\d+$/.test(value.trim()) ? Number(value) * 1_000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? { retryAfterMs: Math.max(0, ms) } : {};
}
