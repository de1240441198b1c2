import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readMigrations } from '../../src/database/migration-files.js';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';
import { readSnapshot, snapshotHeader } from '../../src/schema/tenant-snapshot.js';

/** Made anew in a release; everything else of it is a link to this checkout. */
const OWN = new Set(['dist', 'bin', 'migrations', 'src', '.git', 'package.json']);

/** A newer release of the program, in a folder of its own: this checkout, as built, and more migrations of tenants. */
export interface Release {
  readonly folder: string;
  /** The number of its last migration. */
  readonly last: number;
}

/** Makes a release with these migrations after the checkout's own. @param migrations SQL, by name */
export function makeRelease(folder: string, migrations: Readonly<Record<string, string>>): Release {
  mkdirSync(folder);
  for (const name of readdirSync(PACKAGE_ROOT)) {
    if (!OWN.has(name)) symlinkSync(join(PACKAGE_ROOT, name), join(folder, name));
  }
  for (const name of ['dist', 'bin', 'migrations', 'package.json']) {
    cpSync(join(PACKAGE_ROOT, name), join(folder, name), { recursive: true });
  }
  const own = readMigrations();
  let number = own.tenant.length;
  for (const [name, sql] of Object.entries(migrations)) {
    number++;
    writeFileSync(
      join(folder, 'migrations', 'tenant', `${String(number).padStart(4, '0')}_${name}.sql`),
      sql,
    );
  }
  const script = readSnapshot(own.tenant);
  if (script !== null) {
    const { tenant } = readMigrations(join(folder, 'migrations'));
    const body = script.slice(snapshotHeader(own.tenant).length);
    writeFileSync(
      join(folder, 'migrations', 'tenant-snapshot.sql'),
      `${snapshotHeader(tenant)}${body}\n${Object.values(migrations).join('\n')}`,
    );
  }
  return { folder, last: number };
}

/** Returns the program of a release. */
export function leopardOf({ folder }: Pick<Release, 'folder'>): string {
  return join(folder, 'bin', 'leopard.js');
}

/** Returns whether a command of this release has an option. */
export function hasOption({ folder }: Release, command: string, option: string): boolean {
  return readFileSync(join(folder, 'dist', 'cli', `${command}.js`), 'utf8').includes(option);
}
