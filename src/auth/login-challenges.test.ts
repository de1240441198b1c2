import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { idOfSecret, KeyRing } from '../config/key-ring.js';
import { type KeyEntry, newKey, writeKeysFile } from '../config/keys-file.js';
import type { Tenant } from '../tenancy/tenants.js';
import { LoginChallenges } from './login-challenges.js';

const SECRET = 'old-key-0123456789-abcdefghijklmnopqrstuvwxyz';
const MAYA = { id: 7, tokensFrom: 42 };
const MAIN = { schema: 'tenant_main', createdAt: 1 } as Tenant;

const directory = mkdtempSync(join(tmpdir(), 'leopard-test-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** Returns the challenges of a process with these keys beside SECRET_KEY. */
function challengesWith(...keys: KeyEntry[]): LoginChallenges {
  const file = join(directory, 'keys.json');
  writeKeysFile(file, keys);
  return new LoginChallenges(new KeyRing(SECRET, file));
}

afterEach(() => vi.useRealTimers());

test('a challenge is good for its purpose, tenant and time, and tells its user', () => {
  const challenges = challengesWith();
  const text = challenges.issue('factor', MAIN, MAYA);
  expect(challenges.read(text, 'factor', MAIN)).toMatchObject({ text, userId: 7, tokensFrom: 42 });
  expect(challenges.read(text, 'enrolment', MAIN)).toBeNull();
  expect(challenges.read(text, 'factor', { ...MAIN, schema: 'tenant_demo' })).toBeNull();
  expect(challenges.read(text, 'factor', { ...MAIN, createdAt: 2 })).toBeNull();
  expect(challenges.issue('factor', MAIN, MAYA)).not.toBe(text);
  vi.useFakeTimers({ now: Date.now() + 299_000 });
  expect(challenges.read(text, 'factor', MAIN)).not.toBeNull();
  vi.setSystemTime(Date.now() + 2_000);
  expect(challenges.read(text, 'factor', MAIN)).toBeNull();
});

test('nothing else is one: no changed byte, no other spelling of the same bytes, no text of another form', () => {
  const challenges = challengesWith();
  const text = challenges.issue('factor', MAIN, MAYA);
  for (let at = 0; at < text.length; at++) {
    const other = text[at] === 'A' ? 'B' : 'A';
    expect(challenges.read(text.slice(0, at) + other + text.slice(at + 1), 'factor', MAIN)).toBeNull();
  }
  for (const other of ['', 'x', `${text}=`, `${text}A`, text.slice(1), 'é'.repeat(91)]) {
    expect(challenges.read(other, 'factor', MAIN)).toBeNull();
  }
});

test('a challenge outlives a rotation of keys, and ends when its key is retired, as after a leak', () => {
  const now = new Date();
  const text = challengesWith().issue('enrolment', MAIN, MAYA);
  const created_at = now.toISOString();
  const key = newKey(now, now);
  const rotated = challengesWith({ id: idOfSecret(SECRET), created_at }, key);
  expect(rotated.read(text, 'enrolment', MAIN)).not.toBeNull();
  const retired = challengesWith({ id: idOfSecret(SECRET), created_at, retires_at: created_at }, key);
  expect(retired.read(text, 'enrolment', MAIN)).toBeNull();
  const next = rotated.issue('enrolment', MAIN, MAYA);
  expect(retired.read(next, 'enrolment', MAIN)).not.toBeNull();
});
