import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RESTORE } from '../../src/backup/portable/restore-tenant.js';
import { withOwner } from '../../src/database/owner.js';
import { listOperations } from '../../src/provisioning/operations/list.js';
import type { OperationPoint } from '../../src/provisioning/operations/points.js';
import { cliSurroundings, runCommand } from '../helpers/cli.js';
import { killedAt, pointsOf } from '../helpers/killed-operations.js';
import { orphans, tenantSums } from '../helpers/tenant-sums.js';
import { introspect } from '../schema/introspection.js';
import { contents } from './contents.js';
import { MARK, MARKED_FILE, markAgency } from './marked-agency.js';

// A tenant is restored in its own place: loaded under a temporary name, compared, and swapped with what it was.

const LATE_FILE = 'profile-pictures/9a1b2c3d-0000-4000-8000-00000000000a.png';
const OWN = ['tenant_main', 'tenant_main_restored', 'tenant_main_before'];

let on: Awaited<ReturnType<typeof cliSurroundings>>;
let media: string;
let file: string;
let backedUp: Record<string, string[]>;
let others: Record<string, string>;

beforeAll(async () => {
  on = await cliSurroundings();
  media = join(on.folder, 'media');
  await markAgency(on.database, media);
  await sql(`UPDATE tenant_main.webhook_endpoint SET event_types = '["Client.CREATE"]'`);
  file = join(on.folder, 'main.tar');
  expect(await leopard('tenants', 'export', 'main', '--to', file)).toMatchObject({ exitCode: 0 });
  backedUp = await contents(on.database.owner, 'tenant_main');
  others = await tenantSums(on.database.owner, OWN);
}, 60_000);
afterAll(() => on.close());

const leopard = (...args: string[]) => runCommand(on.settings, args);
const sql = async <R extends object>(text: string): Promise<R[]> =>
  await withOwner(on.database.owner, async (client) => (await client.query(text)).rows as R[]);
const restore = ['tenants', 'restore', 'main'];

/** Changes the tenant after its backup: a client more, a changed one, another picture, an event that waits. */
async function change(): Promise<Record<string, string[]>> {
  await sql(`SET search_path TO tenant_main;
    UPDATE immigration_client SET last_name = 'Later' WHERE id = 900;
    INSERT INTO immigration_client (first_name, branch_id) VALUES ('Late', 900);
    UPDATE immigration_profilepicture SET file = '${LATE_FILE}' WHERE client_id = 900`);
  await mkdir(dirname(join(media, 'tenant_main', LATE_FILE)), { recursive: true });
  await writeFile(join(media, 'tenant_main', LATE_FILE), 'a late picture');
  await rm(join(media, 'tenant_main', MARKED_FILE), { force: true });
  return await contents(on.database.owner, 'tenant_main');
}

/** Expects the restored tenant in its place, what it was beside it, and nothing else. */
async function expectRestored(changed: Record<string, string[]>): Promise<void> {
  const { owner } = on.database;
  expect(await contents(owner, 'tenant_main')).toEqual(backedUp);
  expect(await contents(owner, 'tenant_main_before')).toEqual(changed);
  expect(await readFile(join(media, 'tenant_main', MARKED_FILE), 'utf8')).toContain(MARK);
  expect(await readFile(join(media, 'tenant_main_before', LATE_FILE), 'utf8')).toBe('a late picture');
  expect(await readdir(join(media, 'tenant_main', 'profile-pictures'))).toHaveLength(1);
  expect(
    await sql(`SELECT schema_name, is_active, (SELECT count(*)::integer FROM public.tenants_domain WHERE tenant_id = t.id) AS domains
      FROM public.tenants_tenant t WHERE schema_name LIKE 'tenant_main%' ORDER BY 1`),
  ).toEqual([
    { schema_name: 'tenant_main', is_active: true, domains: 1 },
    { schema_name: 'tenant_main_before', is_active: false, domains: 2 },
  ]);
  expect(await sql(`SELECT rolname FROM pg_roles WHERE rolname = 'tenant_main_restored'`)).toEqual([]);
  await expectOrder();
}

async function expectOrder(): Promise<void> {
  const { owner } = on.database;
  expect(await listOperations(owner)).toEqual([]);
  expect(await orphans(owner, media)).toEqual([]);
  expect(await tenantSums(owner, OWN)).toEqual(others);
}

async function removeBefore(): Promise<void> {
  expect(await leopard('tenants', 'delete', '--tenant', 'main_before', '--force')).toMatchObject({
    exitCode: 0,
  });
}

test('a restore puts the backup in the tenant’s place; schema, rights and capture are as the program makes them', {
  timeout: 120_000,
}, async () => {
  const shape = () =>
    withOwner(on.database.owner, async (client) => ({
      ...(await introspect(client, 'tenant_main')),
      rows: null,
    }));
  const as = await shape();
  const changed = await change();
  const dry = await leopard(...restore, file, '--dry-run');
  expect(dry.stdout).toMatch(/immigration_client +\d+ +\d+\n.*nothing was changed$/s);
  expect((await leopard(...restore, file)).stderr).toMatch(/add --force/);
  const { exitCode, stdout } = await leopard(...restore, file, '--force', '--json');
  expect([exitCode, JSON.parse(stdout)]).toMatchObject([
    0,
    { tenant: 'main', before: 'main_before', files: 1 },
  ]);
  await expectRestored(changed);
  expect(await shape()).toEqual(as);
  expect((await leopard('doctor')).stdout).not.toMatch(/problem.*main/);
  expect((await leopard('events', 'check')).exitCode).toBe(0);

  // The tenant works: what it writes is captured and searched for by functions that know the schema's name.
  await sql(`SET search_path TO tenant_main;
    INSERT INTO immigration_client (first_name, branch_id) VALUES ('New', 900)`);
  expect(
    await sql(`SELECT (SELECT count(*)::integer FROM tenant_main.client_search WHERE text LIKE '%new%') AS found,
      (SELECT count(*)::integer FROM tenant_main.immigration_event WHERE event_type LIKE '%CREATE') AS events,
      (SELECT count(*)::integer FROM public.event_queue WHERE schema_name = 'tenant_main') AS queued`),
  ).toEqual([{ found: 1, events: 1, queued: 1 }]);
  // A second one would overwrite what it was.
  expect((await leopard(...restore, file, '--force')).stderr).toMatch(/there is a tenant main_before/);
  await removeBefore();
  expect(await leopard(...restore, file, '--force')).toMatchObject({ exitCode: 0 });
  await removeBefore();
});

const points: OperationPoint[] = [
  // Naming in the catalogue is a step for tenants of further cells; see test/cells/made-in-cell.test.ts.
  ...pointsOf(RESTORE, ['after']).filter(({ step }) => step !== 'place'),
  { kind: 'restore', step: 'swap', at: 'during' }, // in its transaction
];
const SWAPPED = ['after swap', 'after tidy'];
/** After the others, nothing is to be undone. */
const CHANGED = ['after load', 'after files', 'during swap'];

test.each(points)(
  'a restore killed $at $step is carried on, and is undone before the swap',
  {
    timeout: 120_000,
  },
  async (point) => {
    const changed = await change();
    const command = [...restore, file, '--force'];
    expect(await killedAt(on.settings, command, point)).toMatchObject({ killed: true });
    const at = `${point.at} ${point.step}`;
    const undo = () => leopard('tenants', 'resume', 'main', '--undo');
    if (SWAPPED.includes(at)) expect((await undo()).exitCode).toBe(1);
    if (CHANGED.includes(at)) {
      expect((await undo()).stdout).toBe('restore of main is undone');
      expect(await contents(on.database.owner, 'tenant_main')).toEqual(changed);
      expect(await readFile(join(media, 'tenant_main', LATE_FILE), 'utf8')).toBe('a late picture');
      await expectOrder();
      expect(await killedAt(on.settings, command, point)).toMatchObject({ killed: true });
    }
    expect(await leopard(...command)).toMatchObject({ exitCode: 0 });
    await expectRestored(changed);
    await removeBefore();
  },
);
