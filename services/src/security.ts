/**
 * This file keeps what secured servers need in one folder: a certificate authority, a certificate for the servers, a password for each user.
 *
 * Made once and read again at each further start, so that clients may go on with what they have. Only this account may read it.
 */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { textIfThere } from '@tapeline/core/durable-file';
import { type Certified, makeAuthority, makeCertificate } from './certificates.ts';
import { exclusively } from './exclusive.ts';
import { usableFolder } from './usable-folder.ts';

/** The names by which servers on loopback are called. */
const serverNames = ['localhost', '127.0.0.1'] as const;
/** How Kafka and Cassandra know a holder of the servers' certificate. */
export const serverPrincipal = `CN=${serverNames[0]}`;

export interface Password {
  /** Holds the password and nothing else. */
  readonly file: string;
  readonly text: string;
}

export interface Security {
  /** The authority's certificate, PEM. */
  readonly caFile: string;
  /** Key and certificate of the servers in one file, PEM. */
  readonly serverFile: string;
  /** That of `user`, made when it has none: 48 hexadecimal digits. */
  password(user: string): Promise<Password>;
}

/** Opens the folder; makes what it does not hold. @throws PipelineError `services.unavailable` */
export async function openSecurity(directory: string): Promise<Security> {
  const path = await usableFolder(directory);
  await mkdir(join(path, 'passwords'), { recursive: true });
  await chmod(path, 0o700);
  const caFile = join(path, 'ca.crt');
  const serverFile = join(path, 'server.pem');
  await exclusively(join(path, 'make.lock'), async () => {
    if ((await textIfThere(serverFile)) !== undefined) return;
    const authority = await makeAuthority('Tapeline services');
    await write(caFile, authority.certificate);
    await write(serverFile, together(await makeCertificate(authority, { names: serverNames })));
  });
  return { caFile, serverFile, password: user => passwordIn(join(path, 'passwords', user)) };
}

/** The authority's key is not kept: who reads this folder can sign nothing. */
function together({ key, certificate }: Certified): string {
  return key + certificate;
}

async function passwordIn(file: string): Promise<Password> {
  return await exclusively(`${file}.lock`, async () => {
    const known = await textIfThere(file);
    if (known !== undefined) return { file, text: known };
    const text = randomBytes(24).toString('hex');
    await write(file, text);
    return { file, text };
  });
}

/** Whole or not at all. */
async function write(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await rename(`${file}.new`, file);
}
