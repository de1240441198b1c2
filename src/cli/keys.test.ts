import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { runCommand } from '../../test/helpers/cli.js';
import { idOfSecret } from '../config/key-ring.js';
import { changeKeysFile, newKey, readKeysFile, writeKeysFile } from '../config/keys-file.js';

const SECRET_KEY = 'a key for tests, long enough and like no other: 9182736450';
const folder = mkdtempSync(join(tmpdir(), 'leopard-keys-'));
const file = join(folder, 'keys.json');
afterAll(() => rmSync(folder, { recursive: true }));

const settings = { SECRET_KEY, DEBUG: 'true', LEOPARD_DATA_DIR: folder };
const leopard = (...args: string[]) => runCommand(settings, args);
const keys = async (...args: string[]) => JSON.parse((await leopard('keys', ...args, '--json')).stdout);
const secretKey = { id: idOfSecret(SECRET_KEY), is_secret_key: true, signs_from: null };

it('rotates: the new key signs after a delay, the old one verifies until its last token expires', async () => {
  expect(await keys('list')).toEqual([{ ...secretKey, status: 'signs', retires_at: null }]);
  const [old, next] = await keys('rotate');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(old).toMatchObject({ ...secretKey, status: 'signs' });
  expect(next).toMatchObject({ status: 'will sign', retires_at: null });
  expect(Date.parse(next.signs_from) - Date.now()).toBeGreaterThan(50_000);
  expect(Date.parse(old.retires_at) - Date.parse(next.signs_from)).toBeGreaterThan(86_400_000);
  const [, , now] = await keys('rotate', '--delay', '0');
  expect(now.status).toBe('signs');
  const shown = await leopard('keys', 'list');
  expect(shown.stdout).toContain('(SECRET_KEY)');
  const { secret } = JSON.parse(readFileSync(file, 'utf8')).keys.at(-1);
  expect(shown.stdout).not.toContain(secret);
});

it('retires a key at once, but not the one that signs', async () => {
  const [{ id: old }, , { id: signing }] = await keys('list');
  expect(await leopard('keys', 'retire', signing)).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('leopard keys rotate'),
  });
  const retired = await leopard('keys', 'retire', old, '--json');
  expect(JSON.parse(retired.stdout)[0]).toMatchObject({ id: old, status: 'retired' });
  // Which the machine cannot know that finds no file.
  expect(retired.stderr).toContain(`machines without ${file} go on trusting this SECRET_KEY`);
  expect((await leopard('keys', 'retire', old)).exitCode).toBe(1);
  expect((await leopard('keys', 'retire', 'nothing')).exitCode).toBe(1);
  expect((await leopard('keys', 'rotate', '--delay', 'x')).exitCode).toBe(2);
});

it('waits for another command that changes the keys, and keeps what that has written', async () => {
  const before = readKeysFile(file);
  writeFileSync(`${file}.lock`, '');
  const rotation = keys('rotate');
  await sleep(200);
  const others = newKey(new Date(), new Date());
  writeKeysFile(file, [...before, others]);
  rmSync(`${file}.lock`);
  const ids = (await rotation).map(({ id }: { id: string }) => id);
  expect(ids.slice(0, -1)).toEqual([...before.map(({ id }) => id), others.id]);
  expect(ids).toHaveLength(before.length + 2);
  expect(existsSync(`${file}.lock`)).toBe(false);
});

it('names the lock that a killed command has left', async () => {
  writeFileSync(`${file}.lock`, '');
  const change = changeKeysFile(file, (present) => present, { wait: 30 });
  await expect(change).rejects.toThrow(`remove ${file}.lock`);
  rmSync(`${file}.lock`);
});

it.skipIf(process.getuid?.() !== 0)('leaves the file to its owner when root changes it', async () => {
  chownSync(file, 12_345, 12_345);
  await keys('rotate');
  expect([statSync(file).uid, statSync(file).gid]).toEqual([12_345, 12_345]);
  rmSync(file);
  chownSync(folder, 12_346, 12_346);
  await keys('rotate');
  expect(statSync(file).uid).toBe(12_346);
});
