import { type OwnerClient, withOwner } from '../database/owner.js';
import { TenantNotFoundError } from '../tenancy/new-tenant.js';
import { type HomeSurroundings, homeOf } from './tenant-home.js';

/**
 * Shuts a tenant out, as deleted: requests are answered as for one that is switched off, and its work waits. One that is
 * deleted already stays as it is, except for the time of its removal.
 * @param days the time for which it can be brought back; 0 for no end, null for none
 * @returns whether it was not deleted before
 * @throws TenantNotFoundError
 */
export async function markDeleted(
  client: OwnerClient,
  schema: string,
  days: number | null,
): Promise<boolean> {
  const { rowCount } = await client.query(
    'SELECT FROM public.tenants_tenant WHERE schema_name = $1 FOR UPDATE',
    [schema],
  );
  if (rowCount === 0) throw new TenantNotFoundError(schema);
  const { rows } = await client.query<{ isNew: boolean }>(
    `INSERT INTO public.tenant_deletion AS known (schema_name, purge_at, was_active)
     SELECT schema_name, CASE WHEN $2::integer IS NULL THEN now() WHEN $2 > 0 THEN now() + make_interval(days => $2) END, is_active
     FROM public.tenants_tenant WHERE schema_name = $1
     ON CONFLICT (schema_name) DO UPDATE SET purge_at = excluded.purge_at
     RETURNING xmax = 0 AS "isNew"`,
    [schema, days],
  );
  await setActive(client, schema, false);
  return rows[0]!.isNew;
}

/** Lets a deleted tenant in again. @returns whether it was deleted */
export async function unmarkDeleted(client: OwnerClient, schema: string): Promise<boolean> {
  const { rows } = await client.query<{ wasActive: boolean }>(
    `DELETE FROM public.tenant_deletion WHERE schema_name = $1 RETURNING was_active AS "wasActive"`,
    [schema],
  );
  if (!rows[0]) return false;
  await setActive(client, schema, rows[0].wasActive);
  return true;
}

/** Gives the row in a tenant's cell the same switch as that in the catalogue has; nothing where the tenant lives there. */
export async function tellCell({ handle, owner }: HomeSurroundings, schema: string): Promise<void> {
  const home = await homeOf(handle, schema);
  if (!home.isElsewhere) return;
  const { rows } = await withOwner(owner, (client) =>
    client.query<{ isActive: boolean }>(
      'SELECT is_active AS "isActive" FROM public.tenants_tenant WHERE schema_name = $1',
      [schema],
    ),
  );
  if (rows[0]) await withOwner(home.owner, (client) => setActive(client, schema, rows[0]!.isActive));
}

async function setActive(client: OwnerClient, schema: string, isActive: boolean): Promise<void> {
  await client.query(
    'UPDATE public.tenants_tenant SET is_active = $2, updated_at = now() WHERE schema_name = $1 AND is_active <> $2',
    [schema, isActive],
  );
}
