import { pbkdf2Sync } from 'node:crypto';
import { hash } from '@node-rs/argon2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  hashPassword,
  isUsable,
  needsRehash,
  unusablePassword,
  verifyPassword,
} from '../../src/auth/passwords.js';
import { statement } from '../../src/database/statement.js';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { idOf, seedStaff } from '../helpers/staff.js';

const SECRET = 'Grüße, 王小明 123';

/** Hashes a password as Django's PBKDF2PasswordHasher does. */
function djangoPbkdf2(password: string, iterations: number, salt = 'aB3dE5gH7jK9mN1pQ3sT5v'): string {
  const derived = pbkdf2Sync(password, salt, iterations, 32, 'sha256').toString('base64');
  return `pbkdf2_sha256$${iterations}$${salt}$${derived}`;
}

/** Hashes a password as Django's Argon2PasswordHasher does, with Django's own parameters. */
async function djangoArgon2(password: string): Promise<string> {
  const parameters = { algorithm: 2, memoryCost: 102_400, timeCost: 2, parallelism: 8 };
  return `argon2${await hash(password, parameters)}`;
}

describe('stored forms', () => {
  test('new ones are argon2id, as Django writes it', async () => {
    const stored = await hashPassword(SECRET);
    expect(stored).toMatch(/^argon2\$argon2id\$v=19\$m=\d+,t=\d+,p=\d+\$[\w+/]+\$[\w+/]+$/);
    expect(stored).not.toBe(await hashPassword(SECRET));
    expect(await verifyPassword(SECRET, stored)).toBe(true);
    expect(await verifyPassword(`${SECRET} `, stored)).toBe(false);
    expect([needsRehash(stored), isUsable(stored)]).toEqual([false, true]);
  });

  test('Django’s are understood', async () => {
    const forms = [
      djangoPbkdf2(SECRET, 1_000),
      djangoPbkdf2(SECRET, 20_000, 'x'),
      await djangoArgon2(SECRET),
    ];
    for (const stored of forms) {
      expect(await verifyPassword(SECRET, stored)).toBe(true);
      expect(await verifyPassword('', stored)).toBe(false);
      expect(await verifyPassword(SECRET.toLowerCase(), stored)).toBe(false);
      expect([needsRehash(stored), isUsable(stored)]).toEqual([true, true]);
    }
  });

  test('texts longer than any password are not hashed', async () => {
    await expect(hashPassword('x'.repeat(4_097))).rejects.toThrow(RangeError);
    await expect(hashPassword('é'.repeat(2_049))).rejects.toThrow(RangeError);
    const longest = '🐆'.repeat(1_024);
    expect(await verifyPassword(longest, await hashPassword(longest))).toBe(true);
    const endless = 'x'.repeat(4_097);
    for (const stored of [`argon2${await hash(endless)}`, djangoPbkdf2(endless, 1_000)]) {
      expect(await verifyPassword(endless, stored)).toBe(false);
    }
  });

  test('so is the example of Django’s own tests', async () => {
    const stored = 'pbkdf2_sha256$870000$seasalt$wJSpLMQRQz0Dhj/pFpbyjMj71B2gUYp6HJS5AU+32Ac=';
    expect(await verifyPassword('lètmein', stored)).toBe(true);
    expect(await verifyPassword('letmein', stored)).toBe(false);
  });

  test.each([
    '',
    '!',
    '!Aa0Bb1Cc2Dd3Ee4Ff5Gg6Hh7Ii8Jj9Kk0Ll1Mm2Nn3',
    'plain text',
    'md5$salt$d41d8cd98f00b204e9800998ecf8427e',
    'argon2$',
    'argon2$argon2id$v=19$m=19456,t=2,p=1$short',
    'pbkdf2_sha256$0$salt$AAAA',
    'pbkdf2_sha256$999999999$salt$AAAA',
    'pbkdf2_sha256$1000$$AAAA',
    'pbkdf2_sha256$1000$salt$AAAA',
    'pbkdf2_sha256$x$salt$AAAA',
  ])('%j matches no password', async (stored) => {
    for (const password of ['', '!', stored, SECRET]) {
      expect(await verifyPassword(password, stored)).toBe(false);
    }
  });

  test('an unusable one is like Django’s, and never the same', async () => {
    const stored = unusablePassword();
    expect(stored).toMatch(/^![\w-]{40}$/);
    expect(isUsable(stored)).toBe(false);
    expect(stored).not.toBe(unusablePassword());
  });
});

describe('at log-in', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp();
    await seedStaff(app);
  });
  afterAll(() => app?.close());

  const query = <Row>(sql: string, values: unknown[]) =>
    app.database.tenantQuery<Row>({ schema: 'tenant_main', userId: null }, statement<Row>(sql, values));
  const store = (username: string, password: string) =>
    query('UPDATE immigration_user SET password = $2 WHERE id = $1', [idOf(username), password]);
  const storedOf = async (username: string) =>
    (
      await query<{ password: string }>('SELECT password FROM immigration_user WHERE id = $1', [
        idOf(username),
      ])
    )[0]?.password as string;
  const logIn = async (username: string, password: string) =>
    (await app.ask('POST', '/api/token/', { body: { username, password } })).status;

  test('Django’s forms are stored anew, once, when the password was right', async () => {
    for (const stored of [djangoPbkdf2(SECRET, 10_000), await djangoArgon2(SECRET)]) {
      await store('branch1', stored);
      expect(await logIn('branch1', 'wrong')).toBe(401);
      expect(await storedOf('branch1')).toBe(stored);
      expect(await logIn('branch1', SECRET)).toBe(200);
      const upgraded = await storedOf('branch1');
      expect([needsRehash(upgraded), await verifyPassword(SECRET, upgraded)]).toEqual([false, true]);
      expect(await logIn('branch1', SECRET)).toBe(200);
      expect(await storedOf('branch1')).toBe(upgraded);
    }
  });

  test('two log-ins at once upgrade it to something that both can use', async () => {
    await store('branch3', djangoPbkdf2(SECRET, 10_000));
    expect(await Promise.all([logIn('branch3', SECRET), logIn('branch3', SECRET)])).toEqual([200, 200]);
    expect(await verifyPassword(SECRET, await storedOf('branch3'))).toBe(true);
  });

  test('who has no usable password cannot log in with anything', async () => {
    for (const stored of [unusablePassword(), '!', '']) {
      await store('consultant3', stored);
      for (const password of [stored, '!', 'Passw0rd!23'].filter(Boolean)) {
        expect(await logIn('consultant3', password)).toBe(401);
      }
      expect(await storedOf('consultant3')).toBe(stored);
    }
  });

  test('spaces at the ends of a password count, at the ends of a name they do not', async () => {
    await store('consultant1', await hashPassword(' spaced '));
    expect(await logIn('consultant1', 'spaced')).toBe(401);
    expect(await logIn(' consultant1 ', ' spaced ')).toBe(200);
  });
});
