import { rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { idOfSecret, KeyRing } from '../../src/config/key-ring.js';
import { type KeyEntry, newKey, readKeysFile, writeKeysFile } from '../../src/config/keys-file.js';
import { SignedUrls } from '../../src/storage/signed-urls.js';
import type { Tenant } from '../../src/tenancy/tenants.js';
import { PASSWORD, startTestApp, type TestApp } from '../helpers/app.js';
import { seedStaff } from '../helpers/staff.js';
import { claimsOf, forge } from './forge.js';

const PROFILE = '/api/v1/users/profile/';
const file = join(tmpdir(), `leopard-keys-${process.pid}.json`);

let app: TestApp;
let other: TestApp;

beforeAll(async () => {
  const environment = { LEOPARD_KEYS_FILE: file };
  app = await startTestApp({ environment });
  other = await startTestApp({ sharing: app, environment });
  await seedStaff(app);
});
afterAll(async () => {
  await other?.close();
  await app?.close();
  rmSync(file, { force: true });
});

const logIn = async (at = app) => {
  const { body } = await at.ask('POST', '/api/token/', {
    body: { username: 'consultant1', password: PASSWORD },
  });
  return body as { access: string; refresh: string };
};
const refresh = (token: string, at = app) =>
  at.ask('POST', '/api/token/refresh/', { body: { refresh: token } });
const status = async (token: string, at = app) => (await at.ask('GET', PROFILE, { token })).status;
const kidOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[0] as string, 'base64url').toString()).kid as string;
const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000);

describe('tokens', () => {
  test('of another issuer or for another tenant are refused; without these claims they are taken', async () => {
    const { access } = await logIn();
    const key = app.config.secretKey;
    const { iss: _iss, aud: _aud, ...claims } = claimsOf(access);
    expect(await status(forge(claims, key))).toBe(200);
    for (const wrong of [{ iss: 'another' }, { iss: '' }, { aud: 'demo' }, { aud: ['main'] }]) {
      expect(await status(forge({ ...claims, ...wrong }, key))).toBe(401);
    }
    expect(await status(forge(claims, key, 'HS256', { kid: 'unknown' }))).toBe(401);
    expect(await status(forge(claims, key, 'HS256', { kid: 7 }))).toBe(401);
    expect(await status(forge(claims, 'another key', 'HS256', { kid: kidOf(access) }))).toBe(401);
  });
});

describe('a rotation', () => {
  test('ends no session, in two processes under load, and no process meets a key that it does not know', async () => {
    const before = await logIn();
    const pairs = [before, await logIn(other), await logIn()];
    let isOver = false;
    const failures: number[] = [];
    const users = pairs.map(async (pair, index) => {
      let { access, refresh: token } = pair;
      for (let turn = 0; !isOver; turn++) {
        const at = (turn + index) % 2 ? app : other;
        const answers = [await status(access, at)];
        if (turn % 3 === 0) {
          const next = await refresh(token, at);
          answers.push(next.status);
          ({ access, refresh: token } = next.body);
        }
        failures.push(...answers.filter((answer) => answer !== 200));
      }
      return access;
    });
    await sleep(200);
    const secretKey = { id: idOfSecret(app.config.secretKey), created_at: new Date().toISOString() };
    const next = newKey(new Date(), inSeconds(0));
    writeKeysFile(file, [secretKey, next]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    // One process sees the file sooner than the other, which looks when it meets the key.
    await expect.poll(async () => kidOf((await logIn()).access)).toBe(next.id);
    await sleep(300);
    isOver = true;
    const last = await Promise.all(users);
    expect(failures).toEqual([]);
    for (const at of [app, other]) {
      expect(await status(before.access, at)).toBe(200);
      for (const token of last) expect(await status(token, at)).toBe(200);
    }
  });

  test('that is not due yet signs nothing', () => {
    const later = newKey(new Date(), inSeconds(60));
    writeKeysFile(file, [...readKeysFile(file), later]);
    let now = Date.now();
    const ring = new KeyRing(app.config.secretKey, file, () => now);
    expect(ring.signing.id).not.toBe(later.id);
    expect(ring.find(later.id)?.id).toBe(later.id);
    now += 61_000;
    expect(ring.signing.id).toBe(later.id);
  });
});

describe('a retired key', () => {
  test('ends its tokens, also verified ones in memory, and those from before keys had names', async () => {
    const { access } = await logIn();
    const old = forge(claimsOf(access), app.config.secretKey);
    const named = forge(claimsOf(access), app.config.secretKey, 'HS256', {
      kid: idOfSecret(app.config.secretKey),
    });
    for (const token of [access, old, named]) expect(await status(token)).toBe(200);
    const retires_at = new Date(Date.now() + 500).toISOString();
    writeKeysFile(
      file,
      readKeysFile(file).map((key): KeyEntry => (key.secret ? key : { ...key, retires_at })),
    );
    for (const token of [old, named]) await expect.poll(() => status(token)).toBe(401);
    expect(await status(access)).toBe(200);
  });
});

describe('signed addresses', () => {
  test('outlive a rotation, but not their key', () => {
    const tenant = { schema: 'tenant_main', id: 1, createdAt: 1 } as Tenant;
    const path = `${file}.2`;
    let now = Date.now();
    const urls = new SignedUrls(new KeyRing('one key that is long enough for this', path, () => now));
    const isGood = (url: string) => {
      const { pathname, searchParams } = new URL(url, 'http://main');
      const [expires, signature] = [searchParams.get('expires')!, searchParams.get('signature')!];
      return urls.verify(tenant, pathname.slice('/media/'.length), expires, signature);
    };
    const first = urls.sign(tenant, 'a.png');
    expect(isGood(first)).toBe(true);
    const secretKey = {
      id: idOfSecret('one key that is long enough for this'),
      created_at: new Date().toISOString(),
    };
    writeKeysFile(path, [secretKey, newKey(new Date(), inSeconds(0))]);
    now += 6_000;
    const second = urls.sign(tenant, 'a.png');
    expect(second).not.toBe(first);
    expect([isGood(first), isGood(second)]).toEqual([true, true]);
    writeKeysFile(path, [
      { ...secretKey, retires_at: new Date(now).toISOString() },
      ...readKeysFile(path).slice(1),
    ]);
    now += 6_000;
    expect([isGood(first), isGood(second)]).toEqual([false, true]);
    rmSync(path);
  });
});

test('a file that is none leaves the keys as they are', () => {
  const path = `${file}.3`;
  let now = Date.now();
  const key = newKey(new Date(), inSeconds(-1));
  writeKeysFile(path, [key]);
  const ring = new KeyRing('one key that is long enough for this', path, () => now);
  writeFileSync(path, '{"keys": [');
  now += 6_000;
  expect(ring.signing.id).toBe(key.id);
  expect(() => readKeysFile(path)).toThrow('does not hold keys');
  rmSync(path);
});
