import { expect, test } from 'vitest';
import { readReplicaSettings } from './replica-settings.js';
import { SettingsReader } from './settings-reader.js';

function read(values: Record<string, string>) {
  const reader = new SettingsReader(values);
  return { settings: readReplicaSettings(reader, 7), problems: reader.problems };
}

test('there is no replica by default', () => {
  expect(read({})).toEqual({ settings: { main: null, mostLag: 5, poolSize: 7 }, problems: [] });
});

test('a replica is given up sooner than the primary', () => {
  const DATABASE_REPLICA_URL = 'postgres://app:s3cret@two:6543/leopard';
  expect(read({ DATABASE_REPLICA_URL }).settings.main).toEqual({
    host: 'two',
    port: 6543,
    database: 'leopard',
    user: 'app',
    password: 's3cret',
    answersWithin: 1000,
  });
});

test('what cannot be used is named', () => {
  const { problems } = read({
    DATABASE_REPLICA_URL: 'two:5432',
    DATABASE_REPLICA_MAX_LAG: '1',
    DATABASE_REPLICA_POOL_SIZE: 'many',
  });
  expect(problems.map((problem) => problem.split(' ', 1)[0])).toEqual([
    'DATABASE_REPLICA_URL',
    'DATABASE_REPLICA_MAX_LAG',
    'DATABASE_REPLICA_POOL_SIZE',
  ]);
});
