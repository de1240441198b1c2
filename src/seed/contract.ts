import { hashPassword } from '../auth/passwords.js';
import type { ConnectionSettings } from '../config/config.js';
import type { DatabaseHandle } from '../database/connections.js';
import { Database } from '../database/database.js';
import { withOwner } from '../database/owner.js';
import { sql } from '../database/sql.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import { PlainError } from '../platform/plain-error.js';
import { createTenantSchema, dropTenantSchema } from '../provisioning/tenant-schema.js';
import * as rows from './contract-rows.js';
import { forgetEvents } from './forget-events.js';
import { insertEach, insertRows } from './insert-rows.js';
import { countTenants, ownerOf, qualified, vacuumTables } from './owner-work.js';

export interface SeedOptions {
  readonly onProgress?: (text: string) => void;
}

const MAIN = 'tenant_main';
const DEMO = 'tenant_demo';

/**
 * Loads the data set on which the contract's recorded examples were made (test/contract/fixture.md): the tenants
 * main, with 10,000 clients, tasks and notifications, and demo, with its admin alone. Due dates count from now.
 * Takes some seconds.
 * @throws PlainError when the database has tenants already or the owner's settings are missing; when loading
 * fails, the tenants are removed again
 */
export async function seedContract(handle: DatabaseHandle, { onProgress }: SeedOptions = {}): Promise<void> {
  const owner = ownerOf(handle);
  if ((await countTenants(owner)) > 0) {
    throw new PlainError('the database has tenants already; the contract data set needs one without');
  }
  onProgress?.('creating the tenants main and demo');
  await restartTenantIds(owner);
  const created: string[] = [];
  const database = new Database(handle.app, { size: 1 });
  try {
    for (const schema of [MAIN, DEMO]) {
      await createContractTenant(owner, handle.app.user, schema);
      created.push(schema);
    }
    await fillDemo(database);
    await fillMain(database, onProgress);
    onProgress?.('finishing');
    await removeTraces(owner);
    await vacuumTables(owner, MAIN, [
      'immigration_client',
      'immigration_client_count',
      'immigration_task',
      'immigration_task_count',
      'immigration_notification',
      'unread_count',
      'immigration_user',
      'immigration_agent',
      'client_search',
      'audit_entry',
    ]);
  } catch (error) {
    await database.close();
    for (const schema of created) await dropTenantSchema(owner, schema).catch(() => undefined);
    throw error;
  }
  await database.close();
}

/** Resets the ids of tenants: earlier tenants may have used up the ids 1 and 2. */
async function restartTenantIds(owner: ConnectionSettings): Promise<void> {
  await withOwner(owner, (client) =>
    client.query('ALTER TABLE public.tenants_tenant ALTER COLUMN id RESTART WITH 1'),
  );
}

async function createContractTenant(
  owner: ConnectionSettings,
  appUser: string,
  schema: string,
): Promise<void> {
  const name = schema.slice('tenant_'.length);
  await createTenantSchema(owner, appUser, {
    schema,
    name: `Tenant ${name}`,
    domains: [{ domain: `${name}.localhost`, isPrimary: true }],
    status: 'ACTIVE',
  });
}

async function fillMain(database: Database, onProgress?: (text: string) => void): Promise<void> {
  const now = Date.now();
  const at = rows.timesBefore(now);
  await database.tenantTransaction({ schema: MAIN, userId: null }, async (transaction) => {
    await fillOffices(transaction, at, [rows.admin(at), ...rows.staff(at)]);
    await insertRows(transaction, 'immigration_visacategory', rows.visaCategories());
    await insertRows(transaction, 'immigration_agent', rows.agents(at));
    onProgress?.('loading 10,000 clients');
    await insertRows(transaction, 'immigration_client', rows.clients(at));
    onProgress?.('loading 10,000 tasks');
    await insertRows(transaction, 'immigration_task', rows.tasks(at, now));
    onProgress?.('loading 10,000 notifications');
    await insertRows(transaction, 'immigration_notification', rows.notifications(at));
    await forgetEvents(transaction);
  });
}

async function fillDemo(database: Database): Promise<void> {
  const at = rows.timesBefore(Date.now());
  await database.tenantTransaction({ schema: DEMO, userId: null }, (transaction) =>
    fillOffices(transaction, at, [rows.admin(at)]),
  );
}

/** Creates regions, branches, and users with their group and branch. All ids count from 1, the tables being new. */
async function fillOffices(
  transaction: TenantTransaction,
  at: rows.TimeOf,
  users: readonly rows.ContractUser[],
): Promise<void> {
  const groups = await transaction.query(sql<{ id: number; name: string }>`SELECT id, name FROM auth_group`);
  const groupIds = new Map(groups.map(({ id, name }) => [name, id]));
  await insertRows(transaction, 'immigration_region', rows.regions(at));
  await insertRows(transaction, 'immigration_branch', rows.branches(at));
  const hashed = await Promise.all(
    users.map(async (user) => ({ ...user, password: await hashPassword(rows.CONTRACT_PASSWORD) })),
  );
  const inserted = await insertEach(transaction, 'immigration_user', hashed, ({ row, password }) => ({
    ...row,
    password,
  }));
  await insertRows(
    transaction,
    'immigration_user_groups',
    inserted.map(({ group, id }) => ({ user_id: id, group_id: groupIds.get(group)! })),
  );
  await insertRows(
    transaction,
    'immigration_user_branches',
    inserted.map(({ branchId, id }) => ({ user_id: id, branch_id: branchId })),
  );
}

/**
 * Removes traces of the loading: in this data set nothing has happened yet, so there are no events, notes or timeline
 * entries.
 */
async function removeTraces(owner: ConnectionSettings): Promise<void> {
  const tables = [MAIN, DEMO].flatMap((schema) => [
    qualified(schema, 'immigration_event'),
    qualified(schema, 'immigration_clientactivity'),
    qualified(schema, 'immigration_note'),
  ]);
  await withOwner(owner, (client) => client.query(`TRUNCATE ${tables.join(', ')} RESTART IDENTITY`));
}
