import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CLASSIFIED_TABLES } from '../../src/backup/anonymised-columns.js';
import { unclassifiedColumns } from '../../src/backup/anonymiser.js';
import { withOwner } from '../../src/database/owner.js';
import { cliSurroundings, runCommand } from '../helpers/cli.js';
import { contents } from './contents.js';
import { BIRTHDAY, MARK, MARKED_FILE, markAgency } from './marked-agency.js';

let here: Awaited<ReturnType<typeof cliSurroundings>>;
let media: string;

beforeAll(async () => {
  here = await cliSurroundings();
  media = join(here.folder, 'media');
  await markAgency(here.database, media);
}, 60_000);
afterAll(() => here.close());

const sql = async <R extends object>(text: string): Promise<R[]> =>
  await withOwner(here.database.owner, async (client) => (await client.query(text)).rows as R[]);

/** Returns everything that the database and the folder of files hold of a tenant, as one text. */
async function everythingOf(schema: string): Promise<string> {
  const shared = await sql<{ row: string }>(
    `SELECT to_jsonb(t)::text AS row FROM public.tenants_tenant t WHERE schema_name = '${schema}'
     UNION ALL SELECT to_jsonb(d)::text FROM public.tenants_domain d JOIN public.tenants_tenant t ON t.id = d.tenant_id
       WHERE t.schema_name = '${schema}'
     UNION ALL SELECT to_jsonb(p)::text FROM public.event_pause p WHERE schema_name = '${schema}'`,
  );
  const folder = join(media, schema);
  const files = await readdir(folder, { recursive: true }).catch(() => []);
  const pictures = await Promise.all(files.map((name) => readFile(join(folder, name)).catch(() => '')));
  return [
    JSON.stringify(await contents(here.database.owner, schema)),
    ...shared.map(({ row }) => row),
    ...pictures,
  ].join('\n');
}

test('it is known of each column of a tenant whether it holds people’s data', async () => {
  expect(
    await withOwner(here.database.owner, (client) => unclassifiedColumns(client, 'tenant_main')),
  ).toEqual([]);
  const there = await sql<{ name: string }>(
    `SELECT relname || '.' || attname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE relnamespace = 'tenant_main'::regnamespace AND relkind = 'r' AND NOT attisdropped`,
  );
  const known = new Set(there.flatMap(({ name }) => [name, name.split('.')[0]]));
  const classified = Object.entries(CLASSIFIED_TABLES).flatMap(([table, columns]) =>
    columns === 'emptied' ? [table] : [table, ...Object.keys(columns).map((column) => `${table}.${column}`)],
  );
  expect(classified.filter((name) => !known.has(name))).toEqual([]);
});

test('a clone without people’s data holds no personal value of its source, and works', {
  timeout: 60_000,
}, async () => {
  const source = await everythingOf('tenant_main');
  const { exitCode, stdout, stderr } = await runCommand(here.settings, [
    ...['tenants', 'clone', 'main', 'sample', '--anonymise'],
  ]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout).toMatch(/^tenant sample is made: \d+ rows, 1 uploaded files, as of 2/);

  const clone = await everythingOf('tenant_sample');
  // As texts they would fill the screen.
  const found = (text: string, marks: readonly string[]) => marks.filter((mark) => text.includes(mark));
  const marks = [MARK, Buffer.from(MARK).toString('hex'), BIRTHDAY, '"enabled"'];
  expect(found(source, marks)).toEqual(marks);
  expect(found(clone, [...marks, MARK.toLowerCase()])).toEqual([]);
  expect((await everythingOf('tenant_main')) === source).toBe(true);

  // What is no person's stays, and what is searched is what is there.
  const [client] = await sql<Record<string, string>>(
    `SELECT to_jsonb(c) ->> 'dob' AS dob, last_name, email, phone_number,
       s.text = tenant_sample.search_text_of_client(first_name, middle_name, last_name, email, phone_number) AS "isFound",
       (SELECT file_size FROM tenant_sample.immigration_profilepicture WHERE client_id = c.id) AS size,
       (SELECT settings ->> 'time_zone' FROM public.tenants_tenant WHERE schema_name = 'tenant_sample') AS zone
     FROM tenant_sample.immigration_client c JOIN tenant_sample.client_search s ON s.client_id = c.id WHERE c.id = 900`,
  );
  const { length: size } = await readFile(join(media, 'tenant_sample', MARKED_FILE));
  expect(client).toEqual({
    ...{ dob: '1977-01-01', last_name: 'Family900', email: 'person900@example.invalid' },
    ...{ phone_number: '+999000000900', isFound: true, size, zone: 'Asia/Kathmandu' },
  });
  expect((await runCommand(here.settings, ['doctor'])).stdout).not.toMatch(/problem.*sample/);
});

test('a column that nobody has classified stops the clone, and nothing of it is left', {
  timeout: 30_000,
}, async () => {
  await sql('ALTER TABLE tenant_main.immigration_client ADD COLUMN nickname text');
  const { exitCode, stderr } = await runCommand(here.settings, [
    ...['tenants', 'clone', 'main', 'another', '--anonymise'],
  ]);
  await sql('ALTER TABLE tenant_main.immigration_client DROP COLUMN nickname');
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/whether immigration_client.nickname holds people's data/);
  expect(
    await sql(`SELECT nspname FROM pg_namespace WHERE nspname = 'tenant_another'
      UNION ALL SELECT rolname FROM pg_roles WHERE rolname = 'tenant_another'
      UNION ALL SELECT schema_name FROM public.tenants_tenant WHERE schema_name = 'tenant_another'`),
  ).toEqual([]);
});
