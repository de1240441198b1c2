import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Database } from '../../src/database/database.js';
import { withOwner } from '../../src/database/owner.js';
import { sql } from '../../src/database/sql.js';
import { listOperations } from '../../src/provisioning/operations/list.js';
import type { OperationPoint } from '../../src/provisioning/operations/points.js';
import { contents } from '../backup/contents.js';
import { cliSurroundings, databaseUrl, runCommand } from '../helpers/cli.js';
import { killedAt } from '../helpers/killed-operations.js';
import { newClient } from '../helpers/samples/clients.js';
import { orphans, tenantSums } from '../helpers/tenant-sums.js';
import { type SecondServer, startSecondServer } from '../moving/second-server.js';

// Tenants are created, imported, cloned and restored in a further cell; processes that do it are killed.

let main: Awaited<ReturnType<typeof cliSurroundings>>;
let second: SecondServer;
let settings: NodeJS.ProcessEnv;
let media: string;

beforeAll(async () => {
  [main, second] = await Promise.all([cliSurroundings(), startSecondServer()]);
  const cell = { url: databaseUrl(second.app), owner_url: databaseUrl(second.owner) };
  settings = { ...main.settings, LEOPARD_CELLS: JSON.stringify({ eu2: cell }) };
  media = join(main.folder, 'media');
  await writeClients(main.database.app, 'tenant_main');
}, 120_000);
afterAll(async () => {
  await second?.stop();
  await main?.close();
});

const leopard = (...args: string[]) => runCommand(settings, args);
const read = async (place: 'main' | 'eu2', text: string, ...values: unknown[]) =>
  await withOwner(place === 'main' ? main.database.owner : second.owner, async (client) => {
    return (await client.query(text, values)).rows;
  });

async function writeClients(app: SecondServer['app'], schema: string): Promise<void> {
  const database = new Database(app, { size: 1 });
  await database.tenantTransaction({ schema, userId: null }, async (transaction) => {
    for (let n = 0; n < 3; n++) await newClient(transaction);
  });
  await database.close();
}

async function succeeds(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await leopard(...args);
  expect({ args, exitCode, stdout, stderr }).toMatchObject({ exitCode: 0 });
  return stdout;
}

/** Kills the command at each point in turn; each run carries on what the one before has left. */
async function killAtEach(
  command: readonly string[],
  kind: string,
  points: readonly (readonly [step: string, at: OperationPoint['at'], nth?: number])[],
): Promise<void> {
  for (const [step, at, nth] of points) {
    const { killed, output } = await killedAt(settings, command, { kind, step, at }, nth);
    expect({ step, at, nth, killed, output }).toEqual({ step, at, nth, killed: true, output });
  }
}

/** Expects these tenants in the cell, as the catalogue has them, and nothing that is nobody's. */
async function expectInCell(...names: string[]): Promise<void> {
  expect(await listOperations(main.database.owner)).toEqual([]);
  const schemas = names.map((name) => `tenant_${name}`);
  const tenants = `SELECT id, schema_name, is_active, created_at, work_held_until,
      ARRAY(SELECT domain::text FROM public.tenants_domain WHERE tenant_id = t.id ORDER BY domain) AS domains
    FROM public.tenants_tenant t WHERE cell IS NOT DISTINCT FROM $1 ORDER BY schema_name`;
  const inCell = await read('eu2', tenants, null);
  expect(inCell).toEqual(await read('main', tenants, 'eu2'));
  expect(inCell.map((row) => [row.schema_name, row.work_held_until])).toEqual(
    schemas.toSorted().map((schema) => [schema, null]),
  );
  expect(await orphans(second.owner, '/nowhere')).toEqual([]);
  const left = await read('main', "SELECT nspname FROM pg_namespace WHERE nspname ~ '^tenant_' ORDER BY 1");
  expect(left).toEqual([{ nspname: 'tenant_demo' }, { nspname: 'tenant_main' }]);
  expect((await leopard('cells', 'sync')).stdout).toContain('eu2: nothing to copy');
}

const create = ['tenants', 'create', '--tenant', 'far', '--name', 'Far', '--cell', 'eu2', '--json'];

test('a tenant is created in a further cell, or not at all', { timeout: 300_000 }, async () => {
  const others = await tenantSums(main.database.owner);
  await killAtEach(create, 'create', [['place', 'during']]);
  expect((await leopard('tenants', 'resume', 'far', '--undo')).stdout).toBe('create of far is undone');
  await expectInCell();
  await killAtEach(create, 'create', [
    ['schema', 'during', 2], // made in the cell, which the catalogue does not know
    ['schema', 'after'],
    ['place', 'after'],
  ]);
  expect(JSON.parse(await succeeds(...create))).toMatchObject({ tenant: 'far', schema_name: 'tenant_far' });
  await expectInCell('far');
  await writeClients(second.app, 'tenant_far');
  const refused = await leopard('tenants', 'create', '--tenant', 'fur', '--name', 'Far', '--cell', 'eu2');
  expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('Far') });
  const unknown = await leopard('tenants', 'create', '--tenant', 'fur', '--name', 'Fur', '--cell', 'eu9');
  expect(unknown.stderr).toContain('there is no cell eu9');
  await expectInCell('far');
  expect(await tenantSums(main.database.owner, ['tenant_far'])).toEqual(others);
});

test('a tenant is imported and cloned into a further cell, and out of it', { timeout: 300_000 }, async () => {
  const file = join(main.folder, 'main.tar');
  await succeeds('tenants', 'export', 'main', '--to', file);
  const imported = ['tenants', 'import', file, '--as', 'brought', '--cell', 'eu2'];
  expect((await leopard(...imported, '--dry-run')).stdout).toContain('can be imported as brought');
  await killAtEach(imported, 'import', [
    ['load', 'after'],
    ['place', 'after'],
  ]);
  await succeeds(...imported);
  const clone = ['tenants', 'clone', 'far', 'twin', '--cell', 'eu2'];
  await killAtEach(clone, 'clone', [['copy', 'after']]);
  await succeeds(...clone);
  await expectInCell('brought', 'far', 'twin');
  const rows = async (place: 'main' | 'eu2', schema: string) => {
    const owner = place === 'main' ? main.database.owner : second.owner;
    return (await contents(owner, schema, ['immigration_client'])).immigration_client;
  };
  expect(await rows('eu2', 'tenant_brought')).toEqual(await rows('main', 'tenant_main'));
  expect(await rows('eu2', 'tenant_twin')).toEqual(await rows('eu2', 'tenant_far'));
  await succeeds('tenants', 'clone', 'far', 'near');
  expect(await rows('main', 'tenant_near')).toHaveLength(3);
  for (const name of ['near', 'brought', 'twin'])
    await succeeds('tenants', 'delete', '--tenant', name, '--force');
  await expectInCell('far');
});

test('a tenant of a further cell is restored where it lives', { timeout: 300_000 }, async () => {
  const file = join(main.folder, 'far.tar');
  await succeeds('tenants', 'export', 'far', '--to', file);
  const asBefore = await contents(second.owner, 'tenant_far');
  const database = new Database(second.app, { size: 1 });
  await database.tenantQuery(
    { schema: 'tenant_far', userId: null },
    sql`UPDATE immigration_client SET first_name = 'Later'`,
  );
  await database.close();
  const changed = await contents(second.owner, 'tenant_far');
  const domains = () =>
    read(
      'main',
      `SELECT domain, is_primary FROM public.tenants_domain JOIN public.tenants_tenant t ON t.id = tenant_id
      WHERE schema_name = 'tenant_far' ORDER BY 1`,
    );
  const ownDomains = await domains();
  const restore = ['tenants', 'restore', 'far', file, '--force'];
  expect((await leopard('tenants', 'restore', 'far', file, '--dry-run')).stdout).toContain(
    'nothing was changed',
  );
  await killAtEach(restore, 'restore', [['place', 'after']]);
  expect((await leopard('tenants', 'resume', 'far', '--undo')).stdout).toBe('restore of far is undone');
  await expectInCell('far');
  expect(await contents(second.owner, 'tenant_far')).toEqual(changed);
  await killAtEach(restore, 'restore', [
    ['load', 'after'],
    ['place', 'during'],
    ['swap', 'during'], // before anything is swapped
    ['swap', 'during', 2], // swapped in the cell, not in the catalogue
    ['swap', 'after'],
    ['tidy', 'after'],
  ]);
  expect(await succeeds(...restore)).toContain('tenant far is restored');
  await expectInCell('far', 'far_before');
  expect(await contents(second.owner, 'tenant_far')).toEqual(asBefore);
  expect(await contents(second.owner, 'tenant_far_before')).toEqual(changed);
  expect(await domains()).toEqual(ownDomains);
  expect(
    await read(
      'main',
      "SELECT is_active FROM public.tenants_tenant WHERE schema_name LIKE 'tenant_far%' ORDER BY schema_name",
    ),
  ).toEqual([{ is_active: true }, { is_active: false }]);
  expect(await orphans(main.database.owner, media)).not.toContainEqual(expect.stringContaining('folder'));
  await succeeds('tenants', 'delete', '--tenant', 'far_before', '--force');
  await expectInCell('far');
});
