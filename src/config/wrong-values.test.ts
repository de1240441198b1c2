import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError, loadConfig } from './config.js';
import { KeyRing } from './key-ring.js';
import { knownSettings } from './unknown-settings.js';

// Whatever an operator writes into a setting, the program takes it or says in one line what is wrong with it.

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'leopard-values-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const SERVER = {
  DB_HOST: 'db',
  DB_NAME: 'crm',
  DB_USER: 'app',
  DB_PASSWORD: 'a password',
  SECRET_KEY: 'k7Jq2mX9vT4wB8nR5sY1zC6dF3gH0pLaEuKi',
};
const VALUES = [
  ...[
    'x',
    '-1',
    '0',
    '1.5',
    '1e9',
    '99999999999999999999',
    'NaN',
    'ja',
    'two words',
    'ümlaut',
    '{}',
    '[]',
    "'",
  ],
  ...[
    ',',
    ',,',
    'a,b',
    '*',
    '*.*',
    '.',
    '..',
    '/',
    '//',
    '/dev/null',
    '/dev/null/below',
    '~',
    '\\',
    '%',
    '%zz',
  ],
  ...[
    'http://',
    'https://a b',
    'https://[::1',
    'postgres://',
    'postgres://%zz:x@h/d',
    'smtp://',
    'smtps://x:y@',
  ],
  ...['127.0.0.1', '::1', '[::1]:443', '127.0.0.1:99999', '10.0.0.0/33', 'api:0', 'api:1,x:2', 'Name <a@b>'],
  ...['a\nb', 'a\r\nB=c', '\0', '\u001b[31m', '\u202e', 'x'.repeat(100_000)],
];
/** Longest line that still is one for people. */
const LONGEST = 300;

describe.each(knownSettings())('%s', (name) => {
  it('takes a value, or says in one line what is wrong', () => {
    for (const value of VALUES) {
      let problems: readonly string[] = [];
      try {
        loadConfig({ ...SERVER, LEOPARD_DATA_DIR: directory, [name]: value }, directory);
      } catch (error) {
        expect(error, `${name}=${JSON.stringify(value)}`).toBeInstanceOf(ConfigError);
        problems = (error as ConfigError).problems;
      }
      for (const problem of problems) {
        expect(problem).toMatch(/^[A-Z][A-Z_]+ (?:must|is|cannot|are|leads?|needs?) /);
        expect(problem, JSON.stringify(problem)).not.toMatch(/[\p{Cc}\p{Cf}]/u);
        expect(problem.length).toBeLessThanOrEqual(LONGEST);
      }
    }
  });
});

it('a file of keys that stands below another file is none, also while the program runs', () => {
  const { sessions, secretKey } = loadConfig({ ...SERVER, LEOPARD_KEYS_FILE: '/dev/null/keys' }, directory);
  expect(new KeyRing(secretKey, sessions.keysFile).signing.secret).toBe(SERVER.SECRET_KEY);
});

it.runIf(process.geteuid?.() === 0)('a file of certificates that this user may not read is named', () => {
  const file = join(directory, 'ca.pem');
  writeFileSync(file, '-----BEGIN CERTIFICATE-----', { mode: 0o600 });
  chmodSync(directory, 0o755);
  process.seteuid?.(65_534);
  try {
    expect(() => loadConfig({ ...SERVER, WEBHOOKS_CA_FILE: file }, directory)).toThrow(
      /^WEBHOOKS_CA_FILE must be a file with certificates/,
    );
  } finally {
    process.seteuid?.(0);
  }
});
