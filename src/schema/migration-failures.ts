import type { OwnerClient } from '../database/owner.js';
import type { SchemaFailure } from './in-parallel.js';

/** A tenant that could not be migrated when that was last tried. */
export interface NotedFailure {
  readonly schema: string;
  readonly message: string;
  /** ISO 8601, UTC. */
  readonly failedAt: string;
}

const LONGEST_MESSAGE = 2_000;
const UNDEFINED_TABLE = '42P01';

/** Records that a tenant could not be migrated. A failure to do so changes nothing: the run reports it anyway. */
export async function noteFailure(client: OwnerClient, { scope, error }: SchemaFailure): Promise<void> {
  await client
    .query(
      `INSERT INTO public.migration_failure (schema_name, message)
       SELECT schema_name, $2 FROM public.tenants_tenant WHERE schema_name = $1
       ON CONFLICT (schema_name) DO UPDATE SET message = excluded.message, failed_at = now()`,
      [scope, error.message.slice(0, LONGEST_MESSAGE)],
    )
    .catch(() => undefined);
}

/** Removes the record of a tenant's failure, since it was migrated. */
export async function forgetFailure(client: OwnerClient, schema: string): Promise<void> {
  await client
    .query('DELETE FROM public.migration_failure WHERE schema_name = $1', [schema])
    .catch(tolerateOldDatabase);
}

/** Records these failures, and removes the records of all others, after a run over all tenants. */
export async function keepFailures(client: OwnerClient, failures: readonly SchemaFailure[]): Promise<void> {
  for (const failure of failures) await noteFailure(client, failure);
  await client
    .query('DELETE FROM public.migration_failure WHERE schema_name <> ALL ($1)', [
      failures.map(({ scope }) => scope),
    ])
    .catch(tolerateOldDatabase);
}

/** Returns the tenants that could not be migrated when that was last tried, by name. */
export async function notedFailures(client: OwnerClient): Promise<NotedFailure[]> {
  const found = await client
    .query<NotedFailure>(
      `SELECT schema_name AS schema, message,
         to_char(failed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS "failedAt"
       FROM public.migration_failure ORDER BY schema_name`,
    )
    .catch(tolerateOldDatabase);
  return found?.rows ?? [];
}

/** Ignores that the table is missing: schema `public` is not up to date. */
function tolerateOldDatabase(error: { code?: string }): undefined {
  if (error.code !== UNDEFINED_TABLE) throw error;
}

/** Failures of the same kind. */
export interface FailureGroup {
  /** The message of the first of them. */
  readonly message: string;
  readonly scopes: readonly string[];
}

/** Groups failures whose messages differ only in the name of the tenant and in numbers, the most frequent first. */
export function groupFailures(failures: readonly SchemaFailure[]): FailureGroup[] {
  const groups = new Map<string, { message: string; scopes: string[] }>();
  for (const { scope, error } of failures.toSorted((a, b) => (a.scope < b.scope ? -1 : 1))) {
    const kind = kindOf(error.message, scope);
    const group = groups.get(kind);
    if (group) group.scopes.push(scope);
    else groups.set(kind, { message: error.message, scopes: [scope] });
  }
  return [...groups.values()].toSorted((a, b) => b.scopes.length - a.scopes.length);
}

// Numbers of processes and of lines differ from tenant to tenant; those of migrations are parts of words.
const kindOf = (message: string, scope: string) => message.replaceAll(scope, '').replace(/\b\d+\b/g, '');
