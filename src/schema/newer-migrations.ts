import { type MigrationFiles, readMigrations } from '../database/migration-files.js';
import type { OwnerClient } from '../database/owner.js';
import { PlainError } from '../platform/plain-error.js';
import { fileName, type ScopedMigration } from './migration-state.js';

/**
 * The name suffix of migrations that older versions of the program cannot work with, such as one that renames a
 * column. Older versions see it in the ledger, which keeps names.
 */
const BREAKING = /_breaking$/;

/** Returns whether a migration's name says that older versions of the program cannot work with it. */
export function isNamedBreaking(name: string): boolean {
  return BREAKING.test(name);
}

/** Thrown when the database has a migration that this version of the program cannot work with. */
class DatabaseTooNewError extends PlainError {
  override readonly name = 'DatabaseTooNewError';

  constructor({ scope, ...migration }: ScopedMigration) {
    super(
      `the database is that of a newer version of the program, which this one cannot work with (${fileName(migration)} of ${scope}); start the newer version`,
    );
  }
}

const UNKNOWN = `
  SELECT DISTINCT ON (scope = 'shared', number) scope, number, name FROM public.migration_ledger
  WHERE number > CASE WHEN scope = 'shared' THEN $1::integer ELSE $2::integer END
  ORDER BY scope = 'shared', number, scope`;
const UNDEFINED_TABLE = '42P01';
const NO_RIGHT = '42501';

/**
 * Finds the migrations that a newer version of the program has applied, each once.
 * @returns their number and the last one; null if there are none
 * @throws DatabaseTooNewError where this version cannot work with one of them
 */
export async function newerMigrations(
  client: OwnerClient,
  files: MigrationFiles = readMigrations(),
): Promise<{ readonly count: number; readonly last: string } | null> {
  const known = [files.shared.length, files.tenant.length];
  const { rows } = await client.query<ScopedMigration>(UNKNOWN, known).catch((error: { code?: string }) => {
    if (error.code !== UNDEFINED_TABLE && error.code !== NO_RIGHT) throw error;
    return { rows: [] }; // an empty database, or one on which the program has no privileges yet
  });
  const breaking = rows.find(({ name }) => isNamedBreaking(name));
  if (breaking) throw new DatabaseTooNewError(breaking);
  const last = rows.at(-1);
  return last ? { count: rows.length, last: fileName(last) } : null;
}
