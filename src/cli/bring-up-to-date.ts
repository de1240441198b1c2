import type { DatabaseHandle } from '../database/connections.js';
import { readMigrations } from '../database/migration-files.js';
import { migrateAll, pendingMigrations } from '../database/migrator.js';
import { withOwner } from '../database/owner.js';
import { CliError } from './cli-error.js';
import type { Progress } from './progress.js';

const UNDEFINED_TABLE = '42P01';
const NO_RIGHT = '42501';

/**
 * Applies what the database lacks; without the owner's settings, makes sure that it lacks nothing.
 * @throws PlainError when it cannot be done, with what to do.
 */
export async function bringUpToDate(handle: DatabaseHandle, progress: Progress): Promise<void> {
  if (!handle.owner) return checkNothingPending(handle);
  const { failures } = await migrateAll(handle.owner, handle.app.user, {
    onProgress: ({ done, total }) => progress.count('migrating the database', done, total),
  });
  if (failures.length === 0) return;
  const [first] = failures;
  throw new CliError(
    `${failures.length} tenants could not be migrated, the first is ${first?.scope}: ${first?.error.message}; put it right and run: leopard migrate`,
  );
}

async function checkNothingPending({ app }: DatabaseHandle): Promise<void> {
  const pending = await withOwner(app, (client) =>
    pendingMigrations(client, app.user, readMigrations()),
  ).catch((error: { code?: string }) => {
    if (error.code !== UNDEFINED_TABLE && error.code !== NO_RIGHT) throw error;
    return null; // an empty database, or one that the program has no right on yet
  });
  if (pending?.length === 0) return;
  const many = pending ? `${pending.length} migrations are pending` : 'the database is not set up';
  throw new CliError(
    `${many}, and the program's own role may not apply them; set DB_OWNER_USER and DB_OWNER_PASSWORD (or DATABASE_OWNER_URL), or run leopard migrate with them`,
  );
}
