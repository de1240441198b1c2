import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  cellLabel,
  cellNamed,
  cellOfTenant,
  cellsOf,
  handleOf,
  handleOfTenant,
} from '../../src/database/cells.js';
import type { DatabaseHandle } from '../../src/database/connections.js';
import { openDatabase } from '../../src/database/connections.js';
import { readMigrations } from '../../src/database/migration-files.js';
import { withOwner } from '../../src/database/owner.js';
import { migrationState } from '../../src/schema/migration-state.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';

let main: TestDatabase;
let handle: DatabaseHandle;

beforeAll(async () => {
  main = await testDatabase();
  const { app, owner } = main;
  const eu2 = {
    name: 'eu2',
    app: { ...app, database: 'elsewhere' },
    owner: { ...owner, database: 'elsewhere' },
  };
  handle = await openDatabase({ database: { kind: 'server', app, owner }, cells: [eu2] });
});

afterAll(() => main.drop());

const placeIn = (cell: string | null) =>
  withOwner(main.owner, (client) =>
    client.query("UPDATE public.tenants_tenant SET cell = $1 WHERE schema_name = 'tenant_demo'", [cell]),
  );

test('the database of a tenant is that of the cell that its row in the catalogue names', async () => {
  expect(cellsOf(handle).map(({ name }) => cellLabel(name))).toEqual(['main', 'eu2']);
  expect(await handleOfTenant(handle, 'tenant_demo')).toBe(handle);
  await placeIn('eu2');
  const elsewhere = handleOf(handle, cellNamed('eu2'));
  expect(await handleOfTenant(handle, 'tenant_demo')).toBe(elsewhere);
  expect(await cellOfTenant(handle, 'tenant_demo')).toBe('eu2');
  expect(elsewhere.app.database).toBe('elsewhere');
  expect(handleOf(handle, cellNamed('main'))).toBe(handle);
  expect(await handleOfTenant(handle, 'tenant_none')).toBe(handle);
  await placeIn('us1');
  await expect(handleOfTenant(handle, 'tenant_demo')).rejects.toThrow('there is no cell us1; LEOPARD_CELLS');
});

test('what migrates tenants leaves those of other cells to the database in which they live', async () => {
  const pending = async () => {
    const files = readMigrations();
    const next = {
      kind: 'tenant' as const,
      number: files.tenant.length + 1,
      name: 'next',
      sql: '',
      checksum: 'next',
    };
    const { pending } = await withOwner(main.owner, (client) =>
      migrationState(client, main.app.user, { ...files, tenant: [...files.tenant, next] }),
    );
    return pending.map(({ scope }) => scope).toSorted();
  };
  await placeIn(null);
  expect(await pending()).toEqual(['tenant_demo', 'tenant_main']);
  await placeIn('eu2');
  expect(await pending()).toEqual(['tenant_main']);
});

test.each(['main', 'EU', '', 'eu-', 'e'])('no row names the cell %j', async (cell) => {
  await expect(placeIn(cell)).rejects.toThrow(/check constraint/);
});
