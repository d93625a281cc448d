/** Addresses that people may have written a key into: what may be shown of one, and what of it is a secret. Pure. */

/** True for a setting whose value is an address. */
export function isAddress(setting: string): boolean {
  return /_(URL|ENDPOINT)$/.test(setting);
}

/** An address, or what was given for one, as it may be printed: without user, password and search; `undefined` where these cannot be told apart. */
export function shownAddress(text: string): string | undefined {
  if (!/[?#@]/.test(text)) return text;
  if (!URL.canParse(text)) return undefined;
  const { protocol, host, pathname } = new URL(text);
  return host === '' ? undefined : `${protocol}//${host}${pathname}`;
}

/** The secrets in an address, as they are spelt and as they are meant. A user beside a password is none; what is short could be a common word. */
export function secretsOfAddress(address: string): readonly string[] {
  const { username, password, search } = new URL(address);
  const values = search
    .slice(1)
    .split('&')
    .map(pair => pair.slice(pair.indexOf('=') + 1));
  const others = [...(password === '' ? [username] : []), ...values].filter(part => part.length > 8);
  return [...new Set([password, ...others].filter(part => part !== '').flatMap(part => [part, percentDecoded(part)]))];
}

/** As it is where it is no percent-encoding. */
export function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
