import { describe, expect, it } from 'vitest';
import { CHANGED_SETTINGS, changesThatConcern } from './changed-settings.js';
import { knownSettings, unknownSettings } from './unknown-settings.js';

const known = knownSettings();
const find = (environment: Record<string, string>, file: Record<string, string> = {}) =>
  unknownSettings({ environment, file }, known);

describe('variables that nothing reads', () => {
  it('are found in the environment where they begin like settings, with the nearest name', () => {
    expect(
      find({
        LEOPARD_SERVICE: 'api',
        LEOPARD_COLOUR: 'red',
        DB_POLL_SIZE: '3',
        REQUESTS_CA_BUNDLE: '/etc/ssl/certs/ca-certificates.crt', // Python's
        PATH: '/bin',
        HOME: '/',
        TERM: 'x',
      }),
    ).toEqual([
      { name: 'DB_POLL_SIZE', near: 'DB_POOL_SIZE' },
      { name: 'LEOPARD_COLOUR', near: null },
      { name: 'LEOPARD_SERVICE', near: 'LEOPARD_SERVICES' },
    ]);
  });

  it('are found where they are spelled almost like a setting', () => {
    expect(find({ ALOWED_HOSTS: 'x', SECRETKEY: 'x', secret_key: 'x' })).toEqual([
      { name: 'ALOWED_HOSTS', near: 'ALLOWED_HOSTS' },
      { name: 'SECRETKEY', near: 'SECRET_KEY' },
      { name: 'secret_key', near: 'SECRET_KEY' },
    ]);
  });

  it('are all found in .env, which is the program’s own', () => {
    expect(find({}, { COLOUR: 'red', PORT: '80' })).toEqual([{ name: 'COLOUR', near: null }]);
  });

  it('do not include what is read, nor anything where the list of settings is missing', () => {
    expect(find({ ...Object.fromEntries(known.map((name) => [name, 'x'])), LEOPARD_PASSWORD: 'x' })).toEqual(
      [],
    );
    expect(unknownSettings({ environment: { LEOPARD_X: '1' }, file: {} }, [])).toEqual([]);
  });
});

describe('changed settings', () => {
  it('concern whoever has set an old name, or not set a required one', () => {
    const changes = [
      { name: 'OLD', change: 'renamed', version: '2.0.0', instead: 'set NEW' },
      { name: 'NEEDED', change: 'required', version: '2.1.0', instead: 'set it to a folder' },
    ] as const;
    expect(changesThatConcern({ OLD: 'x' }, changes)).toEqual([
      'OLD was renamed in 2.0.0 and has no effect; set NEW',
      'NEEDED is required since 2.1.0; set it to a folder',
    ]);
    expect(changesThatConcern({ OLD: ' ', NEEDED: 'x' }, changes)).toEqual([]);
  });

  it('have names that nothing reads, and are replaced by those that are read', () => {
    for (const { name, change, instead } of CHANGED_SETTINGS) {
      expect([name, known.includes(name)]).toEqual([name, change === 'required']);
      for (const [other] of instead.matchAll(/\b[A-Z][A-Z_]{4,}\b/g)) expect(known).toContain(other);
    }
  });
});
