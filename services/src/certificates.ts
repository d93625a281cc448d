/**
 * This file makes a certificate authority and certificates of servers for trials and tests: keys on P-256, signed by ECDSA with SHA-256.
 *
 * Written by hand in DER, because Node makes keys and signatures but no certificates, and asking for openssl would be one thing more to install.
 *
 * @see https://www.rfc-editor.org/rfc/rfc5280#section-4.1
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { isIPv4 } from 'node:net';

export interface Certified {
  /** The certificate, PEM. */
  readonly certificate: string;
  /** Its private key, PEM in PKCS #8. */
  readonly key: string;
}

export interface CertificateOptions {
  /** Host names and IPv4 addresses that it is valid for; the first is its common name. */
  readonly names: readonly string[];
  /** @default a day ago */
  readonly notBeforeMs?: number;
  /** @default in ten years */
  readonly notAfterMs?: number;
}

const dayMs = 86_400_000;

/** A certificate authority that signs itself. */
export function makeAuthority(name: string): Certified {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const extensions = [
    extension(oids.basicConstraints, sequence(boolean(true)), true),
    // keyCertSign and cRLSign.
    extension(oids.keyUsage, der(0x03, Buffer.from([1, 0x06])), true),
    extension(oids.subjectKeyIdentifier, octets(identifierOf(publicKey))),
  ];
  const signed = { issuer: name, subject: name, extensions, publicKey, issuerKey: privateKey };
  return { certificate: certificateOf(signed, {}), key: pemOf(privateKey) };
}

/** A certificate that `authority` signs, for a server and for a client. */
export function makeCertificate(authority: Certified, options: CertificateOptions): Certified {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuerKey = createPrivateKey(authority.key);
  const extensions = [
    extension(oids.basicConstraints, sequence(), true),
    // digitalSignature.
    extension(oids.keyUsage, der(0x03, Buffer.from([7, 0x80])), true),
    extension(oids.extendedKeyUsage, sequence(oid(oids.serverAuth), oid(oids.clientAuth))),
    extension(oids.authorityKeyIdentifier, sequence(der(0x80, identifierOf(createPublicKey(issuerKey))))),
    extension(oids.subjectAlternativeName, sequence(...options.names.map(alternativeName))),
  ];
  const signed = { issuer: commonNameOf(authority), subject: options.names[0] ?? '', extensions, publicKey, issuerKey };
  return { certificate: certificateOf(signed, options), key: pemOf(privateKey) };
}

interface Signed {
  readonly issuer: string;
  readonly subject: string;
  readonly extensions: readonly Buffer[];
  readonly publicKey: KeyObject;
  readonly issuerKey: KeyObject;
}

const oids = {
  commonName: '2.5.4.3',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAlternativeName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;

function certificateOf(
  { issuer, subject, extensions, publicKey, issuerKey }: Signed,
  { notBeforeMs = Date.now() - dayMs, notAfterMs = Date.now() + 3_650 * dayMs }: Pick<CertificateOptions, 'notBeforeMs' | 'notAfterMs'>,
): string {
  const algorithm = sequence(oid(oids.ecdsaWithSha256));
  const toBeSigned = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(randomBytes(16)),
    algorithm,
    nameOf(issuer),
    sequence(time(notBeforeMs), time(notAfterMs)),
    nameOf(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  );
  const certificate = sequence(toBeSigned, algorithm, bits(sign('sha256', toBeSigned, issuerKey)));
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** The name in a certificate of {@link makeAuthority}, whose subject is that name alone. */
function commonNameOf({ certificate }: Certified): string {
  return new X509Certificate(certificate).subject.replace(/^CN=/, '');
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function identifierOf(key: KeyObject): Buffer {
  return createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest();
}

function nameOf(commonName: string): Buffer {
  return sequence(der(0x31, sequence(oid(oids.commonName), der(0x0c, Buffer.from(commonName)))));
}

function alternativeName(name: string): Buffer {
  return isIPv4(name) ? der(0x87, Buffer.from(name.split('.').map(Number))) : der(0x82, Buffer.from(name));
}

function extension(id: string, value: Buffer, isCritical = false): Buffer {
  return sequence(oid(id), ...(isCritical ? [boolean(true)] : []), octets(value));
}

/** Tag, length, content. */
function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  if (length < 0x1_00) return Buffer.concat([Buffer.from([tag, 0x81, length]), content]);
  return Buffer.concat([Buffer.from([tag, 0x82, length >> 8, length & 0xff]), content]);
}

function sequence(...items: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(items));
}

function octets(content: Buffer): Buffer {
  return der(0x04, content);
}

function bits(content: Buffer): Buffer {
  return der(0x03, Buffer.concat([Buffer.from([0]), content]));
}

function boolean(value: boolean): Buffer {
  return der(0x01, Buffer.from([value ? 0xff : 0]));
}

/** Above 0: a first byte of 0x80 and more would be a sign, and a first one of 0 is left out. */
function integer(bytes: Buffer): Buffer {
  const positive = Buffer.from(bytes);
  positive[0] = ((positive[0] ?? 0) & 0x7f) | (bytes.length > 1 ? 0x40 : 0);
  return der(0x02, positive);
}

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return der(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** Seven bits a byte, the highest bit set in all but the last. */
function base128(value: number): readonly number[] {
  const bytes = [value & 0x7f];
  for (let left = value >>> 7; left > 0; left >>>= 7) bytes.unshift((left & 0x7f) | 0x80);
  return bytes;
}

/** Two digits of the year up to 2049, four from then on, as RFC 5280 wants it. */
function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return digits < '2050' ? der(0x17, Buffer.from(digits.slice(2))) : der(0x18, Buffer.from(digits));
}
