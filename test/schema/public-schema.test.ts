import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { withOwner } from '../../src/database/owner.js';
import {
  type CatalogColumn,
  type CatalogConstraint,
  readColumns,
  readConstraints,
} from '../../src/schema/generate/catalog.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';

const TEXT = readFileSync(new URL('../contract/database.md', import.meta.url), 'utf8');
const PUBLIC = TEXT.slice(TEXT.indexOf('## PUBLIC'), TEXT.indexOf('## TENANT'));
const LINE =
  /^([\w, ]+?) (bigint|integer|boolean|jsonb|timestamptz|varchar\(\d+\))( identity PK)?( not null)?( unique)?(?: → (\w+) (\w+))?(.*)$/;

interface PublicColumn {
  table: string;
  name: string;
  type: string;
  notNull: boolean;
  unique: boolean;
  identity: boolean;
  target: string | undefined;
  default: string | undefined;
}

const columns: PublicColumn[] = PUBLIC.split(/^### /m)
  .slice(1)
  .flatMap((section) => {
    const [heading, ...lines] = section.trim().split('\n');
    return lines.flatMap((line) => {
      const [, names, type, identity, notNull, unique, target, , rest = ''] = LINE.exec(line.trim()) ?? [];
      const given = /\(default ([^)]+)\)/.exec(rest)?.[1] ?? /([A-Z]+) \(default\)/.exec(rest)?.[1];
      return (names ?? '')
        .split(', ')
        .filter(Boolean)
        .map((name) => ({
          table: heading!.split(' ')[0]!,
          name,
          type: type!,
          notNull: Boolean(notNull) || Boolean(identity),
          unique: Boolean(unique),
          identity: Boolean(identity),
          target,
          default: given,
        }));
    });
  });

let database: TestDatabase;
let found: CatalogColumn[];
let constraints: CatalogConstraint[];

beforeAll(async () => {
  database = await testDatabase();
  await withOwner(database.owner, async (client) => {
    found = await readColumns(client, 'public');
    constraints = await readConstraints(client, 'public');
  });
});

afterAll(() => database.drop());

it('reads the contract', () => {
  expect(columns).toHaveLength(20);
});

it.each(columns.map((column) => [`${column.table}.${column.name}`, column] as const))('%s', (_, wanted) => {
  const column = found.find(({ table, name }) => table === wanted.table && name === wanted.name);
  const type = column?.type
    .replace('character varying', 'varchar')
    .replace('timestamp with time zone', 'timestamptz');
  expect({ type, notNull: column?.notNull, identity: column?.isIdentity }).toEqual({
    type: wanted.type,
    notNull: wanted.notNull,
    identity: wanted.identity,
  });
  if (wanted.default) expect(column?.default?.replace(/::.*$/, '').replaceAll("'", '')).toBe(wanted.default);
  const definitions = constraints
    .filter(({ table }) => table === wanted.table)
    .map(({ definition }) => definition);
  if (wanted.unique) expect(definitions).toContain(`UNIQUE (${wanted.name})`);
  if (wanted.target) {
    expect(definitions).toContain(
      `FOREIGN KEY (${wanted.name}) REFERENCES ${wanted.target}(id) ON DELETE CASCADE`,
    );
  }
});

it('has the operators’ tables in the shape of the tenant’s', async () => {
  const names = (table: string) => found.filter((column) => column.table === table).map(({ name }) => name);
  expect(names('auth_user')).toEqual([
    'id',
    'password',
    'last_login',
    'is_superuser',
    'username',
    'first_name',
    'last_name',
    'email',
    'is_staff',
    'is_active',
    'date_joined',
  ]);
  const tenant = await withOwner(database.owner, (client) => readColumns(client, 'tenant_main'));
  for (const table of ['auth_group', 'auth_group_permissions', 'auth_permission', 'django_content_type']) {
    const own = (all: CatalogColumn[]) => all.filter((column) => column.table === table);
    expect(own(found)).toEqual(own(tenant));
  }
  expect(names('auth_user_groups')).toEqual(['id', 'user_id', 'group_id']);
  expect(names('auth_user_user_permissions')).toEqual(['id', 'user_id', 'permission_id']);
});

it('has the one row of the event switch, stamps it, and keeps it', async () => {
  await withOwner(database.owner, async (client) => {
    const table = 'public.immigration_event_processing_control';
    const before = await client.query(`SELECT * FROM ${table}`);
    expect(before.rows).toMatchObject([{ id: '1', is_paused: false, paused_at: null, resumed_at: null }]);
    const paused = await client.query(`UPDATE ${table} SET is_paused = true RETURNING *`);
    expect(paused.rows[0]).toMatchObject({ paused_at: expect.any(Date), resumed_at: null });
    expect(paused.rows[0].updated_at).toEqual(paused.rows[0].paused_at);
    const resumed = await client.query(`UPDATE ${table} SET is_paused = false RETURNING *`);
    expect(resumed.rows[0]).toMatchObject({
      paused_at: paused.rows[0].paused_at,
      resumed_at: expect.any(Date),
    });
    await expect(client.query(`DELETE FROM ${table}`)).rejects.toThrow('always exists');
    await expect(client.query(`INSERT INTO ${table} DEFAULT VALUES`)).rejects.toThrow('check');
  });
});
