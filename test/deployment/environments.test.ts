import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'dotenv';
import { expect, test } from 'vitest';
import { type ConfigError, loadConfig } from '../../src/config/config.js';

// The settings of deployment/environments, as the program reads them.

const FOLDER = join('deployment', 'environments');
const read = (name: string) => parse(readFileSync(join(FOLDER, `${name}.env`)));
const SECRET_KEY = 'a key for tests, long enough and like no other: 9182736450';
/** The folders of a server are not there on the machine of the test. */
const HERE = { LEOPARD_DATA_DIR: join(tmpdir(), 'leopard-settings'), SECURITY_LOG_FILE: '' };

/** Names of settings; those that are read only by other programs are not in .env.example. */
const known = new Set(
  [...readFileSync('.env.example', 'utf8').matchAll(/^#? ?([A-Z_]+)=/gm)].map(([, name]) => name),
);

test('every setting in the files exists, and none is given twice', () => {
  for (const name of readdirSync(FOLDER)) {
    const lines = readFileSync(join(FOLDER, name), 'utf8').match(/^#? ?[A-Z_]+(?==)/gm) ?? [];
    const names = lines.map((line) => line.replace(/^# ?/, ''));
    expect([name, names.filter((each) => !known.has(each))]).toEqual([name, []]);
    expect(new Set(names).size).toBe(names.length);
  }
});

test('development works as it is, and is open to this machine alone', () => {
  const config = loadConfig({ ...read('development'), ...HERE }, '/nowhere');
  expect(config).toMatchObject({ debug: true, host: '127.0.0.1', database: { kind: 'embedded' } });
});

test.each(['staging', 'production'])('%s wants a secret key, and nothing else', (name) => {
  const given = { ...read(name), ...HERE };
  const problems = () => {
    try {
      loadConfig(given, '/nowhere');
      return [];
    } catch (error) {
      return (error as ConfigError).problems;
    }
  };
  expect(problems()).toEqual([expect.stringMatching(/^SECRET_KEY is missing/)]);
  const config = loadConfig({ ...given, ...read('owner'), SECRET_KEY }, '/nowhere');
  expect(config).toMatchObject({
    debug: false,
    useHttps: true,
    host: '127.0.0.1',
    trustedProxies: ['127.0.0.1'],
  });
  const { database } = config;
  if (database.kind !== 'server') throw new Error('it has no database of its own');
  // Past the pooler: notices, and all that the owner does.
  expect([database.app.port, database.direct?.port, database.owner?.port]).toEqual([6432, 5432, 5432]);
  expect(database.owner?.user).not.toBe(database.app.user);
});

test('the owner’s address is in none of the settings that every process gets', () => {
  for (const name of ['staging', 'production']) expect(read(name).DATABASE_OWNER_URL).toBeUndefined();
});
