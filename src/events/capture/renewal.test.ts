import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../test/helpers/database.js';
import { eventsOf } from '../../../test/helpers/events.js';
import { TENANT_COLUMNS } from '../../database/generated/columns.js';
import { readMigrations } from '../../database/migration-files.js';
import { type OwnerClient, withOwner } from '../../database/owner.js';
import { createTenantSchema, dropTenantSchema } from '../../provisioning/tenant-schema.js';
import { migrateAll, migrateTenant, pendingCaptures } from '../../schema/migrator.js';
import { EVENTS } from '../config.js';
import type { EventsConfig } from '../types.js';
import { planCapture, shippedCapture } from './capture.js';
import { checkCapture } from './check.js';

/** The shipped configuration without notes, and with an event for each new client. */
const OTHER: EventsConfig = {
  ...EVENTS,
  entities: Object.fromEntries(Object.entries(EVENTS.entities).filter(([entity]) => entity !== 'Note')),
  events: { ...EVENTS.events, 'Client.CREATE': EVENTS.events['Client.DELETE']! },
};
const other = planCapture(TENANT_COLUMNS, OTHER);

let database: TestDatabase;

beforeEach(async () => {
  database = await testDatabase();
});

afterEach(() => database.drop());

function asOwner<T>(work: (owner: OwnerClient) => Promise<T>): Promise<T> {
  return withOwner(database.owner, work);
}

const findings = () => asOwner((owner) => checkCapture(owner, shippedCapture()));
const migrate = (options = {}) => migrateAll(database.owner, database.app.user, options);

/** Returns how many events a new client and a new note make. */
async function eventsMade(): Promise<string[]> {
  return await asOwner(async (owner) => {
    await owner.query(`
      INSERT INTO tenant_main.immigration_client (first_name) VALUES ('C');
      INSERT INTO tenant_main.immigration_note (client_id) SELECT max(id) FROM tenant_main.immigration_client`);
    return (await eventsOf(owner)).map(({ event_type }) => event_type);
  });
}

describe('leopard migrate', () => {
  it('has nothing to do where everything is as configured', async () => {
    expect(await migrate()).toEqual({
      applied: 0,
      scopes: 0,
      captures: 0,
      newerCaptures: 0,
      repairs: 0,
      mended: [],
      failures: [],
    });
    expect(await findings()).toEqual([]);
    expect(await eventsMade()).toEqual(['Note.CREATE']);
  });

  it('renews the triggers after a change of the configuration, and leaves nothing of the old ones', async () => {
    expect(await migrate({ capture: other })).toEqual({
      applied: 0,
      scopes: 2,
      captures: 2,
      newerCaptures: 0,
      repairs: 0,
      mended: [],
      failures: [],
    });
    expect(await asOwner((owner) => checkCapture(owner, other))).toEqual([]);
    expect(await migrate({ capture: other })).toMatchObject({ scopes: 0 });
    expect(await eventsMade()).toEqual(['Client.CREATE']);
    const [first] = await findings();
    expect(first).toEqual({
      schema: 'tenant_main',
      problems: [
        'function capture_client_insert was changed',
        'function capture_note_delete is missing',
        'function capture_note_insert is missing',
        'function capture_note_update is missing',
        'trigger immigration_note.capture_delete is missing',
        'trigger immigration_note.capture_insert is missing',
        'trigger immigration_note.capture_update is missing',
      ],
    });
  });

  it('takes no lock on tables whose triggers stay', async () => {
    const edited = {
      ...EVENTS,
      events: { ...EVENTS.events, 'Client.DELETE': { ...EVENTS.events['Client.DELETE']!, max_retries: 9 } },
    };
    await asOwner(async (writer) => {
      await writer.query("BEGIN; INSERT INTO tenant_main.immigration_client (first_name) VALUES ('C')");
      expect(await migrate({ capture: planCapture(TENANT_COLUMNS, edited) })).toMatchObject({ captures: 2 });
      await writer.query('COMMIT');
    });
  });

  it('installs it where a tenant has none, and goes on where one fails', async () => {
    await asOwner((owner) =>
      owner.query(`DELETE FROM public.event_capture;
        DROP FUNCTION tenant_demo.capture_client_update() CASCADE;
        CREATE PROCEDURE tenant_demo.capture_client_update() LANGUAGE sql AS 'SELECT 1'`),
    );
    const report = await migrate();
    expect(report).toMatchObject({ captures: 1, scopes: 1, failures: [{ scope: 'tenant_demo' }] });
    expect(report.failures[0]!.error.message).toBe(
      'the capture of events of tenant_demo could not be installed: cannot change routine kind',
    );
    expect((await findings()).map(({ schema }) => schema)).toEqual(['tenant_demo']);
  });

  it('at a start leaves what a newer version of the program has made, but not what an older one has', async () => {
    await migrate({ capture: other });
    expect(await migrate({ keepNewerCapture: true })).toMatchObject({ captures: 0, newerCaptures: 2 });
    await asOwner(async (owner) => {
      const outdated = await pendingCaptures(owner, database.app.user, shippedCapture().checksum);
      expect(outdated).toEqual([
        { scope: 'tenant_main', isNewer: true },
        { scope: 'tenant_demo', isNewer: true },
      ]);
    });
    expect(await migrate()).toMatchObject({ captures: 2 }); // an explicit request is honoured
    expect(await migrate({ capture: other, keepNewerCapture: true })).toMatchObject({ captures: 0 });
    const third = planCapture(TENANT_COLUMNS, { ...EVENTS, events: {} });
    expect(await migrate({ capture: third, keepNewerCapture: true })).toMatchObject({ captures: 2 });
    expect(await eventsMade()).toEqual([]);
  });

  it('renews it in the transaction of the migration that it belongs to', async () => {
    const files = readMigrations();
    const [last] = files.tenant.slice(-1);
    const renaming = {
      ...last!,
      number: last!.number + 1,
      sql: 'ALTER TABLE immigration_note RENAME COLUMN content TO body; ALTER TABLE immigration_note DROP COLUMN author_id',
    };
    const columns = {
      ...TENANT_COLUMNS,
      immigration_note: TENANT_COLUMNS.immigration_note!.filter(({ name }) => name !== 'author_id').map(
        (column) => (column.name === 'content' ? { ...column, name: 'body' } : column),
      ),
    };
    const options = {
      files: { ...files, tenant: [...files.tenant, renaming] },
      capture: planCapture(columns, EVENTS),
    };
    expect(await migrate(options)).toEqual({
      applied: 2,
      scopes: 2,
      captures: 2,
      newerCaptures: 0,
      repairs: 0,
      mended: [],
      failures: [],
    });
    expect(await eventsMade()).toEqual(['Note.CREATE']);
  });

  it('repairs one tenant', async () => {
    await asOwner(async (owner) => {
      await owner.query('DROP TRIGGER capture_insert ON tenant_main.immigration_note');
      const repair = { repairCapture: true };
      expect(await migrateTenant(owner, database.app.user, 'tenant_main', repair)).toMatchObject({
        captured: true,
      });
    });
    expect(await findings()).toEqual([]);
  });
});

describe('the check sees, and migrate repairs', () => {
  it.each([
    [
      'ALTER TABLE immigration_client DISABLE TRIGGER capture_update',
      'trigger immigration_client.capture_update is disabled',
    ],
    [
      'ALTER TABLE immigration_client DISABLE TRIGGER ALL',
      'trigger immigration_client.capture_update is disabled',
    ],
    [
      'DROP TRIGGER capture_update ON immigration_client',
      'trigger immigration_client.capture_update is missing',
    ],
    [
      `CREATE OR REPLACE TRIGGER capture_insert AFTER INSERT ON immigration_note
       REFERENCING NEW TABLE AS other FOR EACH STATEMENT EXECUTE FUNCTION capture_note_insert()`,
      'trigger immigration_note.capture_insert was changed',
    ],
    [
      `CREATE TRIGGER capture_mine AFTER INSERT ON immigration_agent
       REFERENCING NEW TABLE AS after_change FOR EACH STATEMENT EXECUTE FUNCTION capture_note_insert()`,
      'trigger immigration_agent.capture_mine is not wanted',
    ],
    [
      `CREATE OR REPLACE FUNCTION capture_note_insert() RETURNS trigger LANGUAGE plpgsql AS
       'BEGIN RETURN NULL; END'`,
      'function capture_note_insert was changed',
    ],
    ['ALTER FUNCTION capture_note_insert() SECURITY INVOKER', 'function capture_note_insert was changed'],
    [
      "ALTER FUNCTION capture_note_insert() SET search_path TO 'tenant_demo', pg_temp",
      'function capture_note_insert was changed',
    ],
    [
      'GRANT EXECUTE ON FUNCTION capture_note_insert() TO PUBLIC',
      'function capture_note_insert can be used by everybody',
    ],
    ['DROP FUNCTION capture_note_insert() CASCADE', 'function capture_note_insert is missing'],
  ])('%s', async (sql, problem) => {
    await withOwner(database.admin, (admin) => admin.query(`SET search_path TO tenant_main; ${sql}`));
    const found = await findings();
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ schema: 'tenant_main', problems: expect.arrayContaining([problem]) });
    expect(await asOwner((owner) => checkCapture(owner, shippedCapture(), 'tenant_demo'))).toEqual([]);
    const ask = { keepNewerCapture: true };
    expect(await migrate(ask)).toMatchObject({ captures: 0 }); // a start checks only the checksums
    expect(await migrate()).toMatchObject({ captures: 1 });
    expect(await findings()).toEqual([]);
  });
});

it('belongs to a new tenant from the start, and goes with it', async () => {
  await createTenantSchema(database.owner, database.app.user, {
    schema: 'tenant_new',
    name: 'New',
    domains: [{ domain: 'new.localhost', isPrimary: true }],
    status: 'ACTIVE',
  });
  expect(await findings()).toEqual([]);
  await asOwner(async (owner) => {
    await owner.query(`INSERT INTO tenant_new.immigration_task (title, due_date) VALUES ('T', now())`);
    expect(await eventsOf(owner, 'tenant_new')).toMatchObject([
      { event_type: 'Task.CREATE', tenant_schema: 'tenant_new' },
    ]);
    expect(await eventsOf(owner, 'tenant_main')).toEqual([]);
  });
  await dropTenantSchema(database.owner, 'tenant_new');
  await asOwner(async (owner) => {
    const left =
      await owner.query(`SELECT schema_name FROM public.event_queue WHERE schema_name = 'tenant_new'
      UNION ALL SELECT schema_name FROM public.event_capture WHERE schema_name = 'tenant_new'`);
    expect(left.rows).toEqual([]);
  });
});
