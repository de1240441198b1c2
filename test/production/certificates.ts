import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate and its key, as PEM. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** An authority of a test, made by openssl. */
export interface Authority {
  /** Its own certificate, as PEM. */
  readonly certificate: string;
  /** Issues a certificate for these names. @param days until it ends */
  issue(names: readonly string[], days: number): Pair;
  remove(): void;
}

/** Creates an authority and its folder. */
export function createAuthority(): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'leopard-authority-'));
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const request = ['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-batch'];
  openssl(...request, '-x509', '-days', '30', '-subj', '/CN=Test', '-keyout', 'ca.key', '-out', 'ca.crt');
  let count = 0;
  return {
    certificate: readFileSync(join(folder, 'ca.crt'), 'utf8'),
    issue(names, days) {
      const own = String(++count);
      openssl(...request, '-subj', `/CN=${names[0]}`, '-keyout', `${own}.key`, '-out', `${own}.csr`);
      writeFileSync(join(folder, 'ext'), `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}\n`);
      const by = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-set_serial', own];
      openssl(
        'x509',
        '-req',
        '-in',
        `${own}.csr`,
        ...by,
        '-days',
        String(days),
        '-extfile',
        'ext',
        '-out',
        `${own}.crt`,
      );
      const read = (ending: string) => readFileSync(join(folder, `${own}.${ending}`), 'utf8');
      return { cert: read('crt'), key: read('key') };
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}
