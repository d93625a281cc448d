/** Says of a failed TLS handshake what is wrong and what helps: the same words for each server that certificates are asked of. Pure. */

/** The settings that a remedy names. */
export interface TlsSettings {
  /** Whether TLS is spoken at all, as in `KAFKA_TLS`. */
  readonly tls: string;
  /** The authority that is trusted, as in `KAFKA_CA_FILE`. */
  readonly ca: string;
  /** The addresses that are connected to. */
  readonly addresses: string;
}

/** Node's and OpenSSL's codes of a chain that does not end in a trusted authority. */
const untrusted: ReadonlySet<string> = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'INVALID_CA',
]);

/** What helps, where `code` is of a fault that no repetition cures; else `undefined`. */
export function tlsRemedy(code: string | undefined, { tls, ca, addresses }: TlsSettings): string | undefined {
  if (code === undefined) return undefined;
  if (untrusted.has(code))
    return `the server's certificate was issued by an authority that is not trusted here: set ${ca} to that authority's`;
  if (code === 'CERT_HAS_EXPIRED') return "the server's certificate has expired: renew it there, and check that this clock is right";
  if (code === 'CERT_NOT_YET_VALID') return "the server's certificate is not valid yet: check that both clocks are right";
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `the server's certificate is for other names: write one that it carries into ${addresses}, or have it made for this one`;
  }
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') {
    return `that port does not speak TLS: set ${tls}=false, or name the port that does in ${addresses}`;
  }
  return undefined;
}

/** The `code` of an error or of what caused it. */
export function codeOf(error: unknown): string | undefined {
  for (let cause = error, depth = 0; typeof cause === 'object' && cause !== null && depth < 8; depth += 1) {
    if ('code' in cause && typeof cause.code === 'string') return cause.code;
    cause = 'cause' in cause ? cause.cause : undefined;
  }
  return undefined;
}
