import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the package, which holds package.json and migrations/: the same from src/ and from dist/. */
export const PACKAGE_ROOT = findPackageRoot();

function findPackageRoot(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, 'package.json'))) {
    const parent = dirname(directory);
    if (parent === directory) throw new Error('package.json is missing: the installation is incomplete');
    directory = parent;
  }
  return directory;
}
