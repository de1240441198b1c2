import { type MigrationFiles, type MigrationKind, readMigrations } from '../database/migration-files.js';
import type { OwnerClient } from '../database/owner.js';
import { LIVES_HERE_IF_KNOWN } from '../database/served-tenants.js';
import { PlainError } from '../platform/plain-error.js';

/** The scope of a migration: `shared`, or the schema of a tenant. */
export type MigrationScope = string;

export interface ScopedMigration {
  readonly scope: MigrationScope;
  readonly number: number;
  readonly name: string;
}

export interface AppliedMigration extends ScopedMigration {
  /** ISO 8601, UTC. */
  readonly appliedAt: string;
  /** Whether an operator skipped it there, so that nothing of it was applied. */
  readonly isSkipped: boolean;
}

/** The pending work in a database. */
export interface MigrationState {
  readonly pending: readonly ScopedMigration[];
  /** Files that were changed after they had been applied to these tenants. */
  readonly changed: readonly ScopedMigration[];
  /** Tenants whose rows in `public` belong to an earlier schema of the same name. */
  readonly reborn: readonly MigrationScope[];
  /** Scopes on which the program's role lacks privileges, because it is new. */
  readonly withoutRights: readonly MigrationScope[];
  readonly captures: readonly OutdatedCapture[];
}

/** A tenant whose capture of events is not this program's. */
export interface OutdatedCapture {
  readonly scope: MigrationScope;
  /** Whether it was this program's before, so that whoever replaced it is probably newer. */
  readonly isNewer: boolean;
}

/** Thrown for files that were changed after they had been applied: the tables do not match them. */
export class MigrationChangedError extends PlainError {
  override readonly name = 'MigrationChangedError';

  constructor(changed: readonly ScopedMigration[]) {
    const [first] = changed;
    const others = changed.length > 1 ? ` (and ${changed.length - 1} more like it)` : '';
    super(
      `migration ${fileName(first!)} was changed after it had been applied to ${first!.scope}${others}; restore the file and put the change into a new migration`,
    );
  }
}

const UNDEFINED_TABLE = '42P01';

// One query however many tenants there are: only deviations come back.
const STATE = `
  WITH file AS (
    SELECT * FROM unnest($1::text[], $2::integer[], $3::text[], $4::text[]) AS f (kind, number, name, checksum)
  ), scope AS (
    SELECT 0::bigint AS place, 'shared' AS scope, 'shared' AS kind
    UNION ALL SELECT id, schema_name, 'tenant' FROM public.tenants_tenant t WHERE ${LIVES_HERE_IF_KNOWN}
  ), program AS (
    SELECT to_regrole(quote_ident($5)) AS role
  )
  SELECT 'pending' AS what, place, scope, number, name
  FROM scope JOIN file USING (kind)
  WHERE NOT EXISTS (
    SELECT FROM public.migration_ledger l WHERE l.scope = scope.scope AND l.number = file.number
  )
  UNION ALL
  SELECT 'changed', place, scope, number, file.name
  FROM scope JOIN file USING (kind) JOIN public.migration_ledger l USING (scope, number)
  WHERE l.checksum <> file.checksum
  UNION ALL
  SELECT 'without rights', place, scope, 0, ''
  FROM scope, program
  WHERE CASE kind
    WHEN 'shared' THEN NOT coalesce(has_table_privilege(role, 'public.tenants_tenant', 'SELECT'), false)
    ELSE NOT EXISTS (
      SELECT FROM pg_auth_members m WHERE m.member = role AND m.roleid = to_regrole(quote_ident(scope))
    ) OR NOT coalesce(has_schema_privilege(
      to_regrole(quote_ident(scope))::oid, to_regnamespace(quote_ident(scope))::oid, 'USAGE'), false)
  END
  UNION ALL
  SELECT 'reborn', place, scope, 0, ''
  FROM scope JOIN pg_namespace n ON n.nspname = scope LEFT JOIN public.tenant_incarnation i ON i.schema_name = scope
  WHERE kind = 'tenant' AND i.namespace IS DISTINCT FROM n.oid::bigint
  UNION ALL
  SELECT CASE WHEN $6 = ANY (superseded) THEN 'newer capture' ELSE 'older capture' END, place, scope, 0, ''
  FROM scope LEFT JOIN public.event_capture ON schema_name = scope
  WHERE kind = 'tenant' AND checksum IS DISTINCT FROM $6 AND $6 IS NOT NULL
  ORDER BY place, number`;

/**
 * Compares files and ledger, in one query.
 * @param capture the checksum of the event capture; if not given, any capture is accepted
 * @throws MigrationChangedError if the file of a shared migration has changed since it was applied
 */
export async function migrationState(
  client: OwnerClient,
  appUser: string,
  files: MigrationFiles,
  capture?: string,
): Promise<MigrationState> {
  const all = [...files.shared, ...files.tenant];
  const columns = [
    all.map(({ kind }): MigrationKind => kind),
    all.map(({ number }) => number),
    all.map(({ name }) => name),
    all.map(({ checksum }) => checksum),
  ];
  try {
    const { rows } = await client.query<ScopedMigration & { what: string }>(STATE, [
      ...columns,
      appUser,
      capture ?? null,
    ]);
    const those = (what: string): ScopedMigration[] =>
      rows.filter((row) => row.what === what).map(({ scope, number, name }) => ({ scope, number, name }));
    const changed = those('changed');
    const changedShared = changed.filter(({ scope }) => scope === 'shared');
    if (changedShared.length > 0) throw new MigrationChangedError(changedShared);
    return {
      pending: those('pending'),
      changed,
      reborn: those('reborn').map(({ scope }) => scope),
      withoutRights: those('without rights').map(({ scope }) => scope),
      captures: rows
        .filter(({ what }) => what.endsWith(' capture'))
        .map(({ what, scope }) => ({ scope, isNewer: what === 'newer capture' })),
    };
  } catch (error) {
    if ((error as { code?: string }).code !== UNDEFINED_TABLE) throw error;
    // An empty database, or one whose first start was interrupted.
    return {
      pending: await pendingShared(client, files),
      changed: [],
      reborn: [],
      withoutRights: ['shared'],
      captures: [],
    };
  }
}

/** Returns the migrations that are still to be applied, tenant by tenant. */
export async function pendingMigrations(
  client: OwnerClient,
  appUser: string,
  files: MigrationFiles = readMigrations(),
): Promise<readonly ScopedMigration[]> {
  return (await migrationState(client, appUser, files)).pending;
}

/** Returns the tenants whose capture of events does not have this checksum. */
export async function pendingCaptures(
  client: OwnerClient,
  appUser: string,
  capture: string,
  files: MigrationFiles = readMigrations(),
): Promise<readonly OutdatedCapture[]> {
  return (await migrationState(client, appUser, files, capture)).captures;
}

/** SQL that reads the column from the whole row, since an earlier version's ledger lacks it. */
const IS_SKIPPED = `coalesce((to_jsonb(l) ->> 'is_skipped')::boolean, false)`;

/** Returns the ledger's content, shared migrations first, then tenant by tenant. */
export async function appliedMigrations(client: OwnerClient): Promise<AppliedMigration[]> {
  if (!(await hasLedger(client))) return [];
  const { rows } = await client.query<AppliedMigration>(`
    SELECT scope, number, name, to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS "appliedAt",
           ${IS_SKIPPED} AS "isSkipped"
    FROM public.migration_ledger l
    ORDER BY scope <> 'shared', scope, number`);
  return rows;
}

/** Returns the ledger's migrations of one scope: number → checksum. */
export async function ledgerOf(client: OwnerClient, scope: MigrationScope): Promise<Map<number, string>> {
  if (!(await hasLedger(client))) return new Map();
  const { rows } = await client.query<{ number: number; checksum: string }>(
    'SELECT number, checksum FROM public.migration_ledger WHERE scope = $1',
    [scope],
  );
  return new Map(rows.map(({ number, checksum }) => [number, checksum]));
}

/** Returns the file's name without extension, such as `0003_clients`. */
export function fileName({ number, name }: { number: number; name: string }): string {
  return `${String(number).padStart(4, '0')}_${name}`;
}

async function pendingShared(client: OwnerClient, files: MigrationFiles): Promise<ScopedMigration[]> {
  const applied = await ledgerOf(client, 'shared');
  return files.shared
    .filter(({ number }) => !applied.has(number))
    .map(({ number, name }) => ({ scope: 'shared', number, name }));
}

// Not to_regclass: within a transaction it may still answer null after another has created the table.
async function hasLedger(client: OwnerClient): Promise<boolean> {
  const { rowCount } = await client.query(
    "SELECT FROM pg_class WHERE relname = 'migration_ledger' AND relnamespace = 'public'::regnamespace",
  );
  return rowCount === 1;
}
