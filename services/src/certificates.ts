/** A certificate authority and certificates of servers for trials and tests: keys on P-256, signed by ECDSA with SHA-256. */
import 'reflect-metadata';
import { createPrivateKey, KeyObject, webcrypto } from 'node:crypto';
import { isIPv4 } from 'node:net';
import * as x509 from '@peculiar/x509';

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
const curve = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' } as const;

/** A certificate authority that signs itself. */
export async function makeAuthority(name: string): Promise<Certified> {
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    ...lifetime({}),
    keys,
    signingAlgorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return certified(certificate, keys);
}

/** A certificate that `authority` signs, for a server and for a client. */
export async function makeCertificate(authority: Certified, options: CertificateOptions): Promise<Certified> {
  const keys = await newKeys();
  const issuer = new x509.X509Certificate(authority.certificate);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${options.names[0]}`,
    issuer: issuer.subject,
    ...lifetime(options),
    publicKey: keys.publicKey,
    signingKey: await privateKeyOf(authority),
    signingAlgorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      new x509.SubjectAlternativeNameExtension(options.names.map(name => ({ type: isIPv4(name) ? 'ip' : 'dns', value: name }))),
    ],
  });
  return certified(certificate, keys);
}

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(curve, true, ['sign', 'verify']);
}

async function privateKeyOf({ key }: Certified): Promise<webcrypto.CryptoKey> {
  const bytes = createPrivateKey(key).export({ type: 'pkcs8', format: 'der' });
  return await webcrypto.subtle.importKey('pkcs8', bytes, curve, false, ['sign']);
}

function certified(certificate: x509.X509Certificate, { privateKey }: webcrypto.CryptoKeyPair): Certified {
  const key = KeyObject.from(privateKey).export({ type: 'pkcs8', format: 'pem' });
  return { certificate: `${certificate.toString('pem')}\n`, key: String(key) };
}

function lifetime({ notBeforeMs = Date.now() - dayMs, notAfterMs = Date.now() + 3_650 * dayMs }: Omit<CertificateOptions, 'names'>): {
  readonly notBefore: Date;
  readonly notAfter: Date;
} {
  return { notBefore: new Date(notBeforeMs), notAfter: new Date(notAfterMs) };
}
