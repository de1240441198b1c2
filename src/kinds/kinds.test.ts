import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../test/helpers/database.js';
import { foreignKeysTo } from '../database/foreign-keys.js';
import { CONTENT_TYPES, LOGGED_TABLES } from '../database/generated/content-types.js';
import { withOwner } from '../database/owner.js';
import { KINDS, kindOfTable } from './kinds.js';
import { isPermission } from './permissions.js';

let databases: TestDatabase;
beforeAll(async () => {
  databases = await testDatabase();
});
afterAll(() => databases.drop());

const query = <Row>(text: string): Promise<Row[]> =>
  withOwner(databases.owner, async (client) => {
    await client.query('SET search_path TO tenant_main');
    return (await client.query(text)).rows;
  });

test('a kind has a table of its own, the one that the audit log calls by its model', () => {
  const kinds = Object.values(KINDS);
  expect(new Set(kinds.map(({ table }) => table)).size).toBe(kinds.length);
  for (const [table, entity] of Object.entries(LOGGED_TABLES)) {
    if (Object.hasOwn(KINDS, entity)) expect(kindOfTable(table)?.model).toBe(entity);
  }
});

test('kinds are called by words that follow from one', () => {
  expect(KINDS.visacategory).toMatchObject({ one: 'a visa category', many: 'visa categories' });
  expect(KINDS.agent.one).toBe('an agent');
  expect(KINDS.user.one).toBe('a user');
  expect(KINDS.branch.many).toBe('branches');
});

test('what a kind is part of is what its table refers to', () => {
  for (const { table, of } of Object.values(KINDS)) {
    if (of) expect(foreignKeysTo(KINDS[of].table).map((key) => key.table)).toContain(table);
  }
});

test('names are SQL that its table understands', async () => {
  const named = Object.values(KINDS).filter(({ name }) => name !== undefined);
  for (const { table, name } of named) await query(`SELECT ${name?.sql}::text FROM ${table}`);
});

test('the permissions known to the program are those that the database has', async () => {
  const held = await query<{ permission: string }>(`
    SELECT t.app_label || '.' || p.codename AS permission
    FROM auth_permission p JOIN django_content_type t ON t.id = p.content_type_id`);
  expect(held.filter(({ permission }) => !isPermission(permission))).toEqual([]);
  expect(held).toHaveLength(
    Object.values(CONTENT_TYPES).reduce((number, { others }) => number + 4 + others.length, 0),
  );
  expect(isPermission('immigration.view_moon')).toBe(false);
});
