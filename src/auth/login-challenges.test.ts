import { afterEach, expect, test, vi } from 'vitest';
import type { Tenant } from '../tenancy/tenants.js';
import { LoginChallenges } from './login-challenges.js';

const OLD = 'old-key-0123456789-abcdefghijklmnopqrstuvwxyz';
const NEW = 'new-key-0123456789-abcdefghijklmnopqrstuvwxyz';
const MAYA = { id: 7, tokensFrom: 42 };
const MAIN = { schema: 'tenant_main', createdAt: 1 } as Tenant;

afterEach(() => vi.useRealTimers());

test('a challenge is good for its purpose, tenant and time, and tells its user', () => {
  const challenges = new LoginChallenges([OLD]);
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
  const challenges = new LoginChallenges([OLD]);
  const text = challenges.issue('factor', MAIN, MAYA);
  for (let at = 0; at < text.length; at++) {
    const other = text[at] === 'A' ? 'B' : 'A';
    expect(challenges.read(text.slice(0, at) + other + text.slice(at + 1), 'factor', MAIN)).toBeNull();
  }
  for (const other of ['', 'x', `${text}=`, `${text}A`, text.slice(1), 'é'.repeat(91)]) {
    expect(challenges.read(other, 'factor', MAIN)).toBeNull();
  }
});

test('a challenge outlives a change of keys while the old key is known', () => {
  const text = new LoginChallenges([OLD]).issue('factor', MAIN, MAYA);
  expect(new LoginChallenges([NEW, OLD]).read(text, 'factor', MAIN)).not.toBeNull();
  expect(new LoginChallenges([NEW]).read(text, 'factor', MAIN)).toBeNull();
});
