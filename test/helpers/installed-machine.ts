import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';
import { copyBuiltTree } from './built-tree.js';
import { DebianMachine, noMachine } from './debian-machine.js';

export const INSTALL = 'deployment/install-debian.sh';

/** The shell blocks of docs/deployment.md in their order; others (console) need the Internet. */
export const BLOCKS = [
  ...readFileSync(join(PACKAGE_ROOT, 'docs', 'deployment.md'), 'utf8').matchAll(/^```sh\n(.*?)^```$/gms),
].map(([, block]) => block!);

/** Returns why the installation cannot be carried out on a machine started here; null where it can. */
export function noInstallation(): string | null {
  return noMachine() ?? missingPackages();
}

/** Returns what the machine would have to download; it has no network. */
function missingPackages(): string | null {
  const script = readFileSync(join(PACKAGE_ROOT, INSTALL), 'utf8');
  const wanted = [...script.matchAll(/wanted\+?=\(([^)]*)\)/g)].flatMap(([, names]) => names!.split(' '));
  const missing = wanted.filter((name) => spawnSync('/usr/bin/dpkg-query', ['-W', name]).status !== 0);
  return missing.length === 0
    ? null
    : `not installed: ${missing.join(', ')}; the test of the installation is skipped`;
}

/** The program as build-release.sh builds it, in a folder of its own. */
export class Release {
  readonly folder = mkdtempSync(join(tmpdir(), 'leopard-release-'));

  constructor() {
    const files = ['package.json', 'package-lock.json', '.env.example'];
    copyBuiltTree(this.folder, ['bin', 'dist', 'data', 'migrations', ...files]);
  }

  /** Boots a machine on which it can be installed. */
  boot(options: { readonly systemd?: boolean } = {}): Promise<DebianMachine> {
    return DebianMachine.boot({ folders: [PACKAGE_ROOT, this.folder], ...options });
  }

  /** Returns commands of docs/deployment.md for that machine: the program is not built there but taken from here. */
  commands(block: string): string {
    return `cd ${PACKAGE_ROOT}; set -e; ${block.replaceAll(INSTALL, `${INSTALL} --release ${this.folder}`)}`;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
