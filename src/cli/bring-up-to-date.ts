import type { DatabaseHandle } from '../database/connections.js';
import { readMigrations } from '../database/migration-files.js';
import { type OwnerClient, withOwner } from '../database/owner.js';
import { LIVES_HERE_IF_KNOWN } from '../database/served-tenants.js';
import { shippedCapture } from '../events/capture/capture.js';
import {
  fileName,
  type MigrationScope,
  type MigrationState,
  migrationState,
} from '../schema/migration-state.js';
import { migrateAll } from '../schema/migrator.js';
import { newerMigrations } from '../schema/newer-migrations.js';
import { CliError } from './cli-error.js';
import type { Progress } from './progress.js';

const UNDEFINED_TABLE = '42P01';
const NO_RIGHT = '42501';
/** Maximum number of tenants listed in lines of their own; doctor names the rest. */
const NAMED = 10;

/**
 * Applies pending migrations or, without the owner's settings, checks for them. Tenants that could not be migrated
 * answer 503 until that is fixed; the others are served. Event capture of a newer version of the program is kept.
 * @returns remarks for the operator, one line each
 * @throws PlainError with what to do when `public` is not up to date, or no tenant is, or when the database is too new
 */
export async function bringUpToDate(handle: DatabaseHandle, progress: Progress): Promise<string[]> {
  const newer = await withOwner(handle.owner ?? handle.app, (client) => newerMigrations(client));
  const remarks = await applyPending(handle, progress);
  return newer ? [newerDatabase(newer.count, newer.last), ...remarks] : remarks;
}

function newerDatabase(count: number, last: string): string {
  return `the database is that of a newer version of the program: ${count} of its migrations are unknown to this one, the last is ${last}; it goes on, since they only add`;
}

async function applyPending(handle: DatabaseHandle, progress: Progress): Promise<string[]> {
  if (!handle.owner) return await lookWhatIsPending(handle);
  const { failures, newerCaptures } = await migrateAll(handle.owner, handle.app.user, {
    keepNewerCapture: true,
    onBegin: (total) => progress.count('migrating the database', 0, total),
    onProgress: ({ done, total }) => progress.count('migrating the database', done, total),
  });
  const [first] = failures;
  // Processes of an earlier version may still be serving them all, and go on when this one does not start.
  if (first && failures.length >= (await withOwner(handle.owner, countTenants))) {
    throw new CliError(
      `no tenant could be migrated, the first is ${first.scope}: ${first.error.message}; fix that and run: leopard migrate`,
    );
  }
  const left = failures.map(({ scope, error }) => leftBehind(scope, error.message));
  return [...few(left), ...newerCapture(newerCaptures)];
}

async function lookWhatIsPending({ app }: DatabaseHandle): Promise<string[]> {
  const found = await withOwner(app, async (client) => {
    const state = await migrationState(client, app.user, readMigrations(), shippedCapture().checksum);
    return { ...state, tenants: await countTenants(client) };
  }).catch((error: { code?: string }) => {
    if (error.code !== UNDEFINED_TABLE && error.code !== NO_RIGHT) throw error;
    return null; // an empty database, or one on which the program has no privileges yet
  });
  if (!found) throw cannotChange('the database is not set up');
  const { pending, captures, tenants } = found;
  const behind = new Set(pending.map(({ scope }) => scope));
  const outdated = captures.filter(({ isNewer }) => !isNewer);
  if (behind.has('shared') || (tenants > 0 && behind.size === tenants))
    throw cannotChange(`${pending.length} migrations are pending`);
  if (tenants > 0 && outdated.length === tenants)
    throw cannotChange(`the capture of events of ${outdated.length} tenants is out of date`);
  return [
    ...few(
      [...behind].map((scope) => leftBehind(scope, `its migration ${firstOf(found, scope)} is pending`)),
    ),
    ...few(
      outdated
        .filter(({ scope }) => !behind.has(scope))
        .map(({ scope }) => `the capture of events of ${scope} is out of date; run: leopard migrate`),
    ),
    ...newerCapture(captures.length - outdated.length),
  ];
}

async function countTenants(client: OwnerClient): Promise<number> {
  const { rows } = await client.query(
    `SELECT count(*)::integer AS tenants FROM public.tenants_tenant t WHERE ${LIVES_HERE_IF_KNOWN}`,
  );
  return Number(rows[0].tenants);
}

function cannotChange(what: string): CliError {
  return new CliError(
    `${what}, and the program's own role may not change that; set DB_OWNER_USER and DB_OWNER_PASSWORD (or DATABASE_OWNER_URL), or run leopard migrate with them`,
  );
}

function firstOf({ pending }: MigrationState, scope: MigrationScope): string {
  const first = pending.find((migration) => migration.scope === scope);
  return first ? fileName(first) : '';
}

function leftBehind(scope: MigrationScope, why: string): string {
  return `${scope} is not up to date and may be answered 503; the others are served: ${why}`;
}

function few(lines: readonly string[]): string[] {
  const more = lines.length - NAMED;
  return more > 0 ? [...lines.slice(0, NAMED), `and ${more} more tenants; see: leopard doctor`] : [...lines];
}

function newerCapture(tenants: number): string[] {
  if (tenants === 0) return [];
  return [
    `the events of ${tenants} ${tenants === 1 ? 'tenant are' : 'tenants are'} captured as a newer version of the program, or another src/events/config.ts, has said since; to go back to this one's: leopard migrate`,
  ];
}
