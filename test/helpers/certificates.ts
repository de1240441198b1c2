import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

/**
 * Creates a certificate for these names that is signed by nobody else, with its key: `fullchain.pem` and `privkey.pem`.
 * @returns the certificate, in PEM
 */
export async function selfSigned(folder: string, names: readonly [string, ...string[]]): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const certificate = join(folder, 'fullchain.pem');
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30'],
    ...['-keyout', join(folder, 'privkey.pem'), '-out', certificate, '-subj', `/CN=${names[0]}`],
    ...['-addext', `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`],
  ]);
  return readFileSync(certificate, 'utf8');
}
