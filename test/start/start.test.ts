import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { get } from 'node:http';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attachEmbedded, type EmbeddedServer } from '../../src/database/embedded/embedded.js';
import { withOwner } from '../../src/database/owner.js';
import { killAll, othersMayEnter, Program, postgresOf, postmasterOf } from './program.js';

const READY = /Leopard is ready on port (\d+)/;
const ANY_PORT = { PORT: '0' };
/** An ordinary user, for tests that run as root; null elsewhere. */
const user = process.getuid?.() === 0 && othersMayEnter() ? { uid: 65_534, gid: 65_534 } : null;

let folder: string;
let pg: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'leopard-start-'));
  pg = join(folder, '.leopard', 'postgresql');
});
afterAll(() => {
  killAll([...Program.running, ...postgresOf(folder)]);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

const serve = (environment: Record<string, string> = {}, args: string[] = []) =>
  Program.leopard(['serve', ...args], { directory: folder, environment: { ...ANY_PORT, ...environment } });

/** Runs a start that must fail; returns exit code and output. */
async function refused(environment: Record<string, string>, args: string[] = []) {
  const program = serve(environment, args);
  const { code } = await program.ended;
  return { code, lines: program.stderr.trim().split('\n') };
}

/** Requests a URL as a browser does; `fetch` finds no host below localhost where the system's resolver does not. */
function statusOf(link: string): Promise<number | undefined> {
  const { host, port, pathname } = new URL(`http://${link}`);
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: pathname, headers: { host }, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    }).once('error', reject);
  });
}

async function countDomains(): Promise<number> {
  const server = await attachEmbedded({ directory: pg });
  return await withOwner({ ...server.admin, database: 'leopard' }, async (client) => {
    const { rows } = await client.query<{ count: number }>(
      'SELECT count(*)::integer AS count FROM public.tenants_domain',
    );
    return rows[0]!.count;
  });
}

async function addDomain(domain: string): Promise<void> {
  const server = await attachEmbedded({ directory: pg });
  await withOwner({ ...server.admin, database: 'leopard' }, (client) =>
    client.query(
      `INSERT INTO public.tenants_domain (domain, is_primary, tenant_id)
       SELECT $1, false, min(id) FROM public.tenants_tenant`,
      [domain],
    ),
  );
}

describe('a start', () => {
  let domains = 0;

  it('from an empty folder ends with addresses, log-ins and a server that answers; SIGTERM ends all', async () => {
    const program = serve();
    const [, port] = await program.said(READY);
    await program.said(/API documentation: http:\/\/\S+\/api\/docs\//);
    expect(program.stdout).toContain(`http://main.localhost:${port}`);
    expect(program.stdout).toContain(`http://demo.localhost:${port}`);
    expect(program.stdout).toContain('admin@main.com / admin123');
    expect(program.stdout).toContain('admin@demo.com / demo123');
    expect((await fetch(`http://127.0.0.1:${port}/health/`)).status).toBe(200);
    const links = [...program.stdout.matchAll(/http:\/\/(\S+)/g)].map(([, link]) => link as string);
    expect(links.length).toBeGreaterThanOrEqual(5);
    for (const link of links) expect([link, await statusOf(link)]).toEqual([link, 200]);
    domains = await countDomains();
    expect(domains).toBe(4);
    expect(await program.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(program.stdout).toMatch(/stopping\nstopped\n$/);
    expect(postgresOf(pg)).toEqual([]);
    expect(existsSync(join(pg, 'instance.json'))).toBe(false);
  });

  it('later goes on with the data, keeps a second one out, and Ctrl-C ends it in order', async () => {
    const program = serve();
    await program.said(READY);
    expect(program.stdout).not.toContain('creating');
    expect(await refused({})).toEqual({
      code: 1,
      lines: [
        `data directory ${pg} is in use by another instance (pid ${program.pid}); stop it or set LEOPARD_DATA_DIR`,
      ],
    });
    // npm passes on the signal that the terminal has already sent to the group.
    process.kill(program.pid, 'SIGINT');
    expect(await program.interrupt()).toEqual({ code: 0, signal: null });
    expect(postgresOf(pg)).toEqual([]);
  });

  it('by npm ends with npm, which does not pass SIGTERM on', async () => {
    const npm = Program.shell('node "$LEOPARD" serve & wait', {
      directory: folder,
      environment: { ...ANY_PORT, npm_lifecycle_event: 'start' },
    });
    await npm.said(READY);
    await npm.kill('SIGTERM');
    expect(npm.stdout).toMatch(/stopped\n$/);
    expect(postgresOf(pg)).toEqual([]);
  });

  it('that is stopped while it starts leaves nothing behind', async () => {
    const program = serve();
    await program.said(/starting the database/);
    expect(await program.interrupt()).toEqual({ code: 0, signal: null });
    expect(postgresOf(pg)).toEqual([]);
  });

  it('whose database is killed ends too, and says so', async () => {
    const program = serve();
    await program.said(READY);
    killAll([postmasterOf(pg)]);
    expect((await program.ended).code).toBe(1);
    expect(program.stderr).toMatch(/^the embedded database has ended unexpectedly;.*$/m);
  });

  it('after kill -9 of the program alone recovers', async () => {
    const killed = serve();
    await killed.said(READY);
    await addDomain('alone.localhost');
    domains++;
    await killed.kill('SIGKILL');
    expect(postgresOf(pg)).not.toEqual([]);
  });

  it('after kill -9 of everything recovers and has all that was committed', async () => {
    const killed = serve();
    await killed.said(READY);
    expect(await countDomains()).toBe(domains);
    await addDomain('everything.localhost');
    domains++;
    killAll([killed.pid, ...postgresOf(pg)]);
    await killed.ended;
    const program = serve();
    await program.said(READY);
    expect(await countDomains()).toBe(domains);
    await program.kill('SIGTERM');
  });
});

it('a start without demonstration data, by an ordinary user where there is one, says how the first agency is made, with links that answer', async () => {
  const own = mkdtempSync(join(tmpdir(), 'leopard-no-demo-'));
  if (user) {
    chmodSync(own, 0o700);
    chownSync(own, user.uid, user.gid);
  }
  try {
    const begin = (args: string[]) =>
      Program.leopard(['serve', ...args], { directory: own, environment: ANY_PORT, ...(user && { user }) });
    const program = begin(['--no-demo']);
    const [, port] = await program.said(READY);
    await program.said(/ doctor$/m);
    expect(program.stdout).toMatch(/no agency yet.*\n {2}node \S+bin\/leopard\.js register_tenant --name/);
    expect(program.stdout).not.toContain('demonstration');
    expect(program.stdout).toContain(`http://localhost:${port}/api/docs/`);
    expect([await statusOf(`localhost:${port}/api/docs/`), await statusOf(`localhost:${port}/`)]).toEqual([
      200, 200,
    ]);
    expect(await program.interrupt()).toEqual({ code: 0, signal: null });
    expect(postgresOf(own)).toEqual([]);
    expect(readdirSync(join(own, '.leopard'))).toContain('postgresql');
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
});

describe('a start that cannot be says so in one line', () => {
  it('when the port is taken', async () => {
    const other: Server = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    expect(await refused({}, ['--port', String(port)])).toEqual({
      code: 1,
      lines: [`port ${port} is taken; stop what uses it or set PORT`],
    });
    other.close();
  });

  it('when settings are wrong, one line each', async () => {
    const { code, lines } = await refused({ PORT: 'x', LOG_LEVEL: 'loud' });
    expect(code).toBe(1);
    expect(lines).toEqual([expect.stringMatching(/^PORT /), expect.stringMatching(/^LOG_LEVEL /)]);
  });

  it('when a setting would fail what reads it later', async () => {
    const proxies = await refused({ TRUSTED_PROXIES: '10.0.0.0/33' });
    expect(proxies).toEqual({ code: 1, lines: [expect.stringMatching(/^TRUSTED_PROXIES /)] });
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const data = await refused({ LEOPARD_DATA_DIR: file });
    expect(data).toEqual({ code: 1, lines: [expect.stringMatching(/^LEOPARD_DATA_DIR must be a folder/)] });
    mkdirSync(join(folder, '.env'));
    const env = await refused({});
    rmSync(join(folder, '.env'), { recursive: true });
    expect(env).toEqual({ code: 1, lines: [expect.stringMatching(/^\.env cannot be read/)] });
  });

  it('when uploaded files could not be stored', async () => {
    const media = join(folder, 'file', 'media');
    expect(await refused({ MEDIA_DIR: media })).toEqual({
      code: 1,
      lines: [expect.stringMatching(/^uploaded files cannot be stored in \S+ \(.*\); set MEDIA_DIR to/)],
    });
  });

  it('when a command or an option is unknown', async () => {
    for (const args of [['swerve'], ['serve', '--prot', '1']]) {
      const program = Program.leopard(args, { directory: folder });
      expect((await program.ended).code).toBe(2);
      expect(program.stderr).toMatch(
        /^unknown (command|option) '.*; see: node \S+bin\/leopard\.js help( serve)?\n$/,
      );
    }
  });
});

describe('a server of one’s own', () => {
  let server: EmbeddedServer;
  let settings: Record<string, string>;
  beforeAll(async () => {
    server = await attachEmbedded({ directory: pg });
    await withOwner(server.admin, (client) => client.query('CREATE DATABASE empty'));
    settings = {
      DB_HOST: '127.0.0.1',
      DB_PORT: String(server.admin.port),
      DB_NAME: 'leopard',
      DB_USER: 'leopard_app',
      DB_PASSWORD: server.passwords.app,
      SECRET_KEY: 'k7Jq2mX9vT4wB8nR5sY1zC6dF3gH0pLaEuKi',
    };
  });
  afterAll(() => server.stop());

  it('is used, with the program’s own role alone when nothing is pending', async () => {
    const program = serve(settings);
    await program.said(READY);
    expect(await program.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(postgresOf(pg)).not.toEqual([]);
  });

  it.each([
    [
      'nothing listens there',
      { DB_PORT: '1' },
      /cannot reach PostgreSQL at 127\.0\.0\.1:1 \(connection refused\).*DB_PORT/,
    ],
    [
      'its name is unknown',
      { DB_HOST: 'no-such-host.invalid' },
      /cannot reach PostgreSQL at no-such-host\.invalid.*DB_HOST/,
    ],
    ['the password is wrong', { DB_PASSWORD: 'wrong' }, /refuses the log-in of leopard_app.*DB_PASSWORD/],
    ['the database is missing', { DB_NAME: 'nowhere' }, /database nowhere does not exist.*CREATE DATABASE/],
    ['the database is empty', { DB_NAME: 'empty' }, /the database is not set up.*DB_OWNER_USER/],
    [
      'the owner may not create the database',
      { DB_NAME: 'nowhere', DB_OWNER_USER: 'leopard_owner', DB_OWNER_PASSWORD: 'owner' },
      /database nowhere does not exist.*CREATE DATABASE "nowhere" OWNER "leopard_owner"/,
    ],
    ['its role is a superuser', { DB_USER: 'postgres', DB_PASSWORD: 'superuser' }, /is a superuser.*DB_USER/],
  ])('is refused when %s', async (_, changes: Record<string, string>, line) => {
    // The random passwords are only known by now.
    const passwords = server.passwords as unknown as Record<string, string>;
    const changed = Object.entries(changes).map(([name, value]) => [name, passwords[value] ?? value]);
    const { code, lines } = await refused({ ...settings, ...Object.fromEntries(changed) });
    expect(code).toBe(1);
    expect(lines).toEqual([expect.stringMatching(line)]);
  });
});

describe.runIf(user)('an ordinary user', () => {
  it('is told where files cannot be stored, by serve and by doctor', async () => {
    const home = mkdtempSync(join(tmpdir(), 'leopard-user-'));
    chmodSync(home, 0o755); // and root's: that user may read in it, not write
    try {
      const environment = {
        ...ANY_PORT,
        DATABASE_URL: 'postgres://a:b@127.0.0.1:1/c',
        SECRET_KEY: 'k7Jq2mX9vT4wB8nR5sY1zC6dF3gH0pLaEuKi',
        MEDIA_DIR: join(home, 'media'),
      };
      const line = `uploaded files cannot be stored in ${home}/media (EACCES: permission denied, access '${home}'); set MEDIA_DIR`;
      const program = Program.leopard(['serve'], { directory: home, environment, user: user! });
      expect([(await program.ended).code, program.stderr.split('\n').length]).toEqual([1, 2]);
      expect(program.stderr).toContain(line);
      const data = { ...environment, LEOPARD_DATA_DIR: home };
      const below = Program.leopard(['serve'], { directory: home, environment: data, user: user! });
      expect([(await below.ended).code, below.stderr]).toEqual([
        1,
        expect.stringMatching(/^uploaded files .*; set LEOPARD_DATA_DIR to a folder .*\n$/),
      ]);
      const doctor = Program.leopard(['doctor', '--json'], { directory: home, environment, user: user! });
      expect((await doctor.ended).code).toBe(1);
      const { checks } = JSON.parse(doctor.stdout);
      expect(checks[1]).toMatchObject({ check: 'media', status: 'problem' });
      expect(checks[1].text).toContain(line);
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  });
});
