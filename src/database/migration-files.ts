import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../platform/package-root.js';
import { repeatableStatements } from './repeatable-statements.js';

/** `shared` migrations change schema `public`, `tenant` ones each tenant's schema. */
export type MigrationKind = 'shared' | 'tenant';

/** One numbered SQL file. */
export interface Migration {
  readonly kind: MigrationKind;
  readonly number: number;
  /** File name without number and extension, such as `client_search`. */
  readonly name: string;
  /** SQL for a transaction; of one that runs without, a form for tables that nobody else uses. */
  readonly sql: string;
  /** SHA-256 of the file's text, in hexadecimal. */
  readonly checksum: string;
  /** The statements of a migration that runs without a transaction, where the tables are in use. */
  readonly withoutTransaction?: readonly string[];
}

/** All migrations, each kind in the order of its numbers. */
export interface MigrationFiles {
  readonly shared: readonly Migration[];
  readonly tenant: readonly Migration[];
}

export const MIGRATIONS_DIRECTORY = join(PACKAGE_ROOT, 'migrations');

const FILE_NAME = /^(\d{4})_([a-z0-9_]+)\.sql$/;

/**
 * Reads `shared/` and `tenant/` of this folder.
 * @throws Error when a file is not named like `0001_some_name.sql`, or the numbers are not 1, 2, 3 …
 */
export function readMigrations(directory: string = MIGRATIONS_DIRECTORY): MigrationFiles {
  return { shared: readKind(directory, 'shared'), tenant: readKind(directory, 'tenant') };
}

let tenantMigrations: number | undefined;

/**
 * Returns the number of tenant migrations, which is also the last one's number. Read once, since the files do not
 * change.
 */
export function tenantMigrationCount(): number {
  tenantMigrations ??= readdirSync(join(MIGRATIONS_DIRECTORY, 'tenant')).filter((file) =>
    FILE_NAME.test(file),
  ).length;
  return tenantMigrations;
}

function readKind(directory: string, kind: MigrationKind): Migration[] {
  const folder = join(directory, kind);
  return readdirSync(folder)
    .sort()
    .map((file, index) => {
      const [, number, name] = FILE_NAME.exec(file) ?? [];
      if (!number || !name) throw new Error(`${join(folder, file)}: migrations are named 0001_some_name.sql`);
      if (Number(number) !== index + 1) {
        throw new Error(`${join(folder, file)}: migration ${index + 1} is missing or there twice`);
      }
      const sql = readText(join(folder, file));
      return { kind, number: Number(number), name, ...contentOf(sql, join(folder, file)) };
    });
}

const WITHOUT_TRANSACTION = /^-- transaction: none$/m;

/**
 * Returns the parts of a migration that come from its file's text.
 * @param path of the file, for messages
 * @throws Error when a migration without a transaction has a statement that cannot be repeated
 */
export function contentOf(
  text: string,
  path: string,
): Pick<Migration, 'sql' | 'checksum' | 'withoutTransaction'> {
  const checksum = sha256(text);
  if (!WITHOUT_TRANSACTION.test(text)) return { sql: text, checksum };
  return {
    sql: text.replace(/\bCONCURRENTLY\b/g, ''),
    checksum,
    withoutTransaction: repeatableStatements(text, path),
  };
}

/** Returns a checksum of these migrations, which changes when any of them changes or one is added. */
export function checksumOf(migrations: readonly Migration[]): string {
  return sha256(migrations.map(({ number, name, checksum }) => `${number} ${name} ${checksum}\n`).join(''));
}

/** Reads a text file with the line ends of the repository, also where a check-out has changed them. */
export function readText(path: string): string {
  return readFileSync(path, 'utf8').replaceAll('\r\n', '\n');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
