import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fileSink } from '../../src/backup/backup-output.js';
import { checkBackup } from '../../src/backup/check-backup.js';
import { openBackup } from '../../src/backup/newest-backups.js';
import { restoreBackup } from '../../src/backup/restore-backup.js';
import { makeDueBackups } from '../../src/backup/scheduled-backups.js';
import { writeBackup } from '../../src/backup/write-backup.js';
import { withOwner } from '../../src/database/owner.js';
import { cliSurroundings, runCommand } from '../helpers/cli.js';

const PICTURE = 'profile-pictures/0a1b2c3d-0000-4000-8000-000000000001.png';
const CONTENT = Buffer.alloc(1_000_000, 'picture');
const DROP = 'DROP SCHEMA tenant_main CASCADE';

let from: Awaited<ReturnType<typeof cliSurroundings>>;
let backup: string;

const media = () => join(from.folder, 'media');
const picture = () => join(media(), 'tenant_main', PICTURE);
const owner = () => from.database.owner;
const asOwner = (sql: string) => withOwner(owner(), (client) => client.query(sql));
const restore = (source: AsyncIterable<Buffer>, as: { schema: string; domains: string[] } | null = null) =>
  restoreBackup(
    owner(),
    from.database.app.user,
    source,
    { schema: 'tenant_main', as },
    { mediaDirectory: media() },
  );

const WAITING =
  "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
/** Locks of tenants are asked for again and again, since who waits for them holds up indexes that are being built. */
const ASKING = `SELECT FROM pg_stat_activity
  WHERE query LIKE '%pg_try_advisory_xact_lock%' AND datname = current_database() AND pid <> pg_backend_pid()`;
const oneAsksForLock = () => expect.poll(async () => (await asOwner(ASKING)).rowCount).toBe(1);
const oneWaitsForLock = () => expect.poll(async () => (await asOwner(WAITING)).rowCount).toBe(1);

beforeAll(async () => {
  from = await cliSurroundings();
  await mkdir(join(picture(), '..'), { recursive: true });
  await writeFile(picture(), CONTENT);
  backup = join(from.folder, 'main.tar');
  await writeBackup(owner(), await fileSink(backup), { schema: 'tenant_main', mediaDirectory: media() });
});
afterAll(async () => await from.close());

test('a damaged backup leaves the uploaded files of a tenant whose schema is lost as they are', async () => {
  await asOwner(DROP);
  const spoilt = await readFile(backup);
  spoilt[spoilt.indexOf(PICTURE) + 1000]! ^= 1;
  const file = join(from.folder, 'spoilt.tar');
  await writeFile(file, spoilt);
  await expect(restore(openBackup(file))).rejects.toThrow(/is not as it was backed up/);
  expect((await readFile(picture())).equals(CONTENT)).toBe(true);
  await restore(openBackup(backup));
});

test('a restore that comes second takes no files of the first away', async () => {
  await asOwner(
    `DROP SCHEMA IF EXISTS tenant_main CASCADE; DELETE FROM public.tenants_tenant WHERE schema_name = 'tenant_main'`,
  );
  await rm(join(media(), 'tenant_main'), { recursive: true });
  const amidTables = (await readFile(backup)).lastIndexOf('.copy.gz');
  let reached: () => void = () => undefined;
  const atTables = new Promise<void>((resolve) => {
    reached = resolve;
  });
  let goOn: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  async function* slowly() {
    let read = 0;
    for await (const piece of createReadStream(backup, { highWaterMark: 1 << 12 })) {
      read += piece.length;
      if (read > amidTables) {
        reached();
        await gate;
      }
      yield piece as Buffer;
    }
  }
  const first = restore(slowly());
  await atTables;
  const second = restore(openBackup(backup)).catch((error: Error) => error);
  await oneAsksForLock();
  goOn();
  await first;
  expect(await second).toBeInstanceOf(Error);
  expect((await readFile(picture())).equals(CONTENT)).toBe(true);
});

test('a table that is being rewritten when its backup begins is in it with all its rows', async () => {
  await asOwner(
    "INSERT INTO tenant_main.webhook_endpoint (url, secret) VALUES ('https://hooks.example/x', 's')",
  );
  const file = join(from.folder, 'during.tar');
  const write = async () => {
    const sink = await fileSink(file);
    return (await writeBackup(owner(), sink, { schema: 'tenant_main', mediaDirectory: null })).rows;
  };
  const before = await write();
  await withOwner(owner(), async (migrating) => {
    await migrating.query(
      'BEGIN; ALTER TABLE tenant_main.webhook_endpoint ADD extra uuid DEFAULT gen_random_uuid()',
    );
    const during = write();
    await oneWaitsForLock();
    await migrating.query('COMMIT');
    expect(await during).toBe(before);
  });
  await asOwner('ALTER TABLE tenant_main.webhook_endpoint DROP extra');
});

test('an edited first entry of a section is recognised', async () => {
  const spoilt = await readFile(backup);
  const at = spoilt.indexOf('"lastValue": "') + '"lastValue": "'.length;
  spoilt[at] = spoilt[at] === 0x39 ? 0x31 : 0x39;
  const file = join(from.folder, 'edited.tar');
  await writeFile(file, spoilt);
  await expect(checkBackup(openBackup(file))).rejects.toThrow(/begin.json is damaged/);
  await asOwner(DROP);
  await expect(restore(openBackup(file))).rejects.toThrow(/begin.json is damaged/);
  await restore(openBackup(backup));
});

test('a section is not restored to another place than its name says', async () => {
  const text = (await readFile(backup)).toString('latin1');
  const edited = Buffer.from(text.replace('"scope": "tenant_main"', '"scope": "tenant_mine"'), 'latin1');
  const file = join(from.folder, 'elsewhere.tar');
  await writeFile(file, edited);
  await expect(checkBackup(openBackup(file))).rejects.toThrow(/begin.json is damaged/);
});

test('a tenant is not restored to the domains of another one whose schema is lost', async () => {
  await asOwner('DROP SCHEMA tenant_demo CASCADE');
  await expect(
    restore(openBackup(backup), { schema: 'tenant_demo', domains: ['demo.localhost'] }),
  ).rejects.toThrow(/there is a tenant demo, whose schema is missing/);
});

test('the shared tables alone are no tenant', async () => {
  const file = join(from.folder, 'public.tar');
  await writeBackup(owner(), await fileSink(file), { schema: 'public', mediaDirectory: null });
  for (const options of [[], ['--as', 'copy'], ['--schema', 'main']]) {
    const { exitCode, stderr } = await runCommand(from.settings, ['restore', file, ...options]);
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/shared tables alone|does not hold/)]);
  }
});

test('a backup replaces nothing but a file: no device, such as /dev/null, and no socket', async () => {
  const socket = join(from.folder, 'socket');
  const server = createServer().listen(socket);
  await once(server, 'listening');
  const { exitCode, stderr } = await runCommand(from.settings, ['backup', '--to', socket]);
  server.close();
  expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/neither a file nor a folder/)]);
});

test('a file that was left by a killed process with the id of this one is removed', async () => {
  const host = hostname().split('.')[0];
  const left = join(from.folder, `x.tar.${host}.${process.pid}.0123abcd.part`);
  await writeFile(left, '');
  const sink = await fileSink(join(from.folder, 'y.tar'));
  const names = await readdir(from.folder);
  expect(names.filter((name) => name.endsWith('.part'))).toEqual([expect.stringMatching(/^y\.tar/)]);
  await fileSink(join(from.folder, 'z.tar')).then(({ discard }) => discard());
  await sink.finish();
  expect(await readdir(from.folder)).toContain('y.tar');
});

test('a backup of the future and an unfinished restore do not stop backups in silence', async () => {
  const folder = join(from.folder, 'scheduled');
  await mkdir(folder);
  await writeFile(join(folder, 'tenant_main-20990101T000000Z.tar'), '');
  const settings = {
    mediaDirectory: media(),
    backups: { directory: folder, everyHours: 24, keepDays: 30, withFiles: true },
  };
  const signal = new AbortController().signal;
  await asOwner(
    "CREATE TABLE public.restore_in_progress (backup text NOT NULL, started_at timestamptz DEFAULT now()); INSERT INTO public.restore_in_progress VALUES ('x')",
  );
  await expect(makeDueBackups(owner(), settings, { signal })).rejects.toThrow(/a restore has begun/);
  await asOwner('DROP TABLE public.restore_in_progress');
  expect((await makeDueBackups(owner(), settings, { signal })).done).toContain('tenant_main');
});
