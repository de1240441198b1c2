import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { inTransaction, type OwnerClient, withOwner } from '../../src/database/owner.js';
import { createTenantSchema, dropTenantSchema } from '../../src/provisioning/tenant-schema.js';
import { lockPublic, lockTenants, lockTenantWithin } from '../../src/schema/locking.js';
import { migrateShared, migrateTenant } from '../../src/schema/migrator.js';
import { testDatabase } from '../helpers/database.js';

// What changes the schema of one tenant keeps nobody from changing another's.

const database = await testDatabase();
const { owner, app } = database;
afterAll(() => database.drop());

/** Long enough for an operation that waits for nothing. */
const MOMENT_MS = 1_000;

const asOwner = <T>(work: (client: OwnerClient) => Promise<T>) => withOwner(owner, work);

/** Runs `work` while another transaction has taken a lock, and returns its result. */
async function whileLocked<T>(
  lock: (client: OwnerClient) => Promise<void>,
  work: () => Promise<T>,
): Promise<T> {
  return await asOwner((client) =>
    inTransaction(client, async () => {
      await lock(client);
      return await work();
    }),
  );
}

/** Returns whether `work` is still waiting after a moment, and lets it finish once `whileLocked` is over. */
async function waits(
  lock: (client: OwnerClient) => Promise<void>,
  work: () => Promise<unknown>,
): Promise<boolean> {
  let done = false;
  let working: Promise<unknown> = Promise.resolve();
  const isWaiting = await whileLocked(lock, async () => {
    working = work().finally(() => {
      done = true;
    });
    working.catch(() => undefined); // awaited below
    await sleep(MOMENT_MS);
    return !done;
  });
  await working;
  return isWaiting;
}

const create = (name: string) =>
  createTenantSchema(owner, app.user, {
    schema: `tenant_${name}`,
    name,
    domains: [{ domain: `${name}.localhost`, isPrimary: true }],
  });
const migrate = (schema: string) => asOwner((client) => migrateTenant(client, app.user, schema));

it('beside an operation on one tenant, others are created, migrated and deleted', async () => {
  await whileLocked(
    (client) => lockTenants(client, 'tenant_main'),
    async () => {
      await create('made');
      await migrate('tenant_demo');
      await dropTenantSchema(owner, 'tenant_made');
    },
  );
});

it('a second operation on the same tenant waits, and knows that it would have to', async () => {
  const onMain = (client: OwnerClient) => lockTenants(client, 'tenant_demo', 'tenant_main');
  expect(await waits(onMain, () => migrate('tenant_main'))).toBe(true);
  const tried = (schema: string) =>
    asOwner((client) => inTransaction(client, () => lockTenantWithin(client, schema, 100)));
  await whileLocked(onMain, async () => {
    await tried('tenant_other');
    await expect(tried('tenant_main')).rejects.toThrow(
      'another operation works on tenant_main, so nothing was changed there; run the command again when it is done',
    );
  });
});

it('a migration of public waits for operations on tenants, and they wait for it', async () => {
  const shared = () => asOwner((client) => migrateShared(client, app.user));
  expect(await waits((client) => lockTenants(client, 'tenant_main'), shared)).toBe(true);
  expect(await waits(lockPublic, () => create('later'))).toBe(true);
});

it('operations on the same tenants in another order do not wait for each other for ever', async () => {
  const schemas = Array.from({ length: 30 }, (_, index) => `tenant_t${index}`);
  const locked = (order: readonly string[]) =>
    asOwner((client) => inTransaction(client, () => lockTenants(client, ...order)));
  const orders = Array.from({ length: 8 }, (_, index) => (index % 2 ? schemas : schemas.toReversed()));
  await Promise.all(orders.map(locked));
});
