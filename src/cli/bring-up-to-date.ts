import type { DatabaseHandle } from '../database/connections.js';
import { readMigrations } from '../database/migration-files.js';
import { migrateAll, pendingCaptures, pendingMigrations } from '../database/migrator.js';
import { withOwner } from '../database/owner.js';
import { shippedCapture } from '../events/capture/capture.js';
import { CliError } from './cli-error.js';
import type { Progress } from './progress.js';

const UNDEFINED_TABLE = '42P01';
const NO_RIGHT = '42501';

/**
 * Applies what the database lacks; without the owner's settings, makes sure that it lacks nothing. Where a newer
 * version of the program captures events, it goes on doing so.
 * @returns what somebody should know, a line each
 * @throws PlainError when it cannot be done, with what to do.
 */
export async function bringUpToDate(handle: DatabaseHandle, progress: Progress): Promise<string[]> {
  if (!handle.owner) return await checkNothingPending(handle);
  const { failures, newerCaptures } = await migrateAll(handle.owner, handle.app.user, {
    keepNewerCapture: true,
    onProgress: ({ done, total }) => progress.count('migrating the database', done, total),
  });
  if (failures.length === 0) return remarks(newerCaptures);
  const [first] = failures;
  throw new CliError(
    `${failures.length} tenants could not be migrated, the first is ${first?.scope}: ${first?.error.message}; put it right and run: leopard migrate`,
  );
}

async function checkNothingPending({ app }: DatabaseHandle): Promise<string[]> {
  const found = await withOwner(app, async (client) => ({
    pending: await pendingMigrations(client, app.user, readMigrations()),
    captures: await pendingCaptures(client, app.user, shippedCapture().checksum),
  })).catch((error: { code?: string }) => {
    if (error.code !== UNDEFINED_TABLE && error.code !== NO_RIGHT) throw error;
    return null; // an empty database, or one that the program has no right on yet
  });
  const newer = found?.captures.filter(({ isNewer }) => isNewer).length ?? 0;
  const captures = (found?.captures.length ?? 0) - newer;
  if (found?.pending.length === 0 && captures === 0) return remarks(newer);
  const many = !found
    ? 'the database is not set up'
    : found.pending.length > 0
      ? `${found.pending.length} migrations are pending`
      : `the capture of events of ${captures} tenants is out of date`;
  throw new CliError(
    `${many}, and the program's own role may not change that; set DB_OWNER_USER and DB_OWNER_PASSWORD (or DATABASE_OWNER_URL), or run leopard migrate with them`,
  );
}

function remarks(newerCaptures: number): string[] {
  if (newerCaptures === 0) return [];
  return [
    `the events of ${newerCaptures} ${newerCaptures === 1 ? 'tenant are' : 'tenants are'} captured as a newer version of the program, or another src/events/config.ts, has said since; to go back to this one's: leopard migrate`,
  ];
}
