import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, expect, it } from 'vitest';
import { png } from '../../test/clients/pictures.js';
import { cliSurroundings, runCommand } from '../../test/helpers/cli.js';
import { withOwner } from '../database/owner.js';
import { MediaStore } from '../storage/media-store.js';

const { database, folder, settings, close } = await cliSurroundings();
afterAll(close);

const KIND = 'profile-pictures';
const media = new MediaStore(join(folder, 'media'));
const stored = () => join(folder, 'media', 'tenant_main', KIND);
const rows = async (sql: string, values: unknown[] = []) =>
  await withOwner(database.owner, async (client) => (await client.query(sql, values)).rows);

async function store(extension: string, content: Buffer): Promise<string> {
  const file = await media.put('tenant_main', KIND, extension, content);
  await rows(
    `WITH client AS (
       INSERT INTO tenant_main.immigration_client (first_name, gender, country) VALUES ('Maya', 'FEMALE', 'NP') RETURNING id)
     INSERT INTO tenant_main.immigration_profilepicture (client_id, file, file_size, file_type)
     SELECT id, $1, $2, $3 FROM client`,
    [file, content.length, `image/${extension}`],
  );
  return file;
}

it('pictures that were stored with metadata lose it, once; others stay as they are', async () => {
  const photo = await sharp({ create: { width: 20, height: 10, channels: 3, background: 'red' } })
    .withExif({ IFD0: { Copyright: 'the secret owner' } })
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();
  const [old, clean, missing, damaged] = [
    await store('jpg', photo),
    await store('png', png()),
    await store('png', png(1)),
    await store('jpg', photo.subarray(0, -30)),
  ];
  await media.remove('tenant_main', missing);

  const first = await runCommand(settings, ['pictures', 'clean']);
  expect(first).toMatchObject({ exitCode: 0, stderr: '' });
  expect(first.stdout.split('\n').sort()).toEqual([
    'demo: 0 pictures, 0 cleaned',
    'main: 4 pictures, 1 cleaned, 2 cannot be read and stay',
  ]);
  const [{ file, file_size, file_type }] = (await rows(
    'SELECT file, file_size, file_type FROM tenant_main.immigration_profilepicture ORDER BY id LIMIT 1',
  )) as [{ file: string; file_size: number; file_type: string }];
  expect(file).not.toBe(old);
  const content = readFileSync(join(folder, 'media', 'tenant_main', file));
  expect([content.length, file_type]).toEqual([Number(file_size), 'image/jpeg']);
  expect(content.includes('the secret owner')).toBe(false);
  expect(await sharp(content).metadata()).toMatchObject({ width: 10, height: 20 });
  const names = [file, clean, damaged].map((path) => path.split('/')[1] as string);
  expect(readdirSync(stored()).sort()).toEqual(names.sort());

  const again = await runCommand(settings, ['pictures', 'clean', '--tenant', 'main', '--json']);
  expect(JSON.parse(again.stdout)).toEqual([{ tenant: 'main', pictures: 4, cleaned: 0, unreadable: 2 }]);
});
