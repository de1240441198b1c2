import { expect, test } from 'vitest';
import { SealedSecrets, UnreadableSecretError } from './sealed-secrets.js';

const OLD = 'old-key-0123456789-abcdefghijklmnopqrstuvwxyz';
const NEW = 'new-key-0123456789-abcdefghijklmnopqrstuvwxyz';
const SECRET = Buffer.from('12345678901234567890');

test('a secret opens with its key and for its owner, and shows nothing of itself', () => {
  const secrets = new SealedSecrets([OLD]);
  const sealed = secrets.seal(SECRET, 'totp tenant_main 1');
  expect(secrets.open(sealed, 'totp tenant_main 1')).toEqual(SECRET);
  expect(sealed.sealed.includes(SECRET)).toBe(false);
  expect(secrets.seal(SECRET, 'totp tenant_main 1').sealed).not.toEqual(sealed.sealed);
  for (const owner of ['totp tenant_main 2', 'totp tenant_demo 1', '']) {
    expect(() => secrets.open(sealed, owner)).toThrow(UnreadableSecretError);
  }
  for (let at = 0; at < sealed.sealed.length; at++) {
    const changed = Buffer.from(sealed.sealed);
    changed[at] = (changed[at] as number) ^ 1;
    expect(() => secrets.open({ ...sealed, sealed: changed }, 'totp tenant_main 1')).toThrow();
  }
});

test('after a change of keys old secrets open while the old key is known, and new ones take the new key', () => {
  const before = new SealedSecrets([OLD]);
  const after = new SealedSecrets([NEW, OLD]);
  const sealed = before.seal(SECRET, 'x');
  expect(after.open(sealed, 'x')).toEqual(SECRET);
  expect(sealed.keyId).toBe(before.keyId);
  expect(after.seal(SECRET, 'x').keyId).toBe(after.keyId);
  expect(after.keyId).not.toBe(before.keyId);
  expect(() => new SealedSecrets([NEW]).open(sealed, 'x')).toThrow(UnreadableSecretError);
});
