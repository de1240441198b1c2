import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { tryPort } from '../../src/platform/try-port.js';
import { cliSurroundings } from '../helpers/cli.js';
import { killAll, othersMayEnter, Program } from './program.js';

const isRoot = process.getuid?.() === 0;
/** A user id that no system knows. */
const NAMELESS = { uid: 54_321, gid: 54_321 };

const canNotify = ['perl', 'systemd-notify'].every((name) => spawnSync(name, ['--version']).status === 0);
if (!canNotify)
  console.log('the tests of messages to systemd are left out: perl or systemd-notify is missing');

let surroundings: Awaited<ReturnType<typeof cliSurroundings>>;
let folder: string;
const started: Program[] = [];
/** Those of which the next test goes on. */
const kept: Program[] = [];

beforeAll(async () => {
  surroundings = await cliSurroundings();
  folder = mkdtempSync(join(tmpdir(), 'leopard-sockets-'));
  chmodSync(folder, 0o755);
});
afterEach(async () => {
  const over = started.splice(0).filter((program) => !kept.includes(program));
  killAll(over.map(({ pid }) => pid));
  for (const { ended } of over) await ended;
});
afterAll(async () => {
  killAll(kept.map(({ pid }) => pid));
  for (const { ended } of kept) await ended;
  await surroundings?.close();
  rmSync(folder, { recursive: true, force: true });
});

const environmentOf = (environment: Readonly<Record<string, string>>) => ({
  ...(surroundings.settings as Record<string, string>),
  LEOPARD_SERVICES: 'api',
  METRICS_PORT: '0',
  PORT: '0',
  ...environment,
});

function serve(environment: Readonly<Record<string, string>>, options: { user?: typeof NAMELESS } = {}) {
  const given = { directory: folder, environment: environmentOf(environment), ...options };
  const program = Program.leopard(['serve'], given);
  started.push(program);
  return program;
}

/** Sends GET through a socket file. @returns the status, and whether the connection was kept */
function ask(socketPath: string, path: string, headers: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { socketPath, path, headers: { host: 'main.localhost', ...headers }, agent: false },
      (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0));
      },
    );
    sent.on('error', reject);
    sent.end();
  });
}

describe('a socket file', () => {
  const path = () => join(folder, 'api.sock');
  const INFO = '/api/public/tenant-info/';
  // One process after the other at one file, since starting is most of the work: the first one is killed, so that its file
  // is left over, the second one is stopped in order.
  let first: Program;

  it('is made with its permissions and serves; the client’s address is what the proxy reports, which no client can choose', async () => {
    first = serve({
      HOST: `unix:${path()}`,
      SOCKET_MODE: '600',
      TRUSTED_PROXIES: '127.0.0.1',
      LOG_LEVEL: 'info',
    });
    kept.push(first);
    await first.said(new RegExp(`Leopard is ready on unix:${path()}\\.`));
    expect([statSync(path()).isSocket(), statSync(path()).mode & 0o777]).toEqual([true, 0o600]);
    expect(await ask(path(), '/health/ready')).toBe(200);
    await ask(path(), INFO, { 'x-forwarded-for': '203.0.113.9, 198.51.100.7' });
    await ask(path(), INFO);
    const ips = () =>
      [...first.stdout.matchAll(/"path":"\/api\/public\/tenant-info\/".*?"ip":"([^"]*)"/g)].map(
        ([, ip]) => ip,
      );
    await expect.poll(ips).toEqual(['198.51.100.7', '127.0.0.1']);
    expect(first.stdout).not.toContain('warning');
  });

  it('that is in use, and another file, are not replaced', async () => {
    const second = serve({ HOST: `unix:${path()}` });
    expect((await second.ended).code).toBe(1);
    expect(second.stderr).toBe(
      `another process listens on ${path()}; stop that process or set HOST to another path\n`,
    );
    expect(await ask(path(), '/health/live')).toBe(200);

    const file = join(folder, 'precious');
    writeFileSync(file, 'data');
    const refused = serve({ HOST: `unix:${file}` });
    await refused.ended;
    expect(refused.stderr).toBe(`${file} is a file, not a socket; move it or set HOST to another path\n`);
    expect(readFileSync(file, 'utf8')).toBe('data');
    const nowhere = serve({ HOST: `unix:${folder}/no/api.sock` });
    await nowhere.ended;
    expect(nowhere.stderr).toMatch(/^the folder of .*\/no\/api.sock does not exist; make it or set HOST/);
  });

  it('that is left over from a killed process is replaced, and is gone after a stop; without a trusted proxy nobody is believed', async () => {
    await first.kill('SIGKILL');
    expect(existsSync(path())).toBe(true);
    const next = serve({
      HOST: `unix:${path()}`,
      LOG_LEVEL: 'info',
      NOTIFY_SOCKET: join(folder, 'nobody.sock'),
    });
    await next.said(/Leopard is ready on/);
    expect(await ask(path(), INFO, { 'x-forwarded-for': '203.0.113.9' })).toBe(200);
    // A systemd that cannot be notified is a line in the log, and no reason not to serve.
    if (canNotify) await next.said(/systemd cannot be notified/);
    expect(await next.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(existsSync(path())).toBe(false);
    expect(next.stdout).toContain('"ip":"127.0.0.1"');
    expect(next.stdout).toContain('TRUSTED_PROXIES does not list 127.0.0.1');
  });
});

/** Opens a listening socket as descriptor 3 and becomes the program, as systemd does. */
const PASSER = `
use Socket; use POSIX; $^F = 10;
my ($path, @command) = @ARGV;
my $isPort = $path =~ /^\\d+$/;
socket(our $s, $isPort ? AF_INET : AF_UNIX, SOCK_STREAM, 0) or die "$!";
bind($s, $isPort ? pack_sockaddr_in($path, INADDR_LOOPBACK) : pack_sockaddr_un($path)) or die "$!";
listen($s, 100) or die "$!"; POSIX::dup2(fileno($s), 3);
$ENV{LISTEN_FDS} = 1; $ENV{LISTEN_PID} = $$; exec(@command) or die "$!"`;
const hasPerl = spawnSync('perl', ['-MPOSIX', '-e', '1']).status === 0;

/** Starts the program with a listening socket at this port or path. */
async function passed(where: string, environment: Record<string, string> = {}): Promise<Program> {
  writeFileSync(join(folder, 'passer.pl'), PASSER);
  const program = Program.shell(`exec perl passer.pl ${where} ${process.execPath} "$LEOPARD" serve`, {
    directory: folder,
    environment: environmentOf(environment),
  });
  started.push(program);
  await program.said(/Leopard is ready on/);
  return program;
}

describe.runIf(hasPerl)('a socket that the process was started with', () => {
  it('is used instead of HOST and PORT', async () => {
    const port = await tryPort('127.0.0.1', 0);
    const program = await passed(String(port));
    expect((await fetch(`http://127.0.0.1:${port}/health/live`)).status).toBe(200);
    expect(await program.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  });
});

/** Receives datagrams at a socket file, as systemd does, and prints each as a line. */
const RECEIVER = `
use Socket; $| = 1;
socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die; bind($s, pack_sockaddr_un($ARGV[0])) or die; chmod 0777, $ARGV[0];
print "bound\\n";
while (defined recv($s, my $text, 4096, 0)) { $text =~ s/\\n/ /g; print "$text\\n" }`;

describe.runIf(canNotify)('systemd', () => {
  it('is told of progress, start and stop, the watchdog is answered in between, and a socket file that it passes stays', async () => {
    const path = join(folder, 'notify.sock');
    const receiver = spawn('perl', ['-e', RECEIVER, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    let told = '';
    receiver.stdout.on('data', (text) => {
      told += text;
    });
    try {
      await expect.poll(() => told).toContain('bound');
      const socket = join(folder, 'passed.sock');
      const program = await passed(socket, { NOTIFY_SOCKET: path, WATCHDOG_USEC: '900000' });
      expect(await ask(socket, '/health/live')).toBe(200);
      await expect.poll(() => told).toMatch(/READY=1/);
      await expect.poll(() => told.match(/WATCHDOG=1/g)?.length ?? 0).toBeGreaterThan(2);
      expect(await program.kill('SIGTERM')).toEqual({ code: 0, signal: null });
      expect(existsSync(socket)).toBe(true); // it is systemd's
      await expect.poll(() => told).toMatch(/STOPPING=1/);
      expect(told).toMatch(/STATUS=[\s\S]*READY=1[\s\S]*WATCHDOG=1[\s\S]*STOPPING=1/);
    } finally {
      receiver.kill();
    }
  });
});

const canRemount = isRoot && spawnSync('unshare', ['--mount', 'true']).status === 0;
if (!canRemount)
  console.log('the test on a read-only file system is left out: no mount namespace can be made here');

// On the read-only file system below it is such a user too.
describe.runIf(isRoot && !canRemount && othersMayEnter())('a user id that has no name', () => {
  it('runs the program from a tree, and in a folder, that it may not write to', async () => {
    const home = mkdtempSync(join(tmpdir(), 'leopard-nameless-'));
    chmodSync(home, 0o755);
    const media = join(home, 'media');
    mkdirSync(media);
    chownSync(media, NAMELESS.uid, NAMELESS.gid);
    const program = Program.leopard(['serve'], {
      directory: home,
      user: NAMELESS,
      environment: { ...environmentOf({}), LEOPARD_DATA_DIR: join(home, 'data'), MEDIA_DIR: media },
    });
    started.push(program);
    const [, port] = await program.said(/Leopard is ready on port (\d+)/);
    expect((await fetch(`http://127.0.0.1:${port}/health/ready`)).status).toBe(200);
    expect(await program.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    rmSync(home, { recursive: true });
  });
});

describe.runIf(canRemount && othersMayEnter())(
  'a file system that is read-only, but for the folder of uploads, for a user id that has no name',
  () => {
    it('is enough to serve', async () => {
      const media = mkdtempSync(join(tmpdir(), 'leopard-writable-'));
      chownSync(media, NAMELESS.uid, NAMELESS.gid);
      const mounts = [
        'mount --make-rprivate /',
        `mount --bind ${media} ${media}`,
        'mount -o remount,bind,ro /',
        `exec setpriv --reuid ${NAMELESS.uid} --regid ${NAMELESS.gid} --clear-groups ${process.execPath} "$LEOPARD" serve`,
      ].join(' && ');
      const environment = { ...environmentOf({}), LEOPARD_DATA_DIR: media, MEDIA_DIR: join(media, 'media') };
      const program = Program.shell(`exec unshare --mount sh -c '${mounts}'`, {
        directory: '/',
        environment,
      });
      started.push(program);
      const [, port] = await program.said(/Leopard is ready on port (\d+)/);
      expect((await fetch(`http://127.0.0.1:${port}/health/ready`)).status).toBe(200);
      expect(await program.kill('SIGTERM')).toEqual({ code: 0, signal: null });
      rmSync(media, { recursive: true });
    });
  },
);
