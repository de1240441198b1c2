import type { Dirent } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatabaseHandle } from '../database/connections.js';
import { checkSchemaName, qualified } from '../database/schema-name.js';
import { relationsIn } from '../database/schema-objects.js';
import { atHome } from '../provisioning/tenant-home.js';

/** The extent of a tenant. */
export interface TenantContents {
  /** Number of users; null where its schema is missing. */
  readonly users: number | null;
  readonly active_users: number | null;
  /** Size of its tables with their indexes, in bytes. */
  readonly bytes: number;
  /** Number of the last tenant migration that is applied. */
  readonly schema_version: number | null;
  /** Time of the last use of a session, in ISO 8601; null where there is none. */
  readonly last_activity: string | null;
  readonly files: number;
  readonly file_bytes: number;
}

/** Counts what a tenant has. @throws PlainError without the owner's settings; the driver's errors */
export async function tenantContents(
  handle: DatabaseHandle,
  mediaDirectory: string,
  schema: string,
): Promise<TenantContents> {
  const counted = await atHome(handle, schema, async (client) => {
    const { rows } = await client.query<{ exists: boolean; bytes: number; version: number | null }>(
      `SELECT to_regclass(format('%I.immigration_user', $1::text)) IS NOT NULL AS exists,
              (SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::float8 FROM pg_catalog.pg_class
               WHERE oid = ${relationsIn('$1')} AND relkind = 'r') AS bytes,
              (SELECT max(number) FROM public.migration_ledger WHERE scope = $1) AS version`,
      [checkSchemaName(schema)],
    );
    const { exists, bytes, version } = rows[0]!;
    const none = { users: null, active_users: null, last_activity: null };
    const people = exists ? (await client.query<typeof none>(peopleOf(schema))).rows[0]! : none;
    return { ...people, bytes, schema_version: version };
  });
  return { ...counted, ...(await filesIn(join(mediaDirectory, schema))) };
}

function peopleOf(schema: string): string {
  return `
    SELECT count(*)::integer AS users, count(*) FILTER (WHERE is_active)::integer AS active_users,
           (SELECT to_char(max(last_used_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
            FROM ${qualified(schema, 'user_session')}) AS last_activity
    FROM ${qualified(schema, 'immigration_user')}`;
}

async function filesIn(folder: string): Promise<{ files: number; file_bytes: number }> {
  let [files, bytes] = [0, 0];
  const count = async (path: string, entry: Dirent) => {
    if (!entry.isFile()) return;
    files++;
    bytes += (await stat(path).catch(() => ({ size: 0 }))).size;
  };
  try {
    for await (const entry of await opendir(folder, { recursive: true }))
      await count(join(entry.parentPath, entry.name), entry);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return { files, file_bytes: bytes };
}

/** Returns the lines that show a tenant's extent. */
export function contentsInWords(contents: TenantContents): string[] {
  const { users, active_users: active, bytes, schema_version: version, last_activity: last } = contents;
  return [
    users === null ? '  its schema is missing' : `  ${users} users, ${active} of them active`,
    `  ${inMegabytes(bytes)} in the database, schema version ${version ?? 'unknown'}`,
    `  ${contents.files} files, ${inMegabytes(contents.file_bytes)}`,
    `  last activity: ${last ?? 'none'}`,
  ];
}

function inMegabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
