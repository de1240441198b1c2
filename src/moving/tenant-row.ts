import type { OwnerClient } from '../database/owner.js';
import { checkSchemaName, quotedList, quoteIdentifier, quoteLiteral } from '../database/schema-name.js';
import { TenantNotFoundError } from '../tenancy/new-tenant.js';

/** A tenant's row, as JSON of PostgreSQL. */
export type TenantRowText = string;

/** Returns a tenant's row in a database; null where it has none. */
export async function readTenantRow(client: OwnerClient, schema: string): Promise<TenantRowText | null> {
  const { rows } = await client.query<{ row: string }>(
    'SELECT to_jsonb(t)::text AS row FROM public.tenants_tenant t WHERE schema_name = $1',
    [schema],
  );
  return rows[0]?.row ?? null;
}

/**
 * Writes the row of a tenant into the cell that it moves to: as in the catalogue, with the settings that it has where it
 * lived so far. Requests find it there as soon as the catalogue says so; its background work waits until it is told to begin.
 */
export async function putTenantRow(
  client: OwnerClient,
  catalogue: TenantRowText,
  former: TenantRowText,
): Promise<void> {
  const columns = Object.keys(JSON.parse(catalogue) as object);
  await client.query(
    `INSERT INTO public.tenants_tenant (${quotedList(columns)})
     SELECT ${quotedList(columns)} FROM jsonb_populate_record(
       NULL::public.tenants_tenant,
       $1::jsonb || jsonb_build_object('settings', $2::jsonb -> 'settings', 'cell', NULL, 'work_held_until', 'infinity'))
     ON CONFLICT (schema_name) DO UPDATE SET (${quotedList(columns)}) = ROW (${quotedList(columns, 'excluded')})`,
    [catalogue, former],
  );
}

/** Says in the catalogue where a tenant lives, and takes its settings over. @throws TenantNotFoundError */
export async function setCell(
  client: OwnerClient,
  schema: string,
  cell: string | null,
  former: TenantRowText,
): Promise<void> {
  const { rowCount } = await client.query(
    `UPDATE public.tenants_tenant SET cell = $2, settings = $3::jsonb -> 'settings', work_held_until = NULL
     WHERE schema_name = $1`,
    [schema, cell, former],
  );
  if (rowCount === 0) throw new TenantNotFoundError(schema);
}

/** Says in a cell's own row whether a tenant lives there. */
export async function setLivesHere(client: OwnerClient, schema: string, cell: string | null): Promise<void> {
  await client.query(
    'UPDATE public.tenants_tenant SET cell = $2, work_held_until = NULL WHERE schema_name = $1',
    [schema, cell],
  );
}

/** Holds background work on a tenant for this time, in seconds, unless it is told otherwise earlier; 0 ends that. */
export async function holdWork(client: OwnerClient, schema: string, seconds: number): Promise<void> {
  await client.query(
    `UPDATE public.tenants_tenant
     SET work_held_until = CASE WHEN $2 > 0 THEN clock_timestamp() + make_interval(secs => $2) END WHERE schema_name = $1`,
    [schema, seconds],
  );
}

/**
 * Closes a schema to its tenant's role for this time, in seconds: whatever a program knows, each of its transactions that asks
 * for a table from then on fails. Unless it is prolonged, `public.end_tenant_holds` opens it again.
 */
export async function closeSchema(client: OwnerClient, schema: string, seconds: number): Promise<void> {
  const name = quoteIdentifier(checkSchemaName(schema));
  await holdWork(client, schema, seconds);
  await client.query(`REVOKE USAGE ON SCHEMA ${name} FROM ${name}`);
}

/**
 * Checks that a schema is closed, and prolongs that. @returns false when it was opened again, or is about to be
 */
export async function prolongClosing(client: OwnerClient, schema: string, seconds: number): Promise<boolean> {
  const { rowCount } = await client.query(
    `UPDATE public.tenants_tenant t SET work_held_until = clock_timestamp() + make_interval(secs => $2)
     WHERE schema_name = $1 AND work_held_until > clock_timestamp()
       AND NOT has_schema_privilege(schema_name, schema_name, 'USAGE')`,
    [schema, seconds],
  );
  return rowCount === 1;
}

/** Writes what people, and later moves, read of a schema. */
export async function remarkOn(client: OwnerClient, schema: string, remark: string | null): Promise<void> {
  const text = remark === null ? 'NULL' : quoteLiteral(remark);
  await client.query(`COMMENT ON SCHEMA ${quoteIdentifier(checkSchemaName(schema))} IS ${text}`);
}

/** Opens a schema to its tenant's role. */
export async function openSchema(client: OwnerClient, schema: string): Promise<void> {
  const name = quoteIdentifier(checkSchemaName(schema));
  await client.query(`GRANT USAGE ON SCHEMA ${name} TO ${name}`);
  await remarkOn(client, schema, null);
}
