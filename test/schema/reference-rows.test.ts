import { afterAll, beforeAll, expect, it } from 'vitest';
import { withOwner } from '../../src/database/owner.js';
import { addedModels, addedPermissions } from '../contract/additions.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';
import { GRANTS, type Role } from '../isolation/roles-table.js';
import { STARTS_WITH } from './contract.js';

/** `1 immigration.user "user" · 2 agent "agent" …` */
const models = [...STARTS_WITH.matchAll(/(\d+) (?:immigration\.)?([a-z]+) "([^"]+)"/g)].map(
  ([, k, model, name]) => ({
    k: Number(k),
    model: model!,
    name: name!,
  }),
);

let database: TestDatabase;
let query: <Row>(sql: string) => Promise<Row[]>;

beforeAll(async () => {
  database = await testDatabase();
  query = (sql) =>
    withOwner(database.owner, async (client) => {
      await client.query('SET search_path TO tenant_main');
      return (await client.query(sql)).rows;
    });
});

afterAll(() => database.drop());

/** The list for models and permissions beyond the contract: whatever is missing here, or too much. */
const BEYOND = 'test/contract/additions.ts';

it('reads the contract', () => {
  expect(models.map(({ k }) => k)).toEqual(models.map((_, place) => place + 1));
  expect(models.length).toBeGreaterThan(30);
});

it('has the content types under the contract’s ids, and those that are listed as added', async () => {
  const ids: Record<string, number> = { client: 10, visatype: 5 };
  const expected = models.map(({ k, model }) => ({ id: ids[model] ?? k, model })).sort((a, b) => a.id - b.id);
  const found = await query<{ id: number; model: string }>(
    "SELECT id, model FROM django_content_type WHERE app_label = 'immigration' ORDER BY id",
  );
  const added = found.splice(expected.length).map(({ model }) => model);
  expect(found).toEqual(expected);
  expect(added.sort(), BEYOND).toEqual(
    addedModels()
      .map(({ model }) => model)
      .sort(),
  );
});

it('has the permissions under the contract’s ids and names, and those that are listed as added', async () => {
  const expected = models.flatMap(({ k, model, name }) =>
    ['add', 'change', 'delete', 'view'].map((verb, place) => ({
      id: 4 * k - 3 + place,
      model,
      codename: `${verb}_${model}`,
      name: `Can ${verb} ${name}`,
    })),
  );
  const calendar = { model: 'calendarevent' };
  expected.push(
    { id: 133, ...calendar, codename: 'view_team_events', name: 'Can view team calendar events' },
    {
      id: 134,
      ...calendar,
      codename: 'assign_calendarevent_to_others',
      name: 'Can assign calendar events to other users',
    },
  );
  const found = await query<(typeof expected)[number]>(`
    SELECT p.id, c.model, p.codename, p.name
    FROM auth_permission p JOIN django_content_type c ON c.id = p.content_type_id
    WHERE c.app_label = 'immigration' ORDER BY p.id`);
  const added = found.splice(expected.length).map(({ id: _id, ...permission }) => permission);
  expect(found).toEqual(expected);
  const byName = (one: { codename: string }, other: { codename: string }) =>
    one.codename < other.codename ? -1 : 1;
  expect(added.sort(byName), BEYOND).toEqual(addedPermissions().sort(byName));
  const auth = await query<{ codename: string }>(`
    SELECT c.app_label || '.' || p.codename AS codename
    FROM auth_permission p JOIN django_content_type c ON c.id = p.content_type_id
    WHERE c.app_label <> 'immigration' ORDER BY p.codename`);
  expect(auth.map(({ codename }) => codename)).toEqual(
    ['add', 'change', 'delete', 'view'].flatMap((verb) => [`auth.${verb}_group`, `auth.${verb}_permission`]),
  );
});

it('has the four groups with as many grants as the contract says, and those on what is added', async () => {
  const found = await query(`
    SELECT g.id, g.name, count(*)::integer AS grants
    FROM auth_group g JOIN auth_group_permissions p ON p.group_id = g.id GROUP BY g.id ORDER BY g.id`);
  const contract: [Role, number][] = [
    ['SUPER_ADMIN', 132],
    ['REGION_MANAGER', 33],
    ['BRANCH_ADMIN', 128],
    ['CONSULTANT', 19],
  ];
  expect(found).toEqual(
    contract.map(([name, grants], place) => {
      const added = addedPermissions().filter(({ codename }) => GRANTS[name](codename));
      return { id: place + 1, name, grants: grants + added.length };
    }),
  );
});

it('grants each group what its role may do', async () => {
  const rows = await query<{ name: string; codename: string }>(`
    SELECT g.name, p.codename FROM auth_group g
    JOIN auth_group_permissions gp ON gp.group_id = g.id JOIN auth_permission p ON p.id = gp.permission_id`);
  const of = (group: string) =>
    new Set(rows.filter(({ name }) => name === group).map(({ codename }) => codename));
  const all = of('SUPER_ADMIN');
  expect([...all].filter((codename) => /_(group|permission|event)$/.test(codename)).sort()).toEqual([
    'change_group',
    'view_group',
  ]);
  const missing = [...all].filter((codename) => !of('BRANCH_ADMIN').has(codename)).sort();
  expect(missing).toEqual(['add_branch', 'change_branch', 'change_group', 'delete_branch']);
  expect([...of('CONSULTANT')].filter((codename) => codename.startsWith('delete_'))).toEqual([]);
  expect([...of('REGION_MANAGER')].filter((codename) => codename.endsWith('_branch')).sort()).toEqual([
    'add_branch',
    'change_branch',
    'view_branch',
  ]);
});

it('goes on counting after the ids that it gave', async () => {
  const next = (table: string) =>
    query<{ id: number }>(`INSERT INTO ${table} DEFAULT VALUES RETURNING id`).then(([row]) => row!.id);
  const types = models.length + 2 + addedModels().length; // with auth.group and auth.permission
  expect(await next('django_content_type')).toBe(types + 1);
  expect(await next('auth_group')).toBe(5);
});

it('starts without users and reference data', async () => {
  const [counts] = await query(`
    SELECT (SELECT count(*) FROM immigration_user)::integer AS users,
           (SELECT count(*) FROM immigration_visacategory)::integer AS categories`);
  expect(counts).toEqual({ users: 0, categories: 0 });
});
