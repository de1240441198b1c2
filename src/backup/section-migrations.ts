import type { Migration } from '../database/migration-files.js';
import { PlainError } from '../platform/plain-error.js';
import { fileName } from '../schema/migration-state.js';
import type { BackupHeader, SectionBegin } from './format.js';

/** Thrown when this version of the program cannot make the tables that a backup was made from. */
class OtherVersionError extends PlainError {
  override readonly name = 'OtherVersionError';
}

/**
 * Returns the migrations that the tables of a section had, without those that were skipped there.
 * @param files this version's migrations of that kind
 * @throws OtherVersionError when one of them is unknown here, or has another text
 */
export function migrationsOf(
  { program }: BackupHeader,
  { scope, migrations }: SectionBegin,
  files: readonly Migration[],
): Migration[] {
  const applied: Migration[] = [];
  for (const [index, migration] of migrations.entries()) {
    const file = files[migration.number - 1];
    const what = `migration ${fileName(migration)} of ${scope}`;
    const wayOut = `restore it with version ${program} of the program, then upgrade`;
    if (migration.number !== index + 1)
      throw new OtherVersionError(`${scope} was backed up without its migration ${index + 1}; ${wayOut}`);
    if (!file) throw new OtherVersionError(`the backup is of a newer version, which has ${what}; ${wayOut}`);
    if (migration.isSkipped) continue;
    if (file.checksum !== migration.checksum)
      throw new OtherVersionError(`${what} is another one in this version of the program; ${wayOut}`);
    applied.push(file);
  }
  return applied;
}
