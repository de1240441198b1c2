import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SealedSecrets } from '../../src/auth/sealed-secrets.js';
import { cloneTenant } from '../../src/backup/portable/clone-tenant.js';
import { exportTenant } from '../../src/backup/portable/export-tenant.js';
import { exportTenant as finalExport } from '../../src/cli/export-tenant.js';
import type { ConnectionSettings } from '../../src/config/config.js';
import type { DatabaseHandle } from '../../src/database/connections.js';
import { readMigrations } from '../../src/database/migration-files.js';
import { withOwner } from '../../src/database/owner.js';
import { createTenant } from '../../src/provisioning/create-tenant.js';
import { deleteTenant, undeleteTenant } from '../../src/provisioning/delete-tenant.js';
import { listOperations } from '../../src/provisioning/operations/list.js';
import { purgeTenant } from '../../src/provisioning/purge-tenant.js';
import { renameTenant } from '../../src/provisioning/rename-tenant.js';
import { migrateAll } from '../../src/schema/migrator.js';
import { changeTenant } from '../../src/tenancy/tenant-changes.js';
import { cliSurroundings } from '../helpers/cli.js';
import { holdStart } from '../helpers/held-start.js';
import { orphans, tenantSums } from '../helpers/tenant-sums.js';

// Two operations on one tenant are begun at the same time. Whatever comes of it must be what comes of one after the other.

const hosts = { appSubdomain: 'immigrate', baseDomain: 'localhost' };
let on: Awaited<ReturnType<typeof cliSurroundings>>;
let handle: DatabaseHandle;
let media: string;
let exports: string;
let others: Record<string, string>;

beforeAll(async () => {
  on = await cliSurroundings();
  handle = { kind: 'server', app: on.database.app, owner: on.database.owner } as DatabaseHandle;
  [media, exports] = [join(on.folder, 'media'), join(on.folder, 'exports')];
  await mkdir(exports);
  others = await tenantSums(on.database.owner);
});
afterAll(() => on.close());

type Act = (tenant: string, owner?: ConnectionSettings) => Promise<unknown>;

const means = (owner: ConnectionSettings = on.database.owner) => ({
  ...{ handle, owner, appUser: on.database.app.user, hosts, mediaDirectory: media },
  ...{ secrets: new SealedSecrets(['a key for tests, long enough and like no other']) },
  exportTenant: finalExport(handle, media),
});
const schemaOf = (tenant: string) => `tenant_${tenant}`;
let count = 0;
let migrations = 0;

const acts = {
  create: (tenant, owner) => createTenant(means(owner), hosts, { tenant, name: `Agency ${++count}` }),
  delete: (tenant, owner) => {
    const file = join(exports, `${tenant}-${++count}.tar`);
    return deleteTenant(means(owner), schemaOf(tenant), { days: 30, file });
  },
  undelete: (tenant, owner) => undeleteTenant(means(owner), schemaOf(tenant)),
  purge: (tenant, owner) => purgeTenant(means(owner), schemaOf(tenant)),
  'purge, as it is due': (tenant, owner) =>
    purgeTenant(means(owner), schemaOf(tenant), { dueAt: '2100-01-01T00:00:00Z' }),
  rename: (tenant, owner) => renameTenant(means(owner), hosts, schemaOf(tenant), `${tenant}_y`),
  'rename to z': (tenant, owner) => renameTenant(means(owner), hosts, schemaOf(tenant), `${tenant}_z`),
  clone: (tenant, owner) =>
    cloneTenant(means(owner), schemaOf(tenant), `${schemaOf(tenant)}_c`, {
      ...{ isAnonymised: false, domains: [], withFiles: true },
    }),
  export: (tenant) =>
    exportTenant(on.database.owner, schemaOf(tenant), `${exports}/${tenant}-out-${++count}.tar`, {
      mediaDirectory: media,
    }),
  suspend: (tenant) => changeTenant(on.database.owner, schemaOf(tenant), { status: 'SUSPENDED' }),
  migrate: async () => {
    const files = readMigrations();
    const last = files.tenant.at(-1)!;
    const number = last.number + 1;
    const sql = 'CREATE TABLE IF NOT EXISTS of_a_pair (id bigint PRIMARY KEY)';
    const tenant = [...files.tenant, { ...last, number, name: 'of_a_pair', checksum: 'of a pair', sql }];
    migrations++;
    const { failures } = await migrateAll(on.database.owner, on.database.app.user, {
      files: { ...files, tenant },
      capture: null,
    });
    if (failures.length > 0) throw new Error(failures.map(({ error }) => error).join(' '));
  },
} satisfies Record<string, Act>;
type Kind = keyof typeof acts;
const run = (kind: Kind, tenant: string, owner?: ConnectionSettings) => (acts[kind] as Act)(tenant, owner);

/** Returns the tenants of a test, each by the end of its name, and in which state. */
async function stateOf(tenant: string): Promise<string[]> {
  const { rows } = await withOwner(on.database.owner, (client) =>
    client.query<{ found: string }>(
      `SELECT concat_ws(' ', 'x' || substr(t.schema_name, length($1) + 1), lower(nullif(subscription_status, 'TRIAL')),
                CASE WHEN d.schema_name IS NOT NULL THEN 'deleted' END) AS found
       FROM public.tenants_tenant t LEFT JOIN public.tenant_deletion d USING (schema_name)
       WHERE t.schema_name = $1 OR starts_with(t.schema_name, $1 || '_') ORDER BY t.schema_name`,
      [schemaOf(tenant)],
    ),
  );
  return rows.map(({ found }) => found);
}

/** Makes a tenant with a file, deleted or not. */
async function make(tenant: string, isDeleted: boolean): Promise<void> {
  await run('create', tenant);
  const folder = join(media, schemaOf(tenant), 'profile-pictures');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'a.png'), 'picture');
  if (isDeleted) await deleteTenant(means(), schemaOf(tenant), { days: 30, file: null });
}

/** Returns the checksums of the tenants that no test here touches. */
async function othersNow(): Promise<Record<string, string>> {
  const { rows } = await withOwner(on.database.owner, (client) =>
    client.query<{ schema: string }>(
      "SELECT schema_name AS schema FROM public.tenants_tenant WHERE schema_name NOT IN ('tenant_main', 'tenant_demo')",
    ),
  );
  return await tenantSums(
    on.database.owner,
    rows.map(({ schema }) => schema),
  );
}

/** Expects that no operation is left, nothing belongs to nobody, no other tenant has changed, and each has its file. */
async function expectOrder(tenant: string, hasFile = true): Promise<void> {
  const { owner } = on.database;
  expect(await listOperations(owner)).toEqual([]);
  expect(await orphans(owner, media)).toEqual([]);
  expect((await readdir(exports)).filter((name) => !name.endsWith('.tar'))).toEqual([]);
  if (migrations === 0) expect(await othersNow()).toEqual(others);
  if (!hasFile) return;
  const own = (await stateOf(tenant)).map((found) => schemaOf(tenant) + found.split(' ')[0]!.slice(1));
  for (const schema of own)
    expect(existsSync(join(media, schema, 'profile-pictures', 'a.png')), schema).toBe(true);
}

/** Refusals, each with what to do or the plain reason. */
const REFUSED = new RegExp(
  [
    'try again when it is done',
    'wait for it',
    'there is no tenant with the schema',
    'is deleted(?: already)?; ?bring it back',
    'is not deleted$',
    'not to be removed any more',
    'there is a tenant with the schema \\S+ already; choose another',
    'try again',
  ].join('|'),
);

describe('begun at the same time', () => {
  const pairs: readonly {
    readonly pair: readonly [Kind, Kind];
    /** What may be at last, once what was refused is tried again. */
    readonly ends: readonly (readonly string[])[];
    readonly isDeleted?: true;
  }[] = [
    { pair: ['delete', 'export'], ends: [['x deleted']] },
    { pair: ['delete', 'delete'], ends: [['x deleted']] },
    { pair: ['delete', 'rename'], ends: [['x deleted'], ['x_y deleted'], ['x_y']] },
    {
      pair: ['clone', 'delete'],
      ends: [
        ['x deleted', 'x_c'],
        ['x deleted', 'x_c deleted'],
      ],
    },
    { pair: ['rename', 'clone'], ends: [['x_c', 'x_y'], ['x_y']] },
    { pair: ['rename', 'rename to z'], ends: [['x_y'], ['x_z']] },
    { pair: ['export', 'rename'], ends: [['x_y']] },
    {
      pair: ['suspend', 'clone'],
      ends: [
        ['x suspended', 'x_c'],
        ['x suspended', 'x_c suspended'],
      ],
    },
    { pair: ['undelete', 'purge, as it is due'], ends: [['x'], []], isDeleted: true },
    { pair: ['purge', 'create'], ends: [['x'], []], isDeleted: true },
    { pair: ['rename', 'migrate'], ends: [['x_y']] },
  ];
  // Which one is first is drawn, as the time between them is: both orders are run sooner or later.
  const cases = pairs.map(({ pair: [one, other], ...rest }, index) => ({
    ...(Math.random() < 0.5 ? { first: one, second: other } : { first: other, second: one }),
    ...{ ...rest, index, wait: Math.round(Math.random() * 60) },
  }));

  it.each(cases)(
    '$first, and $wait ms later $second',
    async ({ first, second, ends, isDeleted = false, index, wait }) => {
      const tenant = `pair_${index}`;
      await make(tenant, isDeleted);
      const later = async () => {
        await sleep(wait);
        return await run(second, tenant);
      };
      const results = await Promise.allSettled([run(first, tenant), later()]);
      const refused = results.flatMap((result, place) =>
        result.status === 'rejected'
          ? [{ kind: [first, second][place]!, error: result.reason as Error }]
          : [],
      );
      for (const { error } of refused) expect(error.message).toMatch(REFUSED);
      expect(refused.length).toBeLessThan(2);
      // What was refused works now, or is refused as it is after the other one.
      for (const { kind } of refused)
        await run(kind, tenant).catch((error: Error) => expect(error.message).toMatch(REFUSED));
      expect(ends).toContainEqual(await stateOf(tenant));
      await expectOrder(tenant, first !== 'create' && second !== 'create');
    },
  );
});

describe('one that was begun before another one and comes after it', () => {
  it.each<{ late: Kind; early: Kind; refused: RegExp; end: string[]; isDeleted?: true }>([
    { late: 'delete', early: 'delete', refused: /is deleted already/, end: ['x deleted'] },
    { late: 'rename', early: 'rename to z', refused: /there is no tenant with the schema/, end: ['x_z'] },
    { late: 'rename', early: 'delete', refused: /is deleted; bring it back first/, end: ['x deleted'] },
    {
      ...{ late: 'undelete', early: 'purge', refused: /there is no tenant with the schema/, end: [] },
      isDeleted: true,
    },
    {
      ...{
        late: 'purge, as it is due',
        early: 'undelete',
        refused: /not to be removed any more/,
        end: ['x'],
      },
      isDeleted: true,
    },
  ])('$late after $early', async ({ late, early, refused, end, isDeleted = false }) => {
    const tenant = `late_${++count}`;
    await make(tenant, isDeleted);
    const way = await holdStart(on.database.owner);
    try {
      const result = run(late, tenant, way.settings).catch((error: Error) => error.message);
      await way.waits;
      await run(early, tenant);
      way.goOn();
      expect(await result).toMatch(refused);
    } finally {
      await way.close();
    }
    expect(await stateOf(tenant)).toEqual(end);
    await expectOrder(tenant);
  });
});
