import { createReadStream } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fileSink } from '../../src/backup/backup-output.js';
import { openBackup } from '../../src/backup/newest-backups.js';
import { restoreBackup } from '../../src/backup/restore-backup.js';
import { writeBackup } from '../../src/backup/write-backup.js';
import { withOwner } from '../../src/database/owner.js';
import { cliSurroundings } from '../helpers/cli.js';

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
  await expect
    .poll(
      async () =>
        (
          await asOwner(
            "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
          )
        ).rowCount,
      { timeout: 20_000 },
    )
    .toBe(1);
  goOn();
  await first;
  expect(await second).toBeInstanceOf(Error);
  expect((await readFile(picture())).equals(CONTENT)).toBe(true);
});

test('no table is changed while its tenant is backed up: one that is rewritten would look empty', async () => {
  const file = await fileSink(join(from.folder, 'during.tar'));
  let changed: Promise<unknown> | undefined;
  const change = async () => {
    const sql = "SET lock_timeout = '200ms'; ALTER TABLE tenant_main.immigration_client ADD extra text";
    return await asOwner(sql).catch((error: Error) => error.message);
  };
  await writeBackup(
    owner(),
    {
      ...file,
      async write(bytes) {
        if (bytes.includes('tenant_main/begin.json')) {
          changed ??= change();
          await changed;
        }
        await file.write(bytes);
      },
    },
    { schema: 'tenant_main', mediaDirectory: null },
  );
  expect(await changed).toMatch(/lock timeout/);
});
