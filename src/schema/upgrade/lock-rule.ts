import { BLOCKS } from './table-effects.js';
import type { TrialStep } from './trial.js';

/**
 * The tables that have few rows at every agency, so that nobody notices how long work on all of them takes. All others
 * count as large, also those that a later version adds.
 */
const SMALL_TABLES = new Set([
  'auth_group',
  'auth_group_permissions',
  'auth_permission',
  'auth_user',
  'auth_user_groups',
  'auth_user_user_permissions',
  'django_content_type',
  'event_capture',
  'immigration_branch',
  'immigration_event_processing_control',
  'immigration_region',
  'log_retention',
  'migration_failure',
  'migration_ledger',
  'tenant_incarnation',
  'tenant_operation',
  'tenants_domain',
  'tenants_tenant',
]);

const DECLARATION = /^-- locks: ([^\n:]+): \S/gm;

/** The work that a migration does on a table while others wait for its lock, in words. */
const WORK = {
  rewrite: 'written anew',
  index: 'indexed',
  scan: 'read through or changed',
} as const;

/**
 * Finds large tables that a migration locks against readers or writers while it works through their rows. Those that
 * its text declares, in lines such as `-- locks: immigration_client: 40 ms at 100,000 rows`, are left out.
 * @returns one line each, without the migration's name
 */
export function longLocks({ tables }: Pick<TrialStep, 'tables'>, sql: string): string[] {
  const declared = new Set([...sql.matchAll(DECLARATION)].map(([, table]) => table));
  return tables.flatMap(({ table, lock, work }) => {
    if (lock === null || work === null || SMALL_TABLES.has(table) || declared.has(table)) return [];
    const waiting = BLOCKS[lock];
    return waiting === 'schema changes'
      ? []
      : [`${waiting} of ${table} wait while all its rows are ${WORK[work]}`];
  });
}
