import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/helpers/app.js';
import { idOf, seedStaff } from '../../../test/helpers/staff.js';
import { CurrentUsers } from '../../auth/current-user.js';
import { Listener } from '../../database/listener.js';
import { sql } from '../../database/sql.js';
import { statement } from '../../database/statement.js';
import { HttpError, invalidPk } from '../../http/errors.js';
import { LINKED_KINDS } from './linked-kinds.js';
import { linkedInScope, requireLinked } from './linked-record.js';

const SCHEMA = 'tenant_main';
let app: TestApp;
let users: CurrentUsers;
let types: { id: number; app: string; model: string }[];

// Client 1 belongs to branch 1, client 2 to branch 3, client 3 to branch 1 but is archived; each has a note and a
// passport.
beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  users = new CurrentUsers(app.database, new Listener(app.databases.app));
  await run(`INSERT INTO immigration_client (first_name, branch_id, deleted_at)
             VALUES ('A', 1, NULL), ('B', 3, NULL), ('C', 1, now())`);
  await run(`INSERT INTO immigration_note (client_id, content) VALUES (1, 'N'), (2, 'N'), (3, 'N')`);
  await run(`INSERT INTO immigration_passport (id, passport_no, passport_country, country_of_birth, nationality)
             VALUES (1, 'P', 'NP', 'NP', 'NP'), (2, 'P', 'NP', 'NP', 'NP'), (3, 'P', 'NP', 'NP', 'NP')`);
  await run(
    `INSERT INTO immigration_task (title, due_date, branch_id) VALUES ('T', now(), 1), ('T', now(), 3)`,
  );
  await run(`INSERT INTO immigration_notification (assigned_to_id) VALUES (${idOf('consultant1')}), (1)`);
  await run(`INSERT INTO immigration_institute (name, deleted_at) VALUES ('I', NULL), ('J', now())`);
  types = await run('SELECT id, app_label AS app, model FROM django_content_type');
});
afterAll(() => app?.close());

async function run<Row>(text: string, values: unknown[] = []): Promise<Row[]> {
  return await app.database.tenantQuery({ schema: SCHEMA, userId: null }, statement<Row>(text, values));
}

async function userOf(username: string) {
  const user = await users.byId({ schema: SCHEMA } as never, idOf(username));
  if (!user) throw new Error(`no ${username}`);
  return user;
}

/** Returns 'there', or the status and body of the error. */
async function follow(username: string, type: string | number, id: number): Promise<unknown> {
  const user = await userOf(username);
  try {
    const link = await app.database.tenantTransaction({ schema: SCHEMA, userId: null }, (transaction) =>
      requireLinked(transaction, user, type, id, {
        type: () => invalidPk('type', type),
        record: () => invalidPk('record', id),
      }),
    );
    expect(link.object_id).toBe(id);
    return 'there';
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    return error.status === 403 ? 'denied' : Object.keys(error.body).join();
  }
}

test('every content type is one that can be linked to, and names a table that is there', async () => {
  expect(types.map(({ model }) => model).sort()).toEqual([...LINKED_KINDS.keys()].sort());
  for (const { id, app: label, model } of types) {
    expect(LINKED_KINDS.get(model)?.app).toBe(label);
    for (const name of ['admin', 'manager1', 'consultant1', 'groupless']) {
      expect([model, await follow(name, id, 99_999)]).toEqual([model, 'record']);
      expect([model, await follow(name, model.toUpperCase(), 99_999)]).toEqual([model, 'record']);
    }
  }
});

test('what no content type is called, or no id can be, is told', async () => {
  for (const type of ['moon', 'immigration_client', '', '10', 'constructor', 0, -1, 99, 2 ** 31, 2 ** 53]) {
    expect([type, await follow('admin', type, 1)]).toEqual([type, 'type']);
  }
  for (const id of [0, -1, 2 ** 31, 2 ** 60]) expect(await follow('admin', 'client', id)).toBe('record');
});

describe.each([
  // what, admin, manager1 (branches 1 and 2), consultant1 (branch 1), groupless
  ['client', 1, 'there there there denied'],
  ['client', 2, 'there denied denied denied'],
  ['client', 3, 'record record record record'],
  ['note', 1, 'there there there record'],
  ['note', 2, 'there record record record'],
  ['note', 3, 'record record record record'],
  ['passport', 1, 'there there there denied'],
  ['passport', 2, 'there denied denied denied'],
  ['branch', 1, 'there there there record'],
  ['branch', 3, 'there record record record'],
  ['region', 1, 'there there there record'],
  ['region', 2, 'there record record record'],
  ['user', idOf('consultant1'), 'there there there record'],
  ['user', idOf('consultant3'), 'there record record record'],
  ['task', 1, 'there there there record'],
  ['task', 2, 'there record record record'],
  ['notification', 1, 'record record there record'],
  ['institute', 1, 'there there there there'],
  ['institute', 2, 'record record record record'],
  ['group', 1, 'there there there there'],
])('a link to %s %d', (model, id, expected) => {
  const names = ['admin', 'manager1', 'consultant1', 'groupless'];

  test(`is answered to ${names.join(', ')}: ${expected}`, async () => {
    const answers = await Promise.all(names.map((name) => follow(name, model, id)));
    expect(answers.join(' ')).toBe(expected);
  });

  test('shows what hangs on it to those in whose scope it is', async () => {
    const type = types.find((one) => one.model === model)?.id as number;
    const isCatalogue = LINKED_KINDS.get(model)?.reach === null;
    for (const [i, name] of names.entries()) {
      if (name === 'admin') continue; // sees everything, whatever it belongs to
      const user = await userOf(name);
      const found = await app.database.tenantQuery(
        { schema: SCHEMA, userId: null },
        sql`SELECT FROM (SELECT ${type}::integer AS content_type_id, ${id}::integer AS object_id) r
            WHERE ${linkedInScope(user)}`,
      );
      const isThere = expected.split(' ')[i] === 'there' && !isCatalogue;
      expect([name, found.length]).toEqual([name, isThere ? 1 : 0]);
    }
  });
});

test('a failure of the database is told by one error, and none that nobody hears', async () => {
  const user = await userOf('admin');
  const errors = { type: () => invalidPk('type', 0), record: () => invalidPk('record', 0) };
  const unheard: unknown[] = [];
  const note = (error: unknown) => unheard.push(error);
  process.on('unhandledRejection', note);
  const linking = app.database.tenantTransaction({ schema: SCHEMA, userId: null }, async (transaction) => {
    void transaction.query(sql`SELECT 1 / 0`); // so that both of its statements fail
    await requireLinked(transaction, user, 'note', 1, errors);
  });
  await expect(linking).rejects.toThrow('division by zero');
  await setImmediate();
  process.off('unhandledRejection', note);
  expect(unheard).toEqual([]);
});

test('a linked record cannot be deleted meanwhile', async () => {
  const user = await userOf('admin');
  await app.database.tenantTransaction({ schema: SCHEMA, userId: null }, async (transaction) => {
    const errors = { type: () => invalidPk('type', 0), record: () => invalidPk('record', 0) };
    await requireLinked(transaction, user, 'note', 1, errors);
    const impatient = app.database.tenantTransaction({ schema: SCHEMA, userId: null }, async (other) => {
      await other.query(sql`SELECT pg_catalog.set_config('lock_timeout', '100ms', true)`);
      await other.query(sql`DELETE FROM immigration_note WHERE id = 1`);
    });
    await expect(impatient).rejects.toMatchObject({ code: '55P03' });
  });
});
