import type { Database } from '../database/database.js';
import { databaseFailure } from '../database/errors.js';
import { readMigrations } from '../database/migration-files.js';
import { sql } from '../database/sql.js';
import { WRITE_PROBE } from '../database/write-probe.js';
import { type CheckTimes, periodicCheck, type ReadyCheck, type UnreadyReason } from './readiness.js';

const READS: CheckTimes = { keptFor: 1_000, failureKeptFor: 500, within: 5_000 };
const WRITES: CheckTimes = { keptFor: 2_000, failureKeptFor: 2_000, within: 5_000 };

const UNDEFINED_TABLE = '42P01';
/** Codes of the server's disk, its memory and its insides; others tell of the connection. */
const OF_THE_SERVER = /^(531|532|58|XX|25006)/;
const UNAVAILABLE: UnreadyReason = {
  code: 'database_unavailable',
  detail: 'the database of the tenants’ catalogue does not answer',
};
const OUTDATED: UnreadyReason = {
  code: 'schema_outdated',
  detail: 'the database lacks shared migrations of this version: run leopard migrate',
};
const CANNOT_WRITE: UnreadyReason = { code: 'writes_failing', detail: 'the database cannot write' };
const FULL: UnreadyReason = { ...CANNOT_WRITE, detail: 'the database has no room left on its disk' };

/**
 * Returns the checks of the database that every request depends on: that the catalogue can be read, that its schema is
 * not older than this version needs, and that the database can write.
 */
export function databaseChecks(
  database: Database,
  times: { writes?: Partial<CheckTimes> | undefined } = {},
): ReadyCheck[] {
  const shared = readMigrations().shared.length;
  return [
    periodicCheck(() => readCatalogue(database, shared), UNAVAILABLE, READS),
    periodicCheck(() => tryToWrite(database), CANNOT_WRITE, { ...WRITES, ...times.writes }),
  ];
}

/** Reads what finding a tenant reads, and counts the applied shared migrations among the first `needed`. */
async function readCatalogue(database: Database, needed: number): Promise<UnreadyReason | null> {
  try {
    const [row] = await database.publicQuery(sql<{ applied: number }>`
      SELECT count(*)::integer AS applied,
        EXISTS (SELECT FROM public.tenants_domain JOIN public.tenants_tenant t ON t.id = tenant_id) AS has_domains
      FROM public.migration_ledger WHERE scope = 'shared' AND number <= ${needed}`);
    return (row?.applied ?? 0) < needed ? OUTDATED : null;
  } catch (error) {
    return (error as { code?: string }).code === UNDEFINED_TABLE ? OUTDATED : UNAVAILABLE;
  }
}

/**
 * Tries to write.
 * @returns null also where the database cannot be reached at all, which the other check reports
 */
async function tryToWrite(database: Database): Promise<UnreadyReason | null> {
  try {
    await database.publicStatements(WRITE_PROBE);
    return null;
  } catch (error) {
    const failure = databaseFailure(error);
    if (failure?.kind === 'unavailable' && failure.full) return FULL;
    const { code = '' } = error as { code?: string };
    return OF_THE_SERVER.test(code) ? CANNOT_WRITE : null;
  }
}
