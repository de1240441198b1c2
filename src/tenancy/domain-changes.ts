import type { ConnectionSettings } from '../config/config.js';
import { inTransaction, type OwnerClient, withOwner } from '../database/owner.js';
import { PlainError } from '../platform/plain-error.js';
import { storedDomain } from './domain.js';
import { InvalidTenantError, TenantExistsError, TenantNotFoundError } from './tenant-errors.js';
import { shortName } from './tenant-name.js';

/** A change of one tenant's domains, of which running programs are notified. */
interface DomainChange {
  readonly client: OwnerClient;
  readonly tenantId: string;
  readonly domain: string;
}

/**
 * Adds a domain to a tenant; its first one is the primary.
 * @returns the domain as it is stored
 * @throws InvalidTenantError, TenantNotFoundError; TenantExistsError when a tenant has it already
 */
export async function addDomain(owner: ConnectionSettings, schema: string, text: string): Promise<string> {
  return await change(owner, schema, text, async ({ client, tenantId, domain }) => {
    const { rowCount } = await client.query(
      `INSERT INTO public.tenants_domain (domain, tenant_id, is_primary)
       SELECT $1::text, $2::bigint, NOT EXISTS (SELECT FROM public.tenants_domain WHERE tenant_id = $2::bigint AND is_primary)
         AND NOT starts_with($1::text, '*')
       ON CONFLICT (domain) DO NOTHING`,
      [domain, tenantId],
    );
    if (rowCount === 0) throw new TenantExistsError('domain', domain);
  });
}

/**
 * Removes a domain of a tenant.
 * @returns the domain as it was stored
 * @throws PlainError when it has no such domain, or it is the primary and others are left
 */
export async function removeDomain(owner: ConnectionSettings, schema: string, text: string): Promise<string> {
  return await change(owner, schema, text, async (changed) => {
    const { client, tenantId, domain } = changed;
    const { rows } = await client.query<{ isPrimary: boolean; others: number }>(
      `SELECT is_primary AS "isPrimary",
              (SELECT count(*)::integer - 1 FROM public.tenants_domain WHERE tenant_id = $2) AS others
       FROM public.tenants_domain WHERE domain = $1 AND tenant_id = $2`,
      [domain, tenantId],
    );
    if (!rows[0]) throw noSuchDomain(schema, domain);
    if (rows[0].isPrimary && rows[0].others > 0) {
      throw new PlainError(
        `${domain} is the primary domain of ${schema}; make another one primary first: leopard tenants domains primary DOMAIN --tenant ${shortName(schema)}`,
      );
    }
    await client.query('DELETE FROM public.tenants_domain WHERE domain = $1 AND tenant_id = $2', [
      domain,
      tenantId,
    ]);
  });
}

/**
 * Makes one of a tenant's domains its primary one.
 * @returns the domain as it is stored
 * @throws PlainError when it has no such domain; InvalidTenantError for a wildcard, which is no address
 */
export async function makePrimary(owner: ConnectionSettings, schema: string, text: string): Promise<string> {
  return await change(owner, schema, text, async ({ client, tenantId, domain }) => {
    if (domain.startsWith('*')) {
      throw new InvalidTenantError(`"${domain}" stands for many hosts, so it cannot be the primary domain`);
    }
    const { rows } = await client.query(
      `UPDATE public.tenants_domain SET is_primary = (domain = $1)
       WHERE tenant_id = $2 AND EXISTS (SELECT FROM public.tenants_domain WHERE tenant_id = $2 AND domain = $1)
       RETURNING domain`,
      [domain, tenantId],
    );
    if (rows.length === 0) throw noSuchDomain(schema, domain);
  });
}

async function change(
  owner: ConnectionSettings,
  schema: string,
  text: string,
  work: (change: DomainChange) => Promise<void>,
): Promise<string> {
  return await withOwner(owner, (client) =>
    inTransaction(client, async () => {
      // Changes of one tenant's domains are serialised.
      const { rows } = await client.query<{ id: string }>(
        'SELECT id FROM public.tenants_tenant WHERE schema_name = $1 FOR UPDATE',
        [schema],
      );
      if (!rows[0]) throw new TenantNotFoundError(schema);
      const domain = await knownDomain(client, rows[0].id, text);
      await work({ client, tenantId: rows[0].id, domain });
      return domain;
    }),
  );
}

/** Finds a domain as stored, even if somebody wrote it by hand in another form, so that it can be removed. */
async function knownDomain(client: OwnerClient, tenantId: string, text: string): Promise<string> {
  const { rowCount } = await client.query(
    'SELECT FROM public.tenants_domain WHERE domain = $1 AND tenant_id = $2',
    [text, tenantId],
  );
  return rowCount ? text : storedDomain(text);
}

function noSuchDomain(schema: string, domain: string): PlainError {
  return new PlainError(
    `${schema} has no domain ${domain}; see: leopard tenants domains list --tenant ${schema}`,
  );
}
