import type { ConnectionSettings } from '../config/config.js';
import { inTransaction, type OwnerClient, withOwner } from '../database/owner.js';
import { PlainError } from '../platform/plain-error.js';
import {
  checkTenantName,
  type SubscriptionStatus,
  TenantExistsError,
  TenantNotFoundError,
} from './new-tenant.js';
import { shortName } from './tenant-name.js';

/** The changes to a tenant; omitted properties stay as they are. */
export interface TenantChanges {
  readonly name?: string;
  /** A tenant that is switched off is shut out like a suspended one, whatever its status. */
  readonly isActive?: boolean;
  readonly status?: SubscriptionStatus;
  /** Maximum number of active users. */
  readonly maxUsers?: number;
  /** Null removes it. */
  readonly contactEmail?: string | null;
  readonly contactPhone?: string | null;
}

const COLUMNS: Readonly<Record<keyof TenantChanges, string>> = {
  name: 'name',
  isActive: 'is_active',
  status: 'subscription_status',
  maxUsers: 'max_users',
  contactEmail: 'contact_email',
  contactPhone: 'contact_phone',
};

/**
 * Changes a tenant's row. Running programs are notified, so that it takes effect from the next request on.
 * @throws PlainError for a deleted tenant that would be let in; TenantNotFoundError, InvalidTenantError, TenantExistsError for a name that another tenant has
 */
export async function changeTenant(
  owner: ConnectionSettings,
  schema: string,
  changes: TenantChanges,
): Promise<void> {
  const checked = changes.name === undefined ? changes : { ...changes, name: checkTenantName(changes.name) };
  const set = (Object.keys(COLUMNS) as (keyof TenantChanges)[]).filter((key) => checked[key] !== undefined);
  const assignments = [...set.map((key, index) => `${COLUMNS[key]} = $${index + 2}`), 'updated_at = now()'];
  const sql = `UPDATE public.tenants_tenant SET ${assignments.join(', ')} WHERE schema_name = $1`;
  const parameters = [schema, ...set.map((key) => checked[key])];
  const changed = await withOwner(owner, async (client) => {
    if (!changes.isActive) return await update(client, sql, parameters, checked);
    return await inTransaction(client, async () => {
      await checkNotDeleted(client, schema);
      return await update(client, sql, parameters, checked);
    });
  });
  if (changed === 0) throw new TenantNotFoundError(schema);
}

async function checkNotDeleted(client: OwnerClient, schema: string): Promise<void> {
  // Whoever deletes it just now has locked its row, and is waited for.
  await client.query('SELECT FROM public.tenants_tenant WHERE schema_name = $1 FOR UPDATE', [schema]);
  const { rowCount } = await client.query('SELECT FROM public.tenant_deletion WHERE schema_name = $1', [
    schema,
  ]);
  if (rowCount === 0) return;
  const name = shortName(schema);
  throw new PlainError(`${name} is deleted; bring it back: leopard tenants undelete ${name}`);
}

async function update(client: OwnerClient, sql: string, parameters: unknown[], { name = '' }: TenantChanges) {
  try {
    return (await client.query(sql, parameters)).rowCount;
  } catch (error) {
    const isTaken = (error as { constraint?: string }).constraint === 'tenants_tenant_name_key';
    throw isTaken ? new TenantExistsError('name', name) : error;
  }
}
