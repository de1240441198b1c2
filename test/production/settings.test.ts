import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { changeKeysFile, newKey } from '../../src/config/keys-file.js';
import { corsCheck } from '../../src/production/checks/cors.js';
import { debugCheck } from '../../src/production/checks/debug.js';
import { hostsCheck } from '../../src/production/checks/hosts.js';
import { httpsCheck } from '../../src/production/checks/https.js';
import { keysFileCheck } from '../../src/production/checks/keys-file.js';
import { logCheck } from '../../src/production/checks/log.js';
import { secretKeyCheck } from '../../src/production/checks/secret-key.js';
import { settingNamesCheck } from '../../src/production/checks/setting-names.js';
import { webhooksCheck } from '../../src/production/checks/webhooks.js';
import { checked, expectLines, goodConfig } from './checking.js';

// The checks of settings. Each is shown to fail and to pass.

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'leopard-checks-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('setting names', () => {
  it('fails for a name that is misspelled, in the file or beside it', async () => {
    writeFileSync(join(folder, '.env'), 'ALLOWED_HOST=.crm.acme.com\nCOLOUR=red\n');
    const lines = await checked(settingNamesCheck, {
      directory: folder,
      environment: { DB_POOLSIZE: '9', LEOPARD_COLOUR: 'red', REQUESTS_CA_BUNDLE: '/ca', HOME: '/root' },
    });
    rmSync(join(folder, '.env'));
    expectLines(lines, [
      ['warning', /^ALLOWED_HOST is no setting.*; write ALLOWED_HOSTS if/],
      ['warning', /^COLOUR is no setting.*; remove it/],
      ['warning', /^DB_POOLSIZE is no setting.*; write DB_POOL_SIZE if/],
      ['warning', /^LEOPARD_COLOUR is no setting.*; remove it/],
    ]);
  });
  it('passes where all are read', async () => {
    const environment = { DB_POOL_SIZE: '9', HOME: '/root', PATH: '/bin', NODE_OPTIONS: '' };
    expectLines(await checked(settingNamesCheck, { directory: folder, environment }), [
      ['ok', /all are read/],
    ]);
  });
});

describe('debug', () => {
  it('fails where it is on', async () => {
    const lines = await checked(debugCheck, { config: goodConfig({ DEBUG: 'true' }) });
    expectLines(lines, [['problem', /; set DEBUG=false$/]]);
  });
  it('passes where it is off', async () => {
    expectLines(await checked(debugCheck), [['ok', /off/]]);
  });
});

describe('secret key', () => {
  const LONG = 'VhQ2mX9vT4wB8nR5sY1zC6dF3gH0pLaEuKiWq7JkMoNyTzUxrQs';
  it.each([
    ['problem', /guessed/, { SECRET_KEY: 'abababababababababababababababababcdefgh' }],
    ['problem', /repeats/, { SECRET_KEY: 'abcdefghijklmnopq'.repeat(4) }],
    ['warning', /samples/, { SECRET_KEY: `my-secret-${LONG}` }],
    ['warning', /40 characters/, { SECRET_KEY: LONG.slice(0, 40) }],
    ['problem', /password of the database/, { DATABASE_URL: `postgres://app:${LONG}@127.0.0.1/leopard` }],
    ['warning', /1 former key; run leopard second_factor reseal/, { SECRET_KEY_FALLBACKS: 'x' }],
  ] as const)('fails: %s %s', async (level, text, changes) => {
    const config = goodConfig({ SECRET_KEY: LONG, ...changes });
    expectLines(await checked(secretKeyCheck, { config }), [[level, text]]);
  });
  it('passes where it is long and random', async () => {
    expectLines(await checked(secretKeyCheck), [['ok', /random/]]);
  });
});

describe('keys file', () => {
  const config = (file: string) => goodConfig({ LEOPARD_KEYS_FILE: join(folder, file) });
  it('fails where others read it, and where its key is old', async () => {
    const file = join(folder, 'old.json');
    const then = new Date(Date.now() - 400 * 86_400_000);
    writeFileSync(file, JSON.stringify({ keys: [newKey(then, then)] }), { mode: 0o644 });
    expectLines(await checked(keysFileCheck, { config: config('old.json') }), [
      ['problem', /; run: chmod 600 /],
      ['warning', /400 days old; run leopard keys rotate/],
    ]);
  });
  it('passes as the program writes it, and without one', async () => {
    await changeKeysFile(join(folder, 'new.json'), () => [newKey(new Date(), new Date())]);
    expectLines(await checked(keysFileCheck, { config: config('new.json') }), [['ok', /its owner alone/]]);
    expectLines(await checked(keysFileCheck, { config: config('none.json') }), [['ok', /SECRET_KEY/]]);
  });
});

describe('hosts', () => {
  it.each([
    [{ BASE_DOMAIN: 'localhost' }, [['problem', /set BASE_DOMAIN/]]],
    [{ BASE_DOMAIN: 'leopard.test' }, [['problem', /set BASE_DOMAIN/]]],
    [{ ALLOWED_HOSTS: '*' }, [['warning', /set ALLOWED_HOSTS=\.crm\.acme\.com/]]],
    [{ ALLOWED_HOSTS: '.com' }, [['warning', /admits all of \.com/]]],
  ] as const)('fails: %j', async (changes, wanted) => {
    expectLines(await checked(hostsCheck, { config: goodConfig(changes) }), wanted);
  });
  it('passes for a domain of the Internet and the hosts below it', async () => {
    expectLines(await checked(hostsCheck), [['ok', /\.crm\.acme\.com/]]);
  });
});

describe('https', () => {
  it.each([
    [{ USE_HTTPS: 'false' }, [['problem', /set USE_HTTPS=true/]]],
    [{ TRUSTED_PROXIES: '' }, [['problem', /set TRUSTED_PROXIES/]]],
    [{ TRUSTED_PROXIES: '127.0.0.1,64.0.0.0/2' }, [['problem', /believes 64\.0\.0\.0\/2:/]]],
    [{ TRUSTED_PROXIES: '2000::/3' }, [['problem', /believes 2000::\/3/]]],
    [{ TRUSTED_PROXIES: '64.0.0.0/192.0.0.0' }, [['problem', /believes/]]],
    [{ HOST: '0.0.0.0' }, [['warning', /set HOST=127\.0\.0\.1/]]],
  ] as const)('fails: %j', async (changes, wanted) => {
    expectLines(await checked(httpsCheck, { config: goodConfig(changes) }), wanted);
  });
  it('passes behind a proxy of this machine, or of the internal network', async () => {
    expectLines(await checked(httpsCheck), [['ok', /behind 127\.0\.0\.1/]]);
    const changes = [
      { HOST: '0.0.0.0', TRUSTED_PROXIES: '10.0.0.0/8' },
      { HOST: 'unix:/run/leopard/api.sock' },
    ];
    for (const each of changes)
      expectLines(await checked(httpsCheck, { config: goodConfig(each) }), [['ok', /behind 1/]]);
  });
});

describe('cors', () => {
  it.each([
    [{ CORS_ALLOWED_ORIGINS: 'http://app.acme.com' }, [['problem', /with https in CORS/]]],
    [{ CORS_ALLOWED_ORIGINS: 'https://*' }, [['problem', /pages of strangers; list/]]],
    [{ CORS_ALLOWED_ORIGINS: 'https://*.com' }, [['problem', /pages of strangers; list/]]],
    [{ CORS_ALLOWED_ORIGINS: 'https://*acme.com' }, [['problem', /pages of strangers; list/]]],
    [{ CORS_ALLOWED_ORIGINS: 'https://*.acme.com:*' }, [['warning', /every page below it; list/]]],
    [{ NOTIFICATION_STREAM_ALLOWED_ORIGIN: '*' }, [['warning', /set NOTIFICATION_STREAM/]]],
    [{ NOTIFICATION_STREAM_ALLOWED_ORIGIN: 'http://a.acme.com' }, [['problem', /with https in NOTIF/]]],
    [{ FRONT_END_URL: 'http://{agency}.acme.com' }, [['problem', /write FRONT_END_URL with https/]]],
  ] as const)('fails: %j', async (changes, wanted) => {
    expectLines(await checked(corsCheck, { config: goodConfig(changes) }), wanted);
  });
  it('passes for named origins by https, and for none', async () => {
    expectLines(await checked(corsCheck), [['ok', /agencies' own hosts/]]);
    const config = goodConfig({ CORS_ALLOWED_ORIGINS: 'https://app.acme.com,https://desk.acme.com' });
    expectLines(await checked(corsCheck, { config }), [['ok', /app\.acme\.com, https:\/\/desk/]]);
  });
});

describe('webhooks', () => {
  it('fails where they reach what is behind the firewall', async () => {
    const config = goodConfig({ WEBHOOKS_ALLOW_PRIVATE: 'true' });
    expectLines(await checked(webhooksCheck, { config }), [['problem', /set WEBHOOKS_ALLOW_PRIVATE=false/]]);
  });
  it('passes by default', async () => {
    expectLines(await checked(webhooksCheck), [['ok', /Internet/]]);
  });
});

describe('log', () => {
  it.each(['silent', 'fatal', 'debug', 'trace'])('fails: %s', async (LOG_LEVEL) => {
    expectLines(await checked(logCheck, { config: goodConfig({ LOG_LEVEL }) }), [
      ['warning', /set LOG_LEVEL/],
    ]);
  });
  it('passes by default', async () => {
    expectLines(await checked(logCheck), [['ok', /warn/]]);
  });
});
