import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBackup } from '../../src/backup/newest-backups.js';
import { readTar } from '../../src/backup/tar.js';
import { withOwner } from '../../src/database/owner.js';
import { type CommandResult, cliSurroundings, runCommand, settingsFor } from '../helpers/cli.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';
import { contents } from './contents.js';
import { MARK, MARKED_FILE, markAgency } from './marked-agency.js';

let here: Awaited<ReturnType<typeof cliSurroundings>>;
let there: TestDatabase;
let elsewhere: NodeJS.ProcessEnv;
let file: string;

beforeAll(async () => {
  here = await cliSurroundings();
  await markAgency(here.database, join(here.folder, 'media'));
  await withOwner(here.database.owner, (client) =>
    client.query(`SET search_path TO tenant_main;
      INSERT INTO immigration_note (content, client_id, author_id) SELECT 'note ' || n, 900, 900 FROM generate_series(1, 500) n;
      UPDATE immigration_note SET content = 'changed' WHERE id % 7 = 0;
      INSERT INTO webhook_endpoint (url, secret) VALUES ('https://hooks.example/x', 'whsec');
      INSERT INTO delivery (kind, endpoint_id, destination, body, event_type)
        SELECT 'webhook', max(id), max(id)::text, '{}', 'Client.CREATE' FROM webhook_endpoint`),
  );
  there = await testDatabase({ from: 'empty' });
  const folder = join(here.folder, 'there');
  await mkdir(folder);
  elsewhere = settingsFor(there, folder);
  file = join(here.folder, 'main.tar');
}, 60_000);
afterAll(async () => {
  await there.drop();
  await here.close();
});

function done({ exitCode, stdout, stderr }: CommandResult): string {
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout;
}

const onto = async <R extends object>(database: TestDatabase, text: string): Promise<R[]> =>
  await withOwner(database.owner, async (client) => (await client.query(text)).rows as R[]);

/** Counts what an import could make: events, notifications, mails and webhooks. */
const made = (database: TestDatabase, schema: string) =>
  onto(
    database,
    `SELECT (SELECT count(*) FROM ${schema}.immigration_event) AS events,
       (SELECT count(*) FROM ${schema}.immigration_notification) AS notifications,
       (SELECT count(*) FROM ${schema}.delivery) AS deliveries`,
  );

/** Returns the entries of a file with their content, as it is stored. */
async function entriesOf(path: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const entry of readTar(openBackup(path))) {
    if (/\.json$/.test(entry.name)) continue; // with moments and ids
    found.set(entry.name, (await entry.read(1 << 24)).toString('base64'));
  }
  return found;
}

test('an export is the same each time: rows come in a stable order', { timeout: 30_000 }, async () => {
  const report = JSON.parse(
    done(await runCommand(here.settings, ['tenants', 'export', 'main', '--to', file, '--json'])),
  );
  expect(report).toMatchObject({ tenant: 'main', file, files: 1 });
  // What is written anew comes last in the table, and does in the file's order only where it belongs.
  await onto(here.database, 'UPDATE tenant_main.immigration_note SET content = content WHERE id % 3 = 0');
  const again = join(here.folder, 'again.tar');
  done(await runCommand(here.settings, ['tenants', 'export', 'main', '--to', again]));
  const first = await entriesOf(file);
  expect(first.size).toBeGreaterThan(50);
  expect([...(await entriesOf(again))].filter(([name, content]) => first.get(name) !== content)).toEqual([]);
});

test('an import into another server brings back all rows and files, and makes and sends nothing', {
  timeout: 60_000,
}, async () => {
  done(await runCommand(elsewhere, ['migrate']));
  expect(done(await runCommand(elsewhere, ['tenants', 'import', file, '--dry-run']))).toMatch(
    /can be imported as main; nothing was changed$/,
  );
  expect(await onto(there, 'SELECT FROM public.tenants_tenant')).toEqual([]);
  expect(done(await runCommand(elsewhere, ['tenants', 'import', file]))).toMatch(
    /^tenant main is imported: \d+ rows, 1 uploaded files, as of 2/,
  );
  const [from, to] = [
    await contents(here.database.owner, 'tenant_main'),
    await contents(there.owner, 'tenant_main'),
  ];
  // Switching off leaves its trace in the log of changes.
  const silenced = ['webhook_endpoint', 'delivery', 'audit_entry'];
  for (const [table, rows] of Object.entries(from))
    if (!silenced.includes(table)) expect([table, to[table]]).toEqual([table, rows]);
  expect(await made(there, 'tenant_main')).toEqual(await made(here.database, 'tenant_main'));
  expect(await onto(there, 'SELECT DISTINCT is_active FROM tenant_main.webhook_endpoint')).toEqual([
    { is_active: false },
  ]);
  expect(
    await onto(there, "SELECT settings #>> '{email,enabled}' AS enabled FROM public.tenants_tenant"),
  ).toEqual([{ enabled: 'false' }]);
  expect(await onto(there, 'SELECT FROM public.delivery_queue')).toEqual([]);
  const picture = await readFile(join(here.folder, 'there', 'media', 'tenant_main', MARKED_FILE), 'utf8');
  expect(picture).toBe(`a picture of ${MARK}`);
  // Identity columns go on after the last value given.
  const next = (database: TestDatabase) =>
    onto(database, "SELECT pg_sequence_last_value('tenant_main.immigration_note_id_seq') AS last");
  expect(await next(there)).toEqual(await next(here.database));
  expect((await runCommand(elsewhere, ['doctor'])).stdout).not.toMatch(/problem/);
});

test('an import takes no name and no domain that is taken, and leaves nothing then', {
  timeout: 30_000,
}, async () => {
  const refused = async (...args: string[]) => {
    const { exitCode, stderr } = await runCommand(here.settings, ['tenants', 'import', ...args]);
    expect(exitCode).toBe(1);
    return stderr;
  };
  expect(await refused(file)).toMatch(/^there is a tenant main/);
  expect(await refused(file, '--as', 'twin', '--domain', 'demo.localhost')).toMatch(/demo\.localhost/);
  const damaged = join(here.folder, 'damaged.tar');
  const content = await readFile(file);
  await writeFile(damaged, content.fill(7, content.length / 2, content.length / 2 + 600));
  expect(await refused(damaged, '--as', 'twin')).toMatch(/damaged|another|not those/);
  expect(await refused(here.folder)).toMatch(/is a folder/);
  expect(
    await onto(
      here.database,
      `SELECT rolname FROM pg_roles WHERE rolname = 'tenant_twin' UNION ALL
       SELECT nspname FROM pg_namespace WHERE nspname = 'tenant_twin' UNION ALL
       SELECT kind FROM public.tenant_operation WHERE finished_at IS NULL`,
    ),
  ).toEqual([]);
  expect(existsSync(join(here.folder, 'media', 'tenant_twin'))).toBe(false);
});

test('under another name it has domains of its own, and what it holds of its name is the new one', {
  timeout: 30_000,
}, async () => {
  const args = ['tenants', 'import', file, '--as', 'twin', '--domain', 'Twin.Example.', '--json'];
  const { stdout, stderr } = await runCommand(here.settings, args);
  expect(stderr).toMatch(/^1 second factors were sealed with another SECRET_KEY/);
  expect(JSON.parse(stdout)).toMatchObject({ tenant: 'twin', files: 1, unreadable_second_factors: 1 });
  const domains = await onto<{ domain: string }>(
    here.database,
    `SELECT domain FROM public.tenants_domain d JOIN public.tenants_tenant t ON t.id = tenant_id
     WHERE schema_name = 'tenant_twin' ORDER BY is_primary DESC, domain`,
  );
  expect(domains.map(({ domain }) => domain)).toEqual([
    'twin-immigrate.localhost',
    'twin.example',
    'twin.localhost',
  ]);
  expect(
    await onto(here.database, 'SELECT DISTINCT tenant_schema FROM tenant_twin.immigration_event'),
  ).toEqual([{ tenant_schema: 'tenant_twin' }]);
});
