import { afterEach, beforeEach, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../test/helpers/database.js';
import { eventsOf } from '../../test/helpers/events.js';
import type { DatabaseHandle } from '../database/connections.js';
import { Database } from '../database/database.js';
import { type OwnerClient, withOwner } from '../database/owner.js';
import { statement } from '../database/statement.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import { clearTenantData } from './clear.js';
import { forgetEvents } from './forget-events.js';

const CONTEXT = { schema: 'tenant_main', userId: null };

let databases: TestDatabase;
let database: Database;

beforeEach(async () => {
  databases = await testDatabase();
  database = new Database(databases.app, { size: 1 });
});

afterEach(async () => {
  await database.close();
  await databases.drop();
});

const addTask = (transaction: TenantTransaction) =>
  transaction.query(statement("INSERT INTO immigration_task (title, due_date) VALUES ('T', now())"));
const asOwner = <T>(work: (owner: OwnerClient) => Promise<T>) => withOwner(databases.owner, work);
const queued = () =>
  asOwner(async (owner) => {
    const { rows } = await owner.query(
      'SELECT schema_name, event_id::integer FROM public.event_queue ORDER BY 1 DESC, 2',
    );
    return rows.map(({ schema_name, event_id }) => [schema_name, event_id]);
  });

it('forgets the events of its own transaction, and no others', async () => {
  await database.tenantTransaction(CONTEXT, addTask);
  await database.tenantTransaction({ ...CONTEXT, schema: 'tenant_demo' }, addTask);
  await database.tenantTransaction(CONTEXT, async (transaction) => {
    await addTask(transaction);
    await addTask(transaction);
    await forgetEvents(transaction);
  });
  const left = await asOwner((owner) => eventsOf(owner));
  expect(left.map(({ id }) => id)).toEqual([1]);
  expect(await queued()).toEqual([
    ['tenant_main', 1],
    ['tenant_demo', 1],
  ]);
});

it('takes a tenant’s events out of the queue when it is cleared', async () => {
  for (const schema of ['tenant_main', 'tenant_demo'])
    await database.tenantTransaction({ ...CONTEXT, schema }, addTask);
  const { app, owner } = databases;
  const handle: DatabaseHandle = {
    kind: 'server',
    app,
    owner,
    ended: new Promise(() => undefined),
    async close() {},
    abandon() {},
  };
  await clearTenantData(handle, 'tenant_main');
  expect(await queued()).toEqual([['tenant_demo', 1]]);
});
