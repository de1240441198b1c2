import type { MigrationFiles } from '../../database/migration-files.js';
import type { OwnerClient } from '../../database/owner.js';
import { isNamedBreaking } from '../newer-migrations.js';
import { tryMigrations } from './trial.js';

/** Numbers of the last migrations, by kind. */
interface LastNumbers {
  readonly shared: number;
  readonly tenant: number;
}

/** The last migrations from before the rule that migrations only add. */
export const BEFORE_THE_RULE: LastNumbers = { shared: 18, tenant: 55 };

/**
 * Finds migrations that do more than add, although their name does not end in `_breaking`, by carrying them out on
 * copies.
 * @param after the numbers after which the rule holds
 * @returns one line for each change, beginning with the file's name without extension
 */
export async function findBreakingMigrations(
  client: OwnerClient,
  files: MigrationFiles,
  after: LastNumbers = BEFORE_THE_RULE,
): Promise<string[]> {
  const all = [...files.shared, ...files.tenant];
  const pending = all.filter(({ kind, number }) => number > after[kind]);
  if (pending.length === 0) return [];
  const applied = all.filter((migration) => !pending.includes(migration));
  const steps = await tryMigrations(client, { applied, pending, capture: null });
  return steps
    .filter(({ name }) => !isNamedBreaking(name))
    .flatMap(({ name, breaking }) => breaking.map(({ object, what }) => `${name}: ${object} ${what}`));
}
