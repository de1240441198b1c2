import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { runCommand } from '../../test/helpers/cli.js';
import { idOfSecret } from '../config/key-ring.js';

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
  expect((await keys('retire', old))[0]).toMatchObject({ id: old, status: 'retired' });
  expect((await leopard('keys', 'retire', old)).exitCode).toBe(1);
  expect((await leopard('keys', 'retire', 'nothing')).exitCode).toBe(1);
  expect((await leopard('keys', 'rotate', '--delay', 'x')).exitCode).toBe(2);
});
