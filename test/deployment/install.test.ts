import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';
import { Drill } from '../drill/drill.js';
import { InstalledPlatform } from '../drill/installed.js';
import {
  API,
  clockSetTo,
  databaseStopped,
  diskFull,
  killed,
  operator,
  POSTGRESQL,
  prepareClock,
  SERVICES,
} from '../drill/installed-cases.js';
import { DebianMachine } from '../helpers/debian-machine.js';
import { FAKETIME, NO_FAKETIME } from '../helpers/faketime.js';
import { BLOCKS, INSTALL, noInstallation, Release } from '../helpers/installed-machine.js';
import { type Asked, askOn } from './asker.js';

// deployment/install-debian.sh and the blocks of docs/deployment.md, carried out in their order on a whole machine with
// systemd: test/helpers/debian-machine.ts. Then its parts fail under load: a short version of `npm run drill -- --installed`.

const [FIRST_INSTALL, FIRST_AGENCY, RESTARTS, UPGRADE, OWN_DOMAIN, ...REST] = BLOCKS;
const DOMAIN = 'crm.example.com';
const HOST = `everest.${DOMAIN}`;
const MINUTES = 60_000;
const NOTHING_LOST = { lost: 0, doubled: 0 };

const reason = noInstallation();
if (reason) console.log(reason);
if (!FAKETIME) console.log(NO_FAKETIME);
const release = reason ? null : new Release();
const booted = release && (await release.boot().catch((error: Error) => error));
if (booted instanceof Error)
  console.log(`systemd does not start here; its tests are skipped: ${booted.message}`);
afterAll(() => release?.remove());

describe.skipIf(!(booted instanceof DebianMachine))('the installation on an empty Debian', () => {
  const machine = booted as DebianMachine;
  afterAll(() => machine.stop());

  /** Carries out commands in the project's folder; the program is not built there but taken from `release`. */
  const follow = (commands: string) => machine.run(release!.commands(commands), 5 * MINUTES);
  const install = (rest: string) => machine.run(`${PACKAGE_ROOT}/${INSTALL} ${rest}`, MINUTES);
  const ask = (host: string, method: string, path: string, asked: Asked = {}) =>
    askOn(machine, host, method, path, asked);
  const show = async (unit: string, property: string) =>
    (await machine.must(`systemctl show -P ${property} ${unit}`)).trim();

  test('what is missing or wrong is said in one line, before anything is changed', async () => {
    for (const [rest, said] of [
      ['', '--domain is missing, or is no host name in lower case'],
      ['--domain leopard.test', 'give --certificate and --key'],
      ['--domain leopard.test --certificate /nowhere', '--certificate: /nowhere cannot be read'],
      ['--domain leopard.test --self-signed --size huge', '--size must be small, medium or large, not huge'],
      ['--domain leopard.test --self-signed --release /tmp', '--release: /tmp was not built'],
      ['--root /x', 'unknown option --root'],
    ]) {
      const { code, stderr } = await install(rest!);
      expect([code, stderr.trim().split('\n')]).toEqual([1, [expect.stringContaining(said!)]]);
    }
    expect((await machine.run('ls /etc/leopard')).code).not.toBe(0);
  });

  test('it installs, migrates and starts everything', { timeout: 5 * MINUTES }, async () => {
    expect(REST).toEqual([]);
    const { code, stdout, stderr } = await follow(FIRST_INSTALL!);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('== installed');
    for (const unit of [...SERVICES, 'nginx', 'pgbouncer', POSTGRESQL, 'leopard-migrate', 'leopard.target'])
      expect([unit, await show(unit, 'ActiveState')]).toEqual([unit, 'active']);
  });

  test('an agency that is created logs in by https', async () => {
    const { code, stdout, stderr } = await follow(FIRST_AGENCY!);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('leopard-api@2.service');
    const body = { username: 'owner@everest.example', password: 'a pass phrase of 2026' };
    const { statuses, last } = await ask(HOST, 'POST', '/api/token/', { body });
    expect([statuses, JSON.parse(last)]).toEqual([
      { 200: 1 },
      { access: expect.any(String), refresh: expect.any(String) },
    ]);
  });

  test('the processes are bounded and harmless', async () => {
    for (const unit of SERVICES) {
      const pid = await show(unit, 'MainPID');
      const status = await machine.must(`cat /proc/${pid}/status`);
      expect(status).toMatch(/^NoNewPrivs:\t1$/m);
      expect(status).toMatch(/^CapEff:\t0+$/m);
      expect(status).toMatch(/^Uid:\t[1-9]/m);
      expect(status).toMatch(/^Seccomp:\t2$/m);
      // What it may write to is what it must.
      const write = (path: string) => machine.run(`nsenter -t ${pid} -m -- touch ${path}/written`);
      expect((await write('/var/lib/leopard')).code).toBe(0);
      for (const path of ['/etc', '/opt/leopard/current', '/usr/bin', '/var/lib'])
        expect([path, (await write(path)).stderr]).toEqual([
          path,
          expect.stringContaining('Read-only file system'),
        ]);
    }
    expect(await machine.must('stat -c %a-%U /etc/leopard/leopard.env /etc/leopard/owner.env')).toBe(
      '640-root\n600-root\n',
    );
    const settings = await machine.run('runuser -u leopard -- cat /etc/leopard/owner.env');
    expect(settings.stderr).toContain('Permission denied');
  });

  test('run again, it changes nothing and interrupts nobody', { timeout: 3 * MINUTES }, async () => {
    const state = async () => ({
      files: await machine.must(
        'cat /etc/leopard/* /etc/leopard/tls/* 2>/dev/null | sha256sum; ls /opt/leopard/releases',
      ),
      pids: await Promise.all(['nginx', 'pgbouncer', ...SERVICES].map((unit) => show(unit, 'MainPID'))),
    });
    const before = await state();
    const again = await follow(UPGRADE!);
    expect([again.code, again.stderr]).toEqual([0, '']);
    expect(await state()).toEqual(before);
    expect((await follow(`${INSTALL} --domain other.test`)).stderr).toContain('has another BASE_DOMAIN');
  });

  test('an agency’s own domain is served once it is registered', async () => {
    expect((await machine.run('leopard-own-domain crm.acme.example')).stderr).toContain(
      'crm.acme.example is no agency’s'.replace('’', "'"),
    );
    const { code, stderr } = await follow(OWN_DOMAIN!);
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('leopard')]);
    // A reload is done when nginx has new workers, which is later than it returns.
    const info = async () => (await ask('crm.acme.example', 'GET', '/api/public/tenant-info/')).last;
    await expect.poll(info).toContain('Everest Education');
    await machine.must('leopard-own-domain crm.acme.example --remove');
    await expect.poll(info).toBe('');
  });

  test('processes listen on Unix sockets with the file for that', async () => {
    await machine.must(`
      printf 'METRICS_PORT=9464\\nNODE_OPTIONS=--max-old-space-size=99\\n' >> /etc/leopard/leopard.env
      install -D ${PACKAGE_ROOT}/deployment/systemd/unix-socket.conf /etc/systemd/system/leopard-api@.service.d/unix-socket.conf
      sed -i 's#server 127.0.0.1:800\\([0-9]\\)#server unix:/run/leopard-api-\\1/api.sock#' /etc/nginx/conf.d/leopard.conf
      systemctl daemon-reload; systemctl restart leopard-api@1 leopard-api@2; nginx -t -q; systemctl restart nginx`);
    expect(await machine.must('stat -c %F-%a /run/leopard-api-1/api.sock')).toBe('socket-666\n');
    // What all processes are given does not replace what each has of its own.
    for (const [index, unit] of API.entries()) {
      const pid = await show(unit, 'MainPID');
      const given = await machine.must(
        `tr '\\0' '\\n' < /proc/${pid}/environ; tr '\\0' ' ' < /proc/${pid}/cmdline`,
      );
      expect(given).toContain(`METRICS_PORT=947${index + 1}\n`);
      expect(given).toContain('node --max-old-space-size=512 '); // which counts more than NODE_OPTIONS
    }
    expect((await ask(HOST, 'GET', '/api/public/tenant-info/', { times: 10 })).statuses).toEqual({ 200: 10 });
    const logged = await machine.must('tail -n 10 /var/log/nginx/leopard.log');
    expect(logged.match(/"upstream":"unix:\/run\/leopard-api-/g)).toHaveLength(10);
  });

  test('the files of logs are taken by logrotate', async () => {
    const { code, stderr } = await machine.run('logrotate --debug /etc/logrotate.d/leopard');
    expect([code, stderr.match(/^error.*/m)]).toEqual([0, null]);
  });

  describe('under load', () => {
    let drill: Drill<InstalledPlatform>;
    beforeAll(async () => {
      const platform = await InstalledPlatform.open(machine, DOMAIN);
      drill = await Drill.begin(platform, { clients: 4, pause: 20, around: 0.5 });
    });
    afterAll(() => drill?.close());

    test('restarts as the page has them fail no request, and streams are back within two seconds with all that they missed', {
      timeout: 3 * MINUTES,
    }, async () => {
      const outcome = await drill.play(operator(RESTARTS!));
      expect(outcome).toMatchObject({ failed: 0, kinds: '', ...NOTHING_LOST });
      expect(outcome.requests).toBeGreaterThan(50);
      expect(outcome.streamLosses).toBeGreaterThan(5);
      expect(outcome.quickestGapMs).toBeLessThan(2_000);
    });

    test('systemd starts again what was killed, and what was not under way is answered', async () => {
      const outcome = await drill.play(
        killed(API[0], 'leopard-worker', 'leopard-imports', 'leopard-scheduler'),
      );
      expect(outcome).toMatchObject(NOTHING_LOST);
      // nginx asks the other process where that is safe.
      expect(outcome.kinds).toMatch(/^((PATCH|POST) 502 ×\d+(, )?)*$/);
    });

    test('everything killed at once is back, as after a loss of power', async () => {
      if (FAKETIME) await prepareClock(drill); // with the next start of each
      const outcome = await drill.play(killed(POSTGRESQL, 'pgbouncer', 'nginx', ...SERVICES));
      expect(outcome).toMatchObject(NOTHING_LOST);
    });

    test('PgBouncer restarted and PostgreSQL away: failures are 503, within six seconds', async () => {
      const outcome = await drill.play(async (played) => {
        await operator('systemctl restart pgbouncer')(played);
        return await databaseStopped(3)(played);
      });
      expect(outcome).toMatchObject({ ...NOTHING_LOST, remarks: '/health/ready: database_unavailable' });
      expect(outcome.kinds).toMatch(/^(\w+ 503 ×\d+(, )?)*$/);
      expect(outcome.longestMs).toBeLessThan(10_000);
    });

    test('a full disk refuses changes alone', async () => {
      const outcome = await drill.play(diskFull(3));
      expect(outcome).toMatchObject(NOTHING_LOST);
      expect(outcome.kinds).toMatch(/^((PATCH|POST) 503 ×\d+(, )?)*$/);
      expect(outcome.remarks).toContain('writes_failing');
    });

    test.skipIf(!FAKETIME)('a clock that jumps does no harm', async () => {
      expect(await drill.play(clockSetTo('+1h', 2))).toMatchObject({ failed: 0, ...NOTHING_LOST });
    });
  });
});

describe.skipIf(reason !== null)('the installation where systemd does not run, as in a container', () => {
  let machine: DebianMachine;
  beforeAll(async () => {
    machine = await release!.boot({ systemd: false });
  }, MINUTES);
  afterAll(() => machine?.stop());

  test('it starts nothing and says so; what the units run can be started by hand', {
    timeout: 5 * MINUTES,
  }, async () => {
    const installed = await machine.must(
      `${PACKAGE_ROOT}/${INSTALL} --domain leopard.test --self-signed --size small --release ${release!.folder}`,
      5 * MINUTES,
    );
    expect(installed).toContain('systemd does not run here, so nothing was started');
    expect((await machine.run('pg_ctlcluster 15 main status')).code).toBe(3);
    await machine.must(`
      pg_ctlcluster 15 main start
      runuser -u postgres -- setsid /usr/sbin/pgbouncer /etc/pgbouncer/pgbouncer.ini >/dev/null 2>&1 &
      nginx`);
    const command = (
      await machine.must("sed -n 's/^ExecStart=//p' /etc/systemd/system/leopard-api@.service")
    ).replaceAll('%i', '1');
    await machine.must(`set -a; . /etc/leopard/leopard.env; cd /var/lib/leopard
      runuser -u leopard -- setsid ${command.trim()} >/tmp/api.log 2>&1 &`);
    await expect
      .poll(() => machine.run('grep -c "ready on port 8001" /tmp/api.log').then(({ stdout }) => stdout), {
        timeout: MINUTES,
      })
      .toBe('1\n');
    await machine.must(
      "LEOPARD_PASSWORD='a pass phrase of 2026' leopard register_tenant --name K2 --tenant k2 --admin-email owner@k2.example",
    );
    const body = { username: 'owner@k2.example', password: 'a pass phrase of 2026' };
    const { statuses } = await askOn(machine, 'k2.leopard.test', 'POST', '/api/token/', { body });
    expect(statuses).toEqual({ 200: 1 });
  });
});
