import { chownSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withOwner } from '../../src/database/owner.js';
import { freeSpace } from '../../src/storage/free-space.js';
import { png, upload } from '../clients/pictures.js';
import { type Answer, startTestApp, type TestApp } from '../helpers/app.js';
import { type SmallDisk, smallDisk } from '../helpers/small-disk.js';
import { seedStaff } from '../helpers/staff.js';

const PICTURE = png();
const disk = smallDisk(8);
const NO_ROOM = { detail: 'The service has no room left to store this. Nothing was stored.' };

describe.skipIf(disk === null)('a full disk', () => {
  let app: TestApp;
  let token: string;
  let picture: string;
  const room = disk as SmallDisk;
  const path = disk?.path ?? '';

  beforeAll(async () => {
    app = await startTestApp({ environment: { MEDIA_DIR: join(path, 'media'), LOG_LEVEL: 'silent' } });
    await seedStaff(app);
    token = await app.logIn('admin');
    const client = await create('clients', { first_name: 'Maya', gender: 'FEMALE', country: 'NP' });
    expect(client.status).toBe(201);
    picture = `/api/v1/clients/${client.body.id}/profile-picture/`;
  });
  afterAll(async () => {
    await app?.close();
    disk?.remove();
  });

  const create = (what: string, body: object) => app.ask('POST', `/api/v1/${what}/`, { token, body });
  const put = () => app.ask('POST', picture, { token, ...upload(PICTURE) });
  const stored = () => readdirSync(join(path, 'media', 'tenant_main', 'profile-pictures'));

  test('an upload is 507, changes nothing and leaves nothing behind', async () => {
    expect((await put()).status).toBe(201);
    const before = stored();
    const { body } = await app.ask('GET', picture, { token });
    room.fill();
    const { status, body: said } = await put();
    expect([status, said]).toEqual([507, NO_ROOM]);
    expect(stored()).toEqual(before);
    expect((await app.ask('GET', picture, { token })).body.id).toBe(body.id);
    room.empty();
    expect((await put()).status).toBe(201);
    expect(stored()).toHaveLength(1);
  });

  test('one that can only be read, for a while, is 503', async () => {
    room.remount('ro');
    const { status, headers } = await put();
    room.remount('rw');
    expect([status, headers['retry-after']]).toEqual([503, '30']);
    expect(stored()).toHaveLength(1);
  });

  test('what a killed process left half-written goes with the next upload, but not what is being written', async () => {
    const [old, fresh] = ['old.png.part', 'fresh.png.part'].map((name) =>
      join(path, 'media', 'tenant_main', 'profile-pictures', name),
    );
    for (const file of [old, fresh]) writeFileSync(file as string, 'half');
    utimesSync(old as string, new Date(0), new Date(0));
    const later = await startTestApp({ sharing: app, environment: { MEDIA_DIR: join(path, 'media') } });
    await later.ask('POST', picture, { token: await later.logIn('admin'), ...upload(PICTURE) });
    await later.close();
    expect(stored().filter((name) => name.endsWith('.part'))).toEqual(['fresh.png.part']);
  });

  test('of the database is 503 that says so, and works again when there is room', async () => {
    const { admin } = app.databases;
    const asAdmin = async (...statements: string[]) =>
      await withOwner({ ...admin, database: app.databases.app.database }, async (client) => {
        for (const statement of statements) await client.query(statement);
      });
    await withOwner(admin, async (client) => {
      const { rows } = await client.query<{ folder: string }>(
        "SELECT current_setting('data_directory') AS folder",
      );
      const { uid, gid } = statSync(rows[0]!.folder);
      mkdirSync(join(path, 'space'), { mode: 0o700 });
      chownSync(join(path, 'space'), uid, gid);
    });
    const space = `small_${process.pid}`;
    await asAdmin(
      `CREATE TABLESPACE ${space} LOCATION '${join(path, 'space')}'`,
      `ALTER TABLE tenant_main.immigration_agent SET TABLESPACE ${space}`,
    );
    room.fill();
    let refused: Answer | undefined;
    for (let i = 0; i < 500 && !refused; i++) {
      const answer = await create('agents', { agent_name: `Agent ${i}`, agent_type: 'SUB_AGENT' });
      if (answer.status !== 201) refused = answer;
    }
    expect([refused?.status, refused?.headers['retry-after'], refused?.body]).toEqual([503, '30', NO_ROOM]);
    expect((await app.ask('GET', '/api/v1/agents/', { token })).status).toBe(200);
    room.empty();
    expect((await create('agents', { agent_name: 'Afterwards', agent_type: 'SUB_AGENT' })).status).toBe(201);
    await asAdmin(
      'ALTER TABLE tenant_main.immigration_agent SET TABLESPACE pg_default',
      `DROP TABLESPACE ${space}`,
    );
  });

  test('is foretold', () => {
    const [found] = freeSpace([
      { folder: join(path, 'media'), holds: 'uploaded files' },
      { folder: path, holds: 'the database' },
    ]);
    expect(found?.level).toBe('full');
    expect(found?.text).toMatch(
      /^only \d MiB can be written for uploaded files in \S+\/media; make room on that disk$/,
    );
    room.remount('size=500m');
    expect(freeSpace([{ folder: path, holds: 'the database' }])).toMatchObject([{ level: 'low' }]);
    room.remount('size=8g');
    expect(freeSpace([{ folder: path, holds: 'the database' }])).toMatchObject([{ level: 'ok' }]);
  });
});
