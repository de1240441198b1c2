import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readMigrations } from '../../src/database/migration-files.js';
import { inTransaction, withOwner } from '../../src/database/owner.js';
import { createTenantSchema } from '../../src/provisioning/tenant-schema.js';
import { lockPublic } from '../../src/schema/locking.js';
import { type CommandResult, runCommand, settingsFor } from '../helpers/cli.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';
import { introspect } from '../schema/introspection.js';
import { contents } from './contents.js';

interface Installation {
  readonly database: TestDatabase;
  readonly folder: string;
  readonly settings: NodeJS.ProcessEnv;
}

const SHARED = ['auth_user', 'auth_group', 'immigration_event_processing_control', 'log_retention'];
const PICTURE = 'profile-pictures/0a1b2c3d-0000-4000-8000-000000000001.png';

let from: Installation;
let platform: string;
const targets: TestDatabase[] = [];

beforeAll(async () => {
  const database = await testDatabase({ from: 'empty' });
  const folder = await mkdtemp(join(tmpdir(), 'leopard-backup-'));
  const settings = settingsFor(database, folder);
  from = { database, folder, settings };
  expect((await runCommand(settings, ['seed', 'demo'])).exitCode).toBe(0);
  await runCommand(settings, [
    'create_super_super_admin',
    '--email',
    'operator@platform.example',
    '--password',
    'zebra-Crossing-42',
  ]);
  await withOwner(database.owner, async (client) => {
    await client.query(`SET search_path TO tenant_main;
      INSERT INTO webhook_endpoint (url, secret) VALUES ('https://hooks.example/x', 'whsec');
      INSERT INTO delivery (kind, endpoint_id, destination, body, event_type)
        VALUES ('webhook', 1, '1', E'tab\\t line\\n back\\\\slash \\u00e9', 'Client.CREATE');
      INSERT INTO account_link (user_id, purpose, nonce, token_hash, email, password_hash, expires_at)
        VALUES (1, 'reset', gen_random_uuid(), '\\x000aff5c'::bytea, 'a@b.example', '\\x00'::bytea, now());
      INSERT INTO public.event_pause (schema_name, reason) VALUES ('tenant_main', 'a pause');
      INSERT INTO public.event_pause (handler, reason) VALUES ('webhook', 'everywhere')`);
  });
  const pictures = join(folder, 'media', 'tenant_main', 'profile-pictures');
  await mkdir(pictures, { recursive: true });
  await writeFile(join(folder, 'media', 'tenant_main', PICTURE), Buffer.alloc(3_000_000, 'picture'));
  platform = join(folder, 'platform.tar');
  done(await runCommand(settings, ['backup', '--to', platform]));
}, 120_000);
afterAll(async () => {
  for (const target of [...targets, from.database]) await target.drop();
  await rm(from.folder, { recursive: true });
});

function done({ exitCode, stdout, stderr }: CommandResult): string {
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout;
}

/** Creates an empty database with a folder of its own, as another installation of the program has. */
async function elsewhere(name: string): Promise<Installation> {
  const database = await testDatabase({ from: 'empty' });
  targets.push(database);
  const folder = join(from.folder, name);
  await mkdir(folder);
  return { database, folder, settings: settingsFor(database, folder) };
}

/** Returns all of a schema except its rows, which `contents` returns. */
const schemaOf = (database: TestDatabase, schema: string) =>
  withOwner(database.owner, async (client) => ({ ...(await introspect(client, schema)), rows: null }));

test('a backup is a file for its owner only, under its name when it is complete', async () => {
  expect((await stat(platform)).mode & 0o777).toBe(0o600);
  expect((await readdir(from.folder)).filter((name) => name.endsWith('.part'))).toEqual([]);
});

test('of two restores at once one goes on, and what somebody creates meanwhile is not written over', {
  timeout: 120_000,
}, async () => {
  const { database, settings } = await elsewhere('twice');
  done(await runCommand(settings, ['migrate', '--shared']));
  const operators = (text: string) => withOwner(database.owner, (client) => client.query(text));
  const restore = () => runCommand(settings, ['restore', platform]);
  let restoring: Promise<CommandResult>;
  let second: CommandResult;
  await withOwner(database.owner, (client) =>
    inTransaction(client, async () => {
      await lockPublic(client);
      restoring = restore();
      await expect.poll(async () => (await restorers(database)).length, { timeout: 30_000 }).toBe(1);
      second = await restore();
      await operators(`INSERT INTO public.auth_user (username) VALUES ('somebody')`);
    }),
  );
  expect(second!.stderr).toMatch(/^another process is restoring a backup into this database/);
  expect((await restoring!).stderr).toMatch(/^the database is not empty: it has 1 operator/);
  await operators('DELETE FROM public.auth_user');
  expect(done(await restore())).toMatch(/^restored 2 tenants/);
});

/** Returns the sessions that restore a platform. */
const restorers = ({ admin, owner }: TestDatabase) =>
  withOwner(
    admin,
    async (client) =>
      (
        await client.query(
          `SELECT pid FROM pg_locks l JOIN pg_database d ON d.oid = l.database
           WHERE d.datname = $1 AND locktype = 'advisory' AND objid = 7236072`,
          [owner.database],
        )
      ).rows,
  );

test('a platform is restored into an empty database as it was: rows, schema, files, operators', {
  timeout: 120_000,
}, async () => {
  const { database, folder, settings } = await elsewhere('whole');
  const rehearsal = done(await runCommand(settings, ['restore', platform, '--dry-run']));
  expect(rehearsal).toMatch(/tenant_main: \d+ rows, 1 uploaded files, as of 2/);
  expect(rehearsal).toMatch(/can be restored here; nothing was changed$/);
  expect(done(await runCommand(settings, ['restore', platform]))).toMatch(
    /^restored 2 tenants: \d+ rows, 1 /,
  );
  for (const schema of ['tenant_main', 'tenant_demo']) {
    expect(await contents(database.owner, schema)).toEqual(await contents(from.database.owner, schema));
  }
  expect(await schemaOf(database, 'tenant_main')).toEqual(await schemaOf(from.database, 'tenant_main'));
  expect(await contents(database.owner, 'public', SHARED)).toEqual(
    await contents(from.database.owner, 'public', SHARED),
  );
  const pauses = (await contents(database.owner, 'public', ['event_pause'])).event_pause!;
  expect(pauses.map((row) => /"?(a pause|everywhere)/.exec(row)?.[1]).sort()).toEqual([
    'a pause',
    'everywhere',
  ]);
  const picture = (media: string) => readFile(join(media, 'media', 'tenant_main', PICTURE));
  expect((await picture(folder)).equals(await picture(from.folder))).toBe(true);
  const { stdout } = await runCommand(settings, ['doctor']);
  expect(stdout).not.toMatch(/problem/);
  // What waits in the queues is what waited.
  for (const table of ['delivery_queue', 'event_queue']) {
    const count = (owner: typeof database.owner) =>
      withOwner(
        owner,
        async (client) => (await client.query(`SELECT count(*) FROM public.${table}`)).rows[0],
      );
    expect(await count(database.owner)).toEqual(await count(from.database.owner));
  }
  // Identity columns go on after the last value that was given.
  const next = (owner: typeof database.owner) =>
    withOwner(
      owner,
      async (client) =>
        (await client.query(`SELECT nextval('tenant_main.immigration_client_id_seq')`)).rows[0],
    );
  expect(await next(database.owner)).toEqual(await next(from.database.owner));
  expect(done(await runCommand(settings, ['migrate']))).toMatch(/^nothing to do/);
});

test('a restore ends all log-ins, unless they are to be kept', async () => {
  const one = join(from.folder, 'demo.tar');
  done(await runCommand(from.settings, ['backup', '--schema', 'demo', '--to', one]));
  const createdAt = async (options: string[]) => {
    const { database, settings } = await elsewhere(`logins-${options.length}`);
    done(await runCommand(settings, ['restore', one, ...options]));
    return (await contents(database.owner, 'public', ['tenants_tenant'])).tenants_tenant![0]!.match(
      /2\d{3}-[^"]+/,
    )![0];
  };
  const before = (await contents(from.database.owner, 'public', ['tenants_tenant'])).tenants_tenant!.find(
    (row) => row.includes('tenant_demo'),
  )!;
  expect(before).toContain(await createdAt(['--keep-logins']));
  expect(before).not.toContain(await createdAt([]));
});

test('a database that is not empty is not touched', async () => {
  const { settings, database } = await elsewhere('used');
  done(await runCommand(settings, ['migrate']));
  done(await runCommand(settings, ['tenants', 'create', '--name', 'Other', '--tenant', 'other']));
  const before = await contents(database.owner, 'public');
  for (const options of [[], ['--dry-run']]) {
    const { exitCode, stderr } = await runCommand(settings, ['restore', platform, ...options]);
    expect([exitCode, stderr]).toEqual([
      1,
      expect.stringMatching(/^the database is not empty: it has 1 tenant; /),
    ]);
  }
  expect(await contents(database.owner, 'public')).toEqual(before);

  // One tenant is restored beside others, but not over itself.
  done(await runCommand(settings, ['restore', platform, '--schema', 'main']));
  expect(await contents(database.owner, 'tenant_main')).toEqual(
    await contents(from.database.owner, 'tenant_main'),
  );
  for (const options of [[], ['--dry-run']]) {
    const again = await runCommand(settings, ['restore', platform, '--schema', 'main', ...options]);
    expect([again.exitCode, again.stderr]).toEqual([1, expect.stringMatching(/^there is a tenant main, /)]);
  }
});

test('a tenant is restored beside itself under another name, and sends nothing', async () => {
  const { settings, database } = from;
  const output = done(
    await runCommand(settings, ['restore', platform, '--schema', 'main', '--as', 'main_before', '--json']),
  );
  expect(JSON.parse(output)).toMatchObject({ scopes: ['tenant_main_before'], files: 1 });
  const tenants = JSON.parse(done(await runCommand(settings, ['tenants', 'list', '--json'])));
  expect(tenants.find(({ tenant }: { tenant: string }) => tenant === 'main_before')).toMatchObject({
    name: expect.stringMatching(/ \(main_before\)$/),
    domains: [{ domain: 'main-before-immigrate.localhost' }, { domain: 'main-before.localhost' }],
  });
  const [then, now] = [
    await contents(database.owner, 'tenant_main_before'),
    await contents(database.owner, 'tenant_main'),
  ];
  const { delivery, webhook_endpoint: endpoints, ...others } = then;
  expect(delivery![0]).toContain('CANCELLED');
  expect(endpoints![0]).toContain('restored under another name');
  const changed = Object.keys(others).filter((table) => String(others[table]) !== String(now[table]));
  expect(changed).toEqual(['audit_entry']);
  done(await runCommand(settings, ['tenants', 'delete', '--tenant', 'main_before', '--force']));
});

test('a tenant of an earlier version is restored as it was, then migrated', async () => {
  const files = readMigrations();
  const earlier = { ...files, tenant: files.tenant.slice(0, -4) };
  const { database, settings, folder } = from;
  const tenant = { schema: 'tenant_old', name: 'Old', domains: [{ domain: 'old.example', isPrimary: true }] };
  await createTenantSchema(database.owner, database.app.user, tenant, { files: earlier });
  const file = join(folder, 'old.tar');
  done(await runCommand(settings, ['backup', '--schema', 'old', '--to', file]));
  done(await runCommand(settings, ['tenants', 'delete', '--tenant', 'old', '--force']));
  done(await runCommand(settings, ['restore', file]));
  const pending = done(
    await runCommand(settings, ['showmigrations', '--schema', 'old', '--pending', '--json']),
  );
  expect(JSON.parse(pending)).toEqual([]);
  expect(await schemaOf(database, 'tenant_old')).toEqual(await schemaOf(database, 'tenant_demo'));
  done(await runCommand(settings, ['tenants', 'delete', '--tenant', 'old', '--force']));
});

test('a lost schema comes back under the row and domains that the tenant has', async () => {
  const { database, settings } = from;
  const before = await contents(database.owner, 'tenant_demo');
  await withOwner(database.owner, (client) => client.query('DROP SCHEMA tenant_demo CASCADE'));
  const broken = await runCommand(settings, ['backup', '--to', join(from.folder, 'broken.tar')]);
  expect([broken.exitCode, broken.stderr]).toEqual([
    1,
    expect.stringMatching(/^the backup is without demo: /),
  ]);
  done(await runCommand(settings, ['restore', platform, '--schema', 'demo']));
  expect(await contents(database.owner, 'tenant_demo')).toEqual(before);
});

test('a damaged or incomplete backup is recognised, and leaves nothing behind', async () => {
  const { database, settings, folder } = await elsewhere('damaged');
  const whole = await readFile(platform);
  const header = whole.indexOf('tenant_main/tables/immigration_client/');
  const spoilt = Buffer.from(whole);
  spoilt[header + 512 + 40]! ^= 0xff;
  const cases: [Buffer, RegExp][] = [
    [Buffer.from('not a backup'), /incomplete|no backup/],
    [whole.subarray(0, whole.length - 4096), /incomplete: it(s end is missing| ends too early)/],
    [spoilt, /immigration_client.* is damaged|the rows of immigration_client/],
  ];
  for (const [content, reason] of cases) {
    const file = join(folder, 'damaged.tar');
    await writeFile(file, content);
    for (const options of [['--dry-run'], ['--schema', 'main']]) {
      if (content.length === whole.length - 4096 && options[0] === '--schema') continue; // the tenant is whole
      const { exitCode, stderr } = await runCommand(settings, ['restore', file, ...options]);
      expect([exitCode, stderr]).toEqual([1, expect.stringMatching(reason)]);
    }
  }
  expect(await contents(database.owner, 'tenant_main')).toEqual({});
  expect(await readdir(folder)).not.toContain('media');
});
