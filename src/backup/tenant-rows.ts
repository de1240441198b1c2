import { readStoredJson } from '../database/json.js';
import type { OwnerClient } from '../database/owner.js';
import { qualified, quoteIdentifier } from '../database/schema-name.js';
import { PlainError } from '../platform/plain-error.js';
import { TenantExistsError } from '../tenancy/new-tenant.js';
import { shortName } from '../tenancy/tenant-name.js';
import type { BackedUpTenant } from './format.js';

/** The name under which a tenant is restored. */
export interface RestoredTenant {
  readonly schema: string;
  /** Domains in place of those that were backed up, the primary one first; null for the same. */
  readonly domains: readonly string[] | null;
  /** The name of the agency; null for the same. */
  readonly name: string | null;
  /**
   * Whether log-ins from before the restore stay valid. Only where nothing happened since the backup: otherwise they
   * may be those of users who have ended them, or whose id is now another's.
   */
  readonly keepsLogins: boolean;
  /** Whether it is switched off, so that nobody is answered and nothing is done for it. */
  readonly isOff?: boolean;
  /** The id of its row, where the catalogue is another database; the next one when not given. */
  readonly id?: string | null;
}

/** Thrown when the tenant to restore exists. */
export class TenantPresentError extends PlainError {
  override readonly name = 'TenantPresentError';

  constructor(schema: string) {
    super(
      `there is a tenant ${shortName(schema)}, which a restore does not overwrite; restore it under another name (--as), or delete that one first: leopard tenants delete --tenant ${shortName(schema)}`,
    );
  }
}

/** Thrown when a tenant would be restored to the domains of another one, whose schema is lost. */
class OtherTenantsRowError extends PlainError {
  override readonly name = 'OtherTenantsRowError';

  constructor(schema: string) {
    super(
      `there is a tenant ${shortName(schema)}, whose schema is missing; restore its own backup, or delete it first: leopard tenants delete --tenant ${shortName(schema)}`,
    );
  }
}

/**
 * Adds a tenant's row, domains and pauses. One that was deleted when it was backed up is as it was before its deletion,
 * unless that is restored with it. Where its row is there and only its schema is lost, they stay as they are.
 * @throws TenantPresentError, OtherTenantsRowError, TenantExistsError when its name or a domain is another tenant's
 */
export async function addTenantRows(
  client: OwnerClient,
  { row, domains, pauses, name, wasActive }: BackedUpTenant,
  restored: RestoredTenant,
): Promise<void> {
  if (await isPresent(client, restored.schema)) throw new TenantPresentError(restored.schema);
  const { rowCount: lost } = await client.query(
    `UPDATE public.tenants_tenant SET created_at = CASE WHEN $2 THEN created_at ELSE now() END
     WHERE schema_name = $1`,
    [restored.schema, restored.keepsLogins],
  );
  await client.query('DELETE FROM public.migration_ledger WHERE scope = $1', [restored.schema]);
  if (lost && restored.domains !== null) throw new OtherTenantsRowError(restored.schema);
  if (lost) return;
  const wanted = restored.domains?.map((domain, index) =>
    JSON.stringify({ domain, is_primary: index === 0 }),
  ) ?? [...domains];
  await checkFree(client, restored.name ?? name, wanted);
  const id = await insertJson(client, 'tenants_tenant', row, {
    schema_name: restored.schema,
    ...(restored.name !== null && { name: restored.name }),
    ...(!restored.keepsLogins && { created_at: 'now' }),
    ...(wasActive && !(await isDeleted(client, restored.schema)) && { is_active: 'true' }),
    ...(restored.isOff && { is_active: 'false' }),
    ...(restored.id && { id: restored.id }),
  });
  for (const domain of wanted) await insertJson(client, 'tenants_domain', domain, { tenant_id: id });
  for (const pause of pauses)
    await insertJson(client, 'event_pause', pause, { schema_name: restored.schema });
}

async function isDeleted(client: OwnerClient, schema: string): Promise<boolean> {
  const { rowCount } = await client.query('SELECT FROM public.tenant_deletion WHERE schema_name = $1', [
    schema,
  ]);
  return rowCount === 1;
}

/** Returns whether there is such a tenant, with its schema. */
export async function isPresent(client: OwnerClient, schema: string): Promise<boolean> {
  const { rowCount } = await client.query(
    `SELECT FROM public.tenants_tenant
     WHERE schema_name = $1 AND to_regnamespace(quote_ident(schema_name)) IS NOT NULL`,
    [schema],
  );
  return rowCount === 1;
}

async function checkFree(client: OwnerClient, name: string, domains: readonly string[]): Promise<void> {
  const names = await client.query('SELECT FROM public.tenants_tenant WHERE name = $1', [name]);
  if (names.rowCount) throw new TenantExistsError('name', name);
  const taken = await client.query<{ domain: string }>(
    'SELECT domain FROM public.tenants_domain WHERE domain = ANY ($1) LIMIT 1',
    [domains.map((text) => (readStoredJson(text) as { domain: string }).domain)],
  );
  if (taken.rows[0]) throw new TenantExistsError('domain', taken.rows[0].domain);
}

/** Inserts a row given as JSON, with some values replaced. @returns its id */
async function insertJson(
  client: OwnerClient,
  table: string,
  row: string,
  replaced: Readonly<Record<string, string>>,
): Promise<string> {
  const columns = Object.keys({ ...(readStoredJson(row) as object), ...replaced })
    .map(quoteIdentifier)
    .join(', ');
  const name = qualified('public', table);
  const text = [
    `INSERT INTO ${name} (${columns})`,
    `SELECT ${columns} FROM jsonb_populate_record(NULL::${name}, $1::jsonb || $2::jsonb) RETURNING id`,
  ].join('\n');
  const { rows } = await client.query<{ id: string }>(text, [row, JSON.stringify(replaced)]);
  return rows[0]!.id;
}
