import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/helpers/app.js';
import { type CapturedEvent, dropEvents, eventsOf } from '../../../test/helpers/events.js';
import { seedStaff } from '../../../test/helpers/staff.js';
import { type OwnerClient, withOwner } from '../../database/owner.js';
import { statement } from '../../database/statement.js';

// Every write path of a record makes its events, in the transaction of the change.

let app: TestApp;
let client: number;

beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
});

afterAll(() => app.close());

beforeEach(async () => {
  client = await asOwner(async (owner) => {
    await owner.query('DELETE FROM tenant_main.immigration_client');
    const { rows } = await owner.query(
      "INSERT INTO tenant_main.immigration_client (first_name, country, branch_id) VALUES ('Ann', 'NP', 1) RETURNING id::integer",
    );
    await dropEvents(owner);
    return rows[0].id;
  });
});

/** Runs work as the owner, who assumes no tenant's role. */
function asOwner<T>(work: (owner: OwnerClient) => Promise<T>): Promise<T> {
  return withOwner(app.databases.owner, work);
}

function run(sql: string, values: unknown[] = []): Promise<unknown> {
  return asOwner((owner) => owner.query(sql, values));
}

function captured(): Promise<CapturedEvent[]> {
  return asOwner((owner) => eventsOf(owner));
}

/** Returns what happened, in short: type, record, user, and whether it is in the queue. */
async function told(): Promise<unknown[]> {
  return (await captured()).map(({ event_type, entity_id, performed_by_id, queued_as }) => {
    expect(queued_as).toBe(entity_id);
    return [event_type, entity_id, performed_by_id];
  });
}

it('the API', async () => {
  const token = await app.logIn('admin');
  const body = { stage: 'CLIENT', assigned_to_id: 6, first_name: 'Anna' };
  expect(await app.ask('PATCH', `/api/v1/clients/${client}/`, { token, body })).toMatchObject({
    status: 200,
  });
  expect(await told()).toEqual([
    ['Client.stage.UPDATE', client, 1],
    ['Client.assigned_to.UPDATE', client, 1],
  ]);
  expect((await captured())[0]).toMatchObject({
    entity_type: 'Client',
    action: 'UPDATE',
    tenant_schema: 'tenant_main',
    changed_fields: ['stage'],
    status: 'PENDING',
    retry_count: 0,
    max_retries: 2,
    metadata: {},
    previous_state: { stage: 'LEAD', assigned_to: null, first_name: 'Ann' },
    current_state: { stage: 'CLIENT', assigned_to: 6, first_name: 'Anna' },
  });
});

it('the API: archiving, and restoring without an event', async () => {
  const token = await app.logIn('admin');
  await app.ask('DELETE', `/api/v1/clients/${client}/`, { token });
  expect(await told()).toEqual([['Client.DELETE', client, 1]]);
  const [event] = await captured();
  expect(event).toMatchObject({ action: 'DELETE', current_state: {}, changed_fields: [] });
  expect(event!.previous_state).toMatchObject({ first_name: 'Ann', stage: 'LEAD' });
  await app.ask('POST', `/api/v1/clients/${client}/restore/`, { token });
  expect(await captured()).toHaveLength(1);
});

it('plain SQL of the owner, in no tenant’s name', async () => {
  await run("UPDATE tenant_main.immigration_client SET stage = 'CLOSE' WHERE id = $1", [client]);
  expect(await told()).toEqual([['Client.stage.UPDATE', client, null]]);
});

it('a tenant’s transaction', async () => {
  await app.database.tenantTransaction({ schema: 'tenant_main', userId: 4 }, (transaction) =>
    transaction.query(statement('UPDATE immigration_client SET assigned_to_id = 6 WHERE id = $1', [client])),
  );
  expect(await told()).toEqual([['Client.assigned_to.UPDATE', client, 4]]);
});

it('a bulk statement: one event for each row and field, and none for what stays', async () => {
  await run(`INSERT INTO tenant_main.immigration_client (first_name, stage, assigned_to_id)
    SELECT 'Bulk', CASE WHEN i <= 100 THEN 'CLIENT' ELSE 'LEAD' END, 6 FROM generate_series(1, 300) i`);
  await run(
    "UPDATE tenant_main.immigration_client SET stage = 'CLIENT', assigned_to_id = NULL, email = 'x' WHERE first_name = 'Bulk'",
  );
  const events = await captured();
  expect(events.filter(({ event_type }) => event_type === 'Client.stage.UPDATE')).toHaveLength(200);
  expect(events.filter(({ event_type }) => event_type === 'Client.assigned_to.UPDATE')).toHaveLength(300);
  expect(events).toHaveLength(500);
  const fields = new Map(
    events.map(({ entity_id, changed_fields }) => [`${entity_id} ${changed_fields}`, 1]),
  );
  expect(fields.size).toBe(500);
});

it('a large statement with the plan of a small one', { timeout: 60_000 }, async () => {
  await asOwner(async (owner) => {
    await owner.query(`SET search_path TO tenant_main;
      UPDATE immigration_client SET stage = 'CLIENT';
      INSERT INTO immigration_client (first_name) SELECT 'Many' FROM generate_series(1, 20000)`);
    await dropEvents(owner);
    const begun = performance.now();
    await owner.query("UPDATE immigration_client SET stage = 'CLOSE'");
    expect(performance.now() - begun).toBeLessThan(30_000); // a nested loop would take minutes
    const { rows } = await owner.query('SELECT count(*)::integer AS n FROM immigration_event');
    expect(rows).toEqual([{ n: 20_001 }]);
  });
});

it('a statement that changes rows back and forth: each change', async () => {
  await run(`BEGIN;
    UPDATE tenant_main.immigration_client SET stage = 'CLIENT';
    UPDATE tenant_main.immigration_client SET stage = 'LEAD';
    COMMIT`);
  expect((await captured()).map(({ current_state }) => current_state.stage)).toEqual(['CLIENT', 'LEAD']);
});

it('INSERT … ON CONFLICT and MERGE', async () => {
  await run(
    `INSERT INTO tenant_main.immigration_client (id, stage) VALUES ($1, 'CLIENT'), (700000, 'CLOSE')
     ON CONFLICT (id) DO UPDATE SET stage = excluded.stage`,
    [client],
  );
  expect(await told()).toEqual([['Client.stage.UPDATE', client, null]]);
  await run(
    `MERGE INTO tenant_main.immigration_client c USING (VALUES ($1::bigint), (700000)) AS v (id) ON c.id = v.id
     WHEN MATCHED AND v.id = 700000 THEN DELETE WHEN MATCHED THEN UPDATE SET stage = 'LEAD'`,
    [client],
  );
  expect((await told()).slice(1).sort()).toEqual([
    ['Client.DELETE', 700000, null],
    ['Client.stage.UPDATE', client, null],
  ]);
});

it('deletion of the row itself, and of what it takes along', async () => {
  await run('INSERT INTO tenant_main.immigration_note (client_id) VALUES ($1)', [client]);
  await asOwner((owner) => dropEvents(owner));
  await run('DELETE FROM tenant_main.immigration_client WHERE id = $1', [client]);
  expect(await told()).toEqual([['Client.DELETE', client, null]]); // Note.DELETE has no handler
});

it('deletion of a user, which empties the assignment, in the name of that user', async () => {
  await asOwner(async (owner) => {
    await owner.query('UPDATE tenant_main.immigration_client SET assigned_to_id = 9');
    await dropEvents(owner);
    await owner.query("SET leopard.user_id TO '9'; DELETE FROM tenant_main.immigration_user WHERE id = 9");
  });
  expect(await told()).toEqual([['Client.assigned_to.UPDATE', client, null]]);
  expect((await captured())[0]!.current_state.assigned_to).toBeNull();
});

it.each(['', '0', '4711', '-1', 'nobody', '4 or 1=1', '99999999999999999999'])(
  'in the name of nobody where the setting is "%s"',
  async (user) => {
    await asOwner(async (owner) => {
      await owner.query("SELECT set_config('leopard.user_id', $1, false)", [user]);
      await owner.query("UPDATE tenant_main.immigration_client SET stage = 'CLOSE'");
    });
    expect(await told()).toEqual([['Client.stage.UPDATE', client, null]]);
  },
);

it('nothing where the transaction or the savepoint is rolled back', async () => {
  await run(`BEGIN; UPDATE tenant_main.immigration_client SET stage = 'CLOSE'; ROLLBACK`);
  await run(
    `BEGIN; SAVEPOINT s; UPDATE tenant_main.immigration_client SET stage = 'CLOSE'; ROLLBACK TO s; COMMIT`,
  );
  expect(await captured()).toEqual([]);
  const { rows } = (await run("SELECT FROM public.event_queue WHERE schema_name = 'tenant_main'")) as {
    rows: unknown[];
  };
  expect(rows).toEqual([]);
});

it('keeps ids that the column of entity ids cannot hold', async () => {
  const wide = 3_000_000_000;
  await run('UPDATE tenant_main.immigration_client SET id = $1', [wide]);
  await run("UPDATE tenant_main.immigration_client SET stage = 'CLOSE'");
  const [event] = await captured();
  expect(event).toMatchObject({ entity_id: 2147483647, metadata: { entity_id: wide }, queued_as: wide });
});

it('asks sleeping workers to wake, once for each transaction that made events, and not again at once', async () => {
  const heard: string[] = [];
  await asOwner(async (owner) => {
    owner.on('notification', ({ channel }) => heard.push(channel));
    await owner.query('LISTEN leopard_events');
    await owner.query("UPDATE tenant_main.immigration_client SET stage = 'CLOSE'");
    expect(heard).toEqual([]); // no worker is asleep
    await owner.query('INSERT INTO public.event_sleeper (worker) VALUES (gen_random_uuid())');
    await owner.query("UPDATE tenant_main.immigration_client SET email = 'a@example.com'");
    expect(heard).toEqual([]); // nothing happened
    await owner.query('BEGIN');
    await owner.query("UPDATE tenant_main.immigration_client SET stage = 'LEAD', assigned_to_id = 6");
    await owner.query("UPDATE tenant_main.immigration_client SET stage = 'CLIENT'");
    await owner.query('COMMIT');
    await owner.query('SELECT 1');
    expect(heard).toEqual(['leopard_events']);
    for (let turn = 0; turn < 40; turn++) {
      const stage = turn % 2 ? 'CLIENT' : 'LEAD';
      await owner.query(
        `SELECT setval('public.event_notice_given', (extract(epoch FROM clock_timestamp()) * 1000)::bigint);
         UPDATE tenant_main.immigration_client SET stage = '${stage}'`,
      );
    }
    await owner.query('DELETE FROM public.event_sleeper');
  });
  expect(heard.length).toBeLessThan(40); // on a busy machine, some are late
});

it('lets the tenant’s role neither write the queue nor use the functions', async () => {
  const asTenant = (sql: string) =>
    app.database.tenantTransaction({ schema: 'tenant_main', userId: 1 }, (transaction) =>
      transaction.query(statement(sql)),
    );
  for (const sql of [
    "INSERT INTO public.event_queue (schema_name, event_id, event_type, entity_type, entity_id) VALUES ('tenant_demo', 1, '', '', 1)",
    'UPDATE public.event_queue SET claims = 0',
    'DELETE FROM public.event_queue',
    'SELECT public.wake_event_workers()',
    'SELECT capture_client_update()',
    'ALTER TABLE immigration_client DISABLE TRIGGER capture_update',
    'DROP TRIGGER capture_update ON immigration_client',
    `DO $$ BEGIN CREATE TEMPORARY TABLE t (LIKE immigration_client);
      CREATE TRIGGER mine AFTER INSERT ON t REFERENCING NEW TABLE AS after_change
      FOR EACH STATEMENT EXECUTE FUNCTION capture_client_update(); END $$`,
  ]) {
    await expect(asTenant(sql), sql).rejects.toThrow(
      /permission denied|must be owner|can only be called as triggers/,
    );
  }
});
