import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify from 'fastify';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PACKAGE_ROOT } from '../platform/package-root.js';
import { ConfigError, loadConfig } from './config.js';
import { SettingsReader } from './settings-reader.js';

const GOOD_KEY = 'k7Jq2mX9vT4wB8nR5sY1zC6dF3gH0pLaEuKi';
const SERVER = { DB_HOST: 'db', DB_NAME: 'crm', DB_USER: 'app', DB_PASSWORD: 'secret', SECRET_KEY: GOOD_KEY };

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'leopard-config-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    loadConfig(environment, directory);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

describe('defaults', () => {
  it('need no setting at all: the embedded database, DEBUG on, a key that is kept', () => {
    const config = loadConfig({}, directory);
    expect(config.database).toEqual({
      kind: 'embedded',
      directory: join(directory, '.leopard', 'postgresql'),
      database: 'leopard',
    });
    expect(config.debug).toBe(true);
    expect(config.port).toBe(8000);
    expect([...config.services]).toEqual(['api', 'worker', 'scheduler']);
    expect(loadConfig({}, directory).secretKey).toBe(config.secretKey);
    expect(config.secretKey.length).toBeGreaterThanOrEqual(50);
    expect(statSync(join(directory, '.leopard', 'secret-key')).mode & 0o777).toBe(0o600);
  });

  it('turn DEBUG off for a server of one’s own', () => {
    expect(loadConfig(SERVER, directory).debug).toBe(false);
    expect(loadConfig({ ...SERVER, DEBUG: 'yes' }, directory).debug).toBe(true);
  });
});

describe('demonstration data, whose log-ins are published', () => {
  const PRODUCTION = { DEBUG: 'false', SECRET_KEY: GOOD_KEY };
  it.each([
    [true, {}],
    [true, { HOST: '0.0.0.0' }],
    [true, PRODUCTION],
    [true, { ...PRODUCTION, HOST: 'localhost' }],
    [true, { ...PRODUCTION, HOST: '::1' }],
    [false, { ...PRODUCTION, HOST: '0.0.0.0' }],
    [false, { ...PRODUCTION, HOST: '::' }],
    [false, { ...PRODUCTION, HOST: '10.1.2.3' }],
    [false, { ...PRODUCTION, HOST: 'crm.example.com' }],
    [true, { ...PRODUCTION, HOST: '0.0.0.0', DEMO_DATA: 'true' }],
  ])('is loaded by default, or not, where others reach it: %s for %j', (loaded, environment) => {
    expect(loadConfig(environment, directory).demoData).toBe(loaded);
  });
});

describe('problems', () => {
  it('are told all together, each with the setting’s name', () => {
    const problems = problemsOf({
      DB_HOST: 'db',
      PORT: '80000',
      DEBUG: 'maybe',
      LOG_LEVEL: 'loud',
      LEOPARD_SERVICES: 'api,mail',
      CORS_ALLOWED_ORIGINS: 'example.com',
      DB_POOL_SIZE: '0',
      TASKS_DUE_SOON_DEFAULT_DAYS: '-1',
      AUDIT_RETENTION_DAYS: '364',
    });
    const names = problems.map((problem) => problem.split(' ')[0]);
    expect(names.toSorted()).toEqual([
      'AUDIT_RETENTION_DAYS',
      'CORS_ALLOWED_ORIGINS',
      'DB_NAME',
      'DB_PASSWORD',
      'DB_POOL_SIZE',
      'DB_USER',
      'DEBUG',
      'LEOPARD_SERVICES',
      'LOG_LEVEL',
      'PORT',
      'SECRET_KEY',
      'TASKS_DUE_SOON_DEFAULT_DAYS',
    ]);
    expect(problems.every((problem) => !problem.includes('\n'))).toBe(true);
  });

  it('do not repeat passwords', () => {
    const said = problemsOf({ DATABASE_URL: 'mysql://app:hunter2@db/crm', SECRET_KEY: 'short' }).join();
    expect(said).not.toContain('hunter2');
    expect(said).not.toContain('short,');
  });
});

describe('names and addresses', () => {
  const problemsWith = (name: string, value: string) => problemsOf({ ...SERVER, [name]: value });

  it.each([
    ['TRUSTED_PROXIES', '300.1.1.1'],
    ['TRUSTED_PROXIES', '127.0.0.1,10.0.0.0/33'],
    ['TRUSTED_PROXIES', '10.0.0.0/0'],
    ['TRUSTED_PROXIES', '10.0.0.0/255.0.255.0'],
    ['TRUSTED_PROXIES', '10.0.0.0/'],
    ['TRUSTED_PROXIES', '10.0.0.0/8/8'],
    ['TRUSTED_PROXIES', 'fe80::/129'],
    ['TRUSTED_PROXIES', 'proxy.example.com'],
    ['NOTIFICATION_STREAM_ALLOWED_ORIGIN', 'foo'],
    ['NOTIFICATION_STREAM_ALLOWED_ORIGIN', 'https://*.example.com'],
    ['NOTIFICATION_STREAM_ALLOWED_ORIGIN', 'https://app.example.com/'],
    ['BASE_DOMAIN', 'a_b/c'],
    ['BASE_DOMAIN', 'https://example.com'],
    ['BASE_DOMAIN', 'example.com:8000'],
    ['BASE_DOMAIN', 'two words'],
    ['BASE_DOMAIN', 'example.com.'],
    ['APP_SUBDOMAIN', 'a/b'],
  ])('%s=%s is refused', (name, value) => {
    expect(problemsWith(name, value)).toEqual([expect.stringMatching(new RegExp(`^${name} must .*not "`))]);
  });

  it.each([
    ['TRUSTED_PROXIES', '127.0.0.1,10.0.0.0/8,10.0.0.0/255.0.0.0,::1,fd00::/8,loopback'],
    ['NOTIFICATION_STREAM_ALLOWED_ORIGIN', 'http://localhost:3000'],
    ['BASE_DOMAIN', 'CRM.example.com'],
  ])('%s=%s is taken, and starts', async (name, value) => {
    expect(problemsWith(name, value)).toEqual([]);
    const { trustedProxies } = loadConfig({ ...SERVER, [name]: value }, directory);
    expect(() => Fastify({ trustProxy: [...trustedProxies] })).not.toThrow();
  });
});

describe('LEOPARD_DATA_DIR', () => {
  it('is refused where a file stands, whatever the database', () => {
    const file = join(directory, 'file');
    writeFileSync(file, '');
    for (const path of [file, join(file, 'below')]) {
      for (const settings of [{}, SERVER]) {
        expect(problemsOf({ ...settings, LEOPARD_DATA_DIR: path })).toEqual([
          `LEOPARD_DATA_DIR must be a folder, not ${path}: ${file} is none`,
        ]);
      }
    }
  });

  it('is named when its key cannot be read', () => {
    const path = join(directory, 'data');
    mkdirSync(join(path, 'secret-key'), { recursive: true });
    expect(problemsOf({ LEOPARD_DATA_DIR: path })).toEqual([
      expect.stringMatching(/^LEOPARD_DATA_DIR cannot be used \(EISDIR.*\); set it to a folder/),
    ]);
  });
});

describe('SECRET_KEY with DEBUG off', () => {
  const keyProblems = (key: string) =>
    problemsOf({ DEBUG: 'off', SECRET_KEY: key }).filter((text) => text.startsWith('SECRET_KEY'));

  it.each([
    ['missing', '', /missing/],
    ['short', GOOD_KEY.slice(0, 31), /shorter than 32/],
    ['Django’s default', `django-insecure-${GOOD_KEY}`, /well-known/],
    ['of few different letters', 'ab'.repeat(30), /well-known/],
  ])('refuses one that is %s', (_, key, problem) => {
    expect(keyProblems(key)).toEqual([expect.stringMatching(problem)]);
  });

  it('takes a long random one, and with DEBUG on any', () => {
    expect(keyProblems(GOOD_KEY)).toEqual([]);
    expect(loadConfig({ DEBUG: 'on', SECRET_KEY: 'x' }, directory).secretKey).toBe('x');
  });
});

describe('the database’s address', () => {
  it('is read from DATABASE_URL, percent signs and all', () => {
    const url = 'postgresql://app%40x:p%2Fw%3A@db.example.com/crm';
    expect(loadConfig({ DATABASE_URL: url, SECRET_KEY: GOOD_KEY }, directory).database).toEqual({
      kind: 'server',
      app: { host: 'db.example.com', port: 5432, database: 'crm', user: 'app@x', password: 'p/w:' },
      owner: null,
    });
  });

  it.each([
    'db.example.com',
    'http://a:b@c/d',
    'postgres://host/db',
    'postgres://a:b@host',
    'postgres://a:b@host:99999/d',
  ])('is refused when it is %s', (url) => {
    expect(problemsOf({ DATABASE_URL: url, SECRET_KEY: GOOD_KEY })).toEqual([
      expect.stringMatching(/^DATABASE_URL must look like/),
    ]);
  });

  it('has a second pair for the owner, who must not be the program’s own role', () => {
    const { database } = loadConfig(
      { ...SERVER, DB_PORT: '6432', DB_OWNER_USER: 'owner', DB_OWNER_PASSWORD: 'other' },
      directory,
    );
    expect(database).toMatchObject({
      app: { host: 'db', port: 6432, user: 'app', password: 'secret' },
      owner: { host: 'db', port: 6432, database: 'crm', user: 'owner', password: 'other' },
    });
    expect(problemsOf({ ...SERVER, DB_OWNER_USER: 'app', DB_OWNER_PASSWORD: 'x' })).toHaveLength(1);
    expect(problemsOf({ ...SERVER, DB_OWNER_USER: 'owner' })).toEqual(['DB_OWNER_PASSWORD is missing']);
    const ownerAt = (place: string) =>
      problemsOf({ ...SERVER, DATABASE_OWNER_URL: `postgres://owner:x@${place}` });
    expect(ownerAt('db:5432/postgres')).toEqual([
      "DATABASE_OWNER_URL must lead to the program's database, crm; it leads to postgres",
    ]);
    expect([ownerAt('db:5432/crm'), ownerAt('behind-the-pooler:5432/other')]).toEqual([[], []]);
  });
});

describe('.env', () => {
  it('is read, and the environment wins over it', () => {
    writeFileSync(join(directory, '.env'), 'PORT=9001\nHOST="0.0.0.0"\n# BASE_DOMAIN=example.com\n');
    try {
      const config = loadConfig({ PORT: '9002' }, directory);
      expect([config.port, config.host, config.baseDomain]).toEqual([9002, '0.0.0.0', 'localhost']);
    } finally {
      rmSync(join(directory, '.env'));
    }
  });

  it('that cannot be read is a problem by itself', () => {
    const file = join(directory, '.env');
    mkdirSync(file);
    try {
      expect(problemsOf({ PORT: 'x' })).toEqual([
        expect.stringMatching(/^\.env cannot be read \(EISDIR.*\): make \S+ a readable file, or remove it$/),
      ]);
    } finally {
      rmSync(file, { recursive: true });
    }
  });
});

describe('.env.example', () => {
  it('holds every setting that is read, and no other', () => {
    const text = vi.spyOn(SettingsReader.prototype, 'text');
    loadConfig({}, directory);
    loadConfig({ ...SERVER, DB_OWNER_USER: 'owner', DB_OWNER_PASSWORD: 'x' }, directory);
    const read = new Set(text.mock.calls.map(([name]) => name));
    text.mockRestore();
    const example = readFileSync(join(PACKAGE_ROOT, '.env.example'), 'utf8');
    const listed = [...example.matchAll(/^(?:# )?([A-Z][A-Z_]+)=/gm)].map(([, name]) => name!);
    expect(listed.toSorted()).toEqual([...read].toSorted());
  });

  it('says the true defaults', () => {
    const example = readFileSync(join(PACKAGE_ROOT, '.env.example'), 'utf8');
    const values = Object.fromEntries(
      [...example.matchAll(/^# ([A-Z][A-Z_]+)=(.+)$/gm)]
        .map(([, name, value]) => [name!, value!] as const)
        .filter(([name]) => !/^(DATABASE_|DB_PORT)/.test(name)),
    );
    const { secretKey, ...expected } = loadConfig({}, directory);
    expect(loadConfig(values, directory)).toEqual({ secretKey, ...expected });
  });
});
