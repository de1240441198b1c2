import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';

interface Locked {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>;
}

/** Copies these files and folders of the built program, and links the packages that `npm ci --omit=dev` would install. */
export function copyBuiltTree(folder: string, names: readonly string[]): void {
  for (const name of names) cpSync(join(PACKAGE_ROOT, name), join(folder, name), { recursive: true });
  const lock = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package-lock.json'), 'utf8')) as Locked;
  for (const [path, { dev }] of Object.entries(lock.packages)) {
    const isOwn = /^node_modules\/(@[^/]+\/)?[^/]+$/.test(path);
    if (!isOwn || dev || !existsSync(join(PACKAGE_ROOT, path))) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    symlinkSync(join(PACKAGE_ROOT, path), join(folder, path));
  }
}
