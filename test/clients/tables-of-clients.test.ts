import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { statement } from '../../src/database/statement.js';
import { WITHOUT_WORK, WORK_ON_CLIENTS } from '../../src/immigration/client-imports/used-clients.js';
import { KINDS } from '../../src/kinds/kinds.js';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { createRecord, pathOf } from '../helpers/routes.js';
import { sampleOf } from '../helpers/samples/index.js';
import { seedStaff } from '../helpers/staff.js';

// Every table that refers to clients, and every table that clients refer to, is accounted for: by undoing an import,
// by archiving and by the export. Derived from the registry of kinds, or named here with the reason.

/** Tables of no kind that reference clients, and why archiving a client leaves nothing of theirs visible. */
const HIDDEN_OTHERWISE: Readonly<Record<string, string>> = {
  erased_client: 'holds no more than the id of a client',
  client_search: 'searching joins it to clients that are not archived',
};

/** Columns of clients that reference another record, and why the export omits them. */
const NOT_EXPORTED: Readonly<Record<string, string>> = {
  created_by_id: 'the export is about clients, the audit log about who did what',
  updated_by_id: 'the same',
};

/** Kinds whose records can still be read one by one, though lists omit them, and why. */
const KEPT: Readonly<Record<string, string>> = {
  visaapplication: 'deleting a client keeps its applications',
  collegeapplication: 'the same',
};

let app: TestApp;
let token: string;
let keys: { table: string; column: string; references: string }[];

async function sql<Row>(text: string): Promise<Row[]> {
  return await app.database.tenantQuery({ schema: 'tenant_main', userId: null }, statement<Row>(text));
}

beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  token = await app.logIn('admin');
  keys = await sql(`
    SELECT k.conrelid::regclass::text AS "table", a.attname::text AS "column", k.confrelid::regclass::text AS references
    FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
    WHERE k.contype = 'f' AND k.connamespace = 'tenant_main'::regnamespace ORDER BY 1, 2`);
});
afterAll(() => app?.close());

const text = ({ table, column }: { table: string; column: string }) => `${table}.${column}`;
const toClients = () => keys.filter(({ references }) => references === 'immigration_client');
const KINDS_OF_CLIENTS = Object.values(KINDS).filter(({ of }) => of === 'client');

test('undoing an import counts each as somebody’s work, or names the reason', () => {
  const accounted = [...WORK_ON_CLIENTS.map(text)].sort();
  expect(
    toClients()
      .filter(({ table }) => !Object.hasOwn(WITHOUT_WORK, table))
      .map(text),
  ).toEqual(accounted);
  expect(Object.keys(WITHOUT_WORK).sort()).toEqual(
    toClients()
      .map(({ table }) => table)
      .filter((table) => Object.hasOwn(WITHOUT_WORK, table))
      .sort(),
  );
});

test('each belongs to a kind that hangs on clients, or is named as hidden in another way', () => {
  const tables = [...KINDS_OF_CLIENTS.map(({ table }) => table), ...Object.keys(HIDDEN_OTHERWISE)];
  expect(toClients().map(({ table }) => table)).toEqual(tables.sort());
});

test('the export has a column for each record that a client names, or leaves it out for a reason', async () => {
  const { raw } = await app.ask('GET', '/api/v1/clients/export/', { token });
  const header = raw.toString().replace('\ufeff', '').split('\r\n')[0]!.split(',');
  const left = keys
    .filter(
      ({ table, column }) => table === 'immigration_client' && !header.includes(column.replace(/_id$/, '')),
    )
    .map(({ column }) => column);
  expect(left).toEqual(Object.keys(NOT_EXPORTED).sort());
});

describe('records of an archived client', () => {
  const count = async () => {
    const parts = KINDS_OF_CLIENTS.map(
      ({ model, table }) => `SELECT '${model}' AS model, count(*)::integer AS n FROM ${table}`,
    );
    const rows = await sql<{ model: string; n: number }>(parts.join(' UNION ALL '));
    return new Map(rows.map(({ model, n }) => [model, n]));
  };

  /** Returns whether a list has a record; its path is that of the record without the id. */
  const isListed = async (path: string, id: number) => {
    const { body } = await app.ask('GET', path.replace(/\d+\/$/, '?page_size=100'), { token });
    return (body.results ?? body).some((one: { id: number }) => one.id === id);
  };

  test('are not there for anybody, whatever their kind', async () => {
    const tried = new Set<string>();
    for (const route of app.app.routes) {
      const prefix = route.path.slice(0, Math.max(route.path.indexOf(':'), 0));
      if (route.method !== 'GET' || !sampleOf(prefix)) continue;
      if (route.path.endsWith('/personal-data/')) continue; // archived clients too have a right to their data
      const before = await count();
      const id = await createRecord(app, 'tenant_main', route);
      const after = await count();
      const added = [...after.keys()].filter((model) => after.get(model) !== before.get(model));
      const path = pathOf(route, id);
      if (added.length === 0 || (await app.ask('GET', path, { token })).status !== 200) continue;
      const isKept = added.some((model) => Object.hasOwn(KEPT, model));
      if (isKept) expect(await isListed(path, id)).toBe(true);
      await sql('UPDATE immigration_client SET deleted_at = now() WHERE deleted_at IS NULL');
      const { status } = await app.ask('GET', path, { token });
      expect([path, status]).toEqual([path, isKept ? 200 : 404]);
      if (isKept) expect(await isListed(path, id)).toBe(false);
      for (const model of added) tried.add(model);
    }
    expect([...tried].sort()).toEqual(KINDS_OF_CLIENTS.map(({ model }) => model).sort());
  });
});
