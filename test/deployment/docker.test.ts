import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { validate } from 'dockerfile-utils';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/config.js';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';
import { cliSurroundings } from '../helpers/cli.js';
import { killAll, othersMayEnter, Program } from '../start/program.js';

// The files of deployment/docker. No container engine runs here: the Dockerfile is linted, and its steps are carried out
// in a folder.

const FOLDER = join(PACKAGE_ROOT, 'deployment', 'docker');
const DOCKERFILE = readFileSync(join(FOLDER, 'Dockerfile'), 'utf8');

/** The instructions of the Dockerfile, with the lines of each joined. */
const INSTRUCTIONS = DOCKERFILE.replace(/^#.*\n/gm, '')
  .replace(/\s*\\\n\s*/g, ' ')
  .split('\n')
  .filter(Boolean)
  .map((line) => ({ name: line.split(' ', 1)[0]!, rest: line.slice(line.indexOf(' ') + 1) }));
const FINAL = INSTRUCTIONS.slice(INSTRUCTIONS.findLastIndex(({ name }) => name === 'FROM'));
const BUILD = INSTRUCTIONS.slice(0, -FINAL.length);
const last = (name: string) => FINAL.findLast((each) => each.name === name)?.rest ?? '';

/** Returns the command of an instruction in exec form. */
const commandOf = (text: string): string[] => JSON.parse(text.slice(text.indexOf('[')));

describe('the Dockerfile', () => {
  test('has no fault that a linter finds', () => {
    const found = validate(DOCKERFILE).map(({ message, range }) => `${range.start.line + 1}: ${message}`);
    expect(found).toEqual([]);
  });

  test('runs as a user without a name or rights, gets signals itself, and is asked for its health', () => {
    expect(last('USER')).toMatch(/^[1-9]\d{3,}:0$/);
    expect(last('STOPSIGNAL')).toBe('SIGTERM');
    for (const name of ['ENTRYPOINT', 'CMD', 'HEALTHCHECK'])
      expect(commandOf(last(name)).length).toBeGreaterThan(1);
    expect(INSTRUCTIONS.filter(({ name, rest }) => name === 'ADD' || /apt-get|curl|wget/.test(rest))).toEqual(
      [],
    );
  });

  test('is sent what it copies', () => {
    const sent = readFileSync(join(FOLDER, 'Dockerfile.dockerignore'), 'utf8');
    const copied = BUILD.filter(({ name }) => name === 'COPY').flatMap(({ rest }) =>
      rest.split(' ').slice(0, -1),
    );
    for (const path of copied)
      expect([path, sent.includes(`\n!${path}\n`), existsSync(path)]).toEqual([path, true, true]);
    const listed = [...sent.matchAll(/^!(.*)$/gm)].map(([, path]) => path);
    expect(listed.sort()).toEqual([...copied].sort());
  });

  test('builds as build-release.sh does', () => {
    const script = readFileSync(join(PACKAGE_ROOT, 'deployment', 'build-release.sh'), 'utf8');
    for (const { name, rest } of BUILD) if (name === 'RUN') expect(script).toContain(rest);
  });
});

describe.skipIf(!othersMayEnter() || process.getuid?.() !== 0)('the steps of the Dockerfile', () => {
  const USER = { uid: 54_321, gid: 0 }; // in no file of this machine
  let surroundings: Awaited<ReturnType<typeof cliSurroundings>>;
  let image: string;
  beforeAll(async () => {
    surroundings = await cliSurroundings();
    image = mkdtempSync(join(tmpdir(), 'leopard-image-'));
    chmodSync(image, 0o755);
    for (const { name, rest } of BUILD) {
      if (name === 'COPY') copy(rest.split(' '));
      else if (rest === 'npm run build') await build(rest);
      else if (rest.startsWith('npm ci'))
        await linkPackages(); // npm ci has made them, or no test would run
      else if (name === 'RUN') await promisify(execFile)('sh', ['-c', rest], { cwd: image });
    }
  }, 120_000);
  afterAll(async () => {
    killAll([...Program.running]);
    rmSync(image, { recursive: true, force: true });
    await surroundings?.close();
  });

  function copy(paths: readonly string[]): void {
    const to = paths.at(-1)!;
    for (const path of paths.slice(0, -1)) {
      const target = join(image, to.endsWith('/') ? `${to}${path.slice(path.lastIndexOf('/') + 1)}` : to);
      mkdirSync(dirname(target), { recursive: true });
      cpSync(join(PACKAGE_ROOT, path), target, {
        recursive: true,
        filter: (file) => !file.endsWith('.test.ts'),
      });
    }
  }

  /** Builds with what the compiler remembers of this very source, which it compares: it need not compile all anew. */
  async function build(command: string): Promise<void> {
    const remembered = join(PACKAGE_ROOT, 'dist');
    if (existsSync(remembered)) cpSync(remembered, join(image, 'dist'), { recursive: true });
    await promisify(execFile)('sh', ['-c', command], { cwd: image });
  }

  async function linkPackages(): Promise<void> {
    const packages = join(PACKAGE_ROOT, 'node_modules');
    await promisify(execFile)('cp', ['-al', packages, image]);
    // npm writes this file anew, and the link would make it that of the project.
    rmSync(join(image, 'node_modules', '.package-lock.json'));
    cpSync(join(packages, '.package-lock.json'), join(image, 'node_modules', '.package-lock.json'));
    rmSync(join(image, 'node_modules', '.vite'), { recursive: true, force: true });
  }

  test('the program runs from what they build: another user, files that cannot be changed', {
    timeout: 60_000,
  }, async () => {
    for (const tool of ['typescript', 'vitest', 'leopard-client'])
      expect([tool, existsSync(join(image, 'node_modules', tool))]).toEqual([tool, false]);
    expect(existsSync(join(image, 'src'))).toBe(false);
    expect(existsSync(join(image, '.env.example'))).toBe(true); // by which misspelled settings are found
    const { PATH: _path, ...settings } = surroundings.settings as Record<string, string>;
    spawnSync('chown', ['-R', `${USER.uid}:${USER.gid}`, surroundings.folder]);
    const program = Program.leopard(commandOf(last('CMD')), {
      directory: image,
      program: join(image, 'bin', 'leopard.js'),
      user: USER,
      environment: {
        ...environmentOf(last('ENV')),
        ...settings,
        HOST: '127.0.0.1',
        PORT: '0',
        METRICS_PORT: '0',
      },
    });
    const [, port] = await program.said(/ready on port (\d+)/);
    const [node, ...args] = commandOf(last('HEALTHCHECK'));
    const check = (at: string) =>
      new Promise((resolve) => {
        execFile(node!, args, { env: { PATH: process.env.PATH, PORT: at } }, (error) =>
          resolve(error?.code ?? 0),
        );
      });
    expect([await check(port!), await check('1')]).toEqual([0, 1]);
    const written = spawnSync('find', [image, '-newermt', '-5 seconds', '-user', String(USER.uid)]);
    expect(written.stdout.toString()).toBe('');
    expect(await program.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  });
});

/** Returns the variables of an ENV instruction. */
function environmentOf(text: string): Record<string, string> {
  return Object.fromEntries(text.split(' ').map((pair) => pair.split(/=(.*)/s).slice(0, 2)));
}

describe('compose.yaml', () => {
  interface Service {
    readonly image: string;
    readonly [name: string]: unknown;
    readonly environment?: Readonly<Record<string, string>>;
    readonly volumes?: readonly string[];
    readonly depends_on?: Readonly<Record<string, { condition: string }>>;
  }
  const given = parse(readFileSync(join(FOLDER, 'compose.yaml'), 'utf8'), { merge: true });
  const services = Object.entries(given.services as Record<string, Service>);
  const ours = services.filter(([, { image }]) => image === 'leopard');

  test('the program’s processes are as harmless as its services, and start when the database is migrated', () => {
    expect(ours.map(([name]) => name)).toEqual(['migrate', 'api', 'worker', 'imports', 'scheduler']);
    for (const [name, service] of ours) {
      expect([name, service]).toEqual([
        name,
        expect.objectContaining({
          read_only: true,
          user: '10001:0',
          cap_drop: ['ALL'],
          security_opt: ['no-new-privileges:true'],
          init: true,
        }),
      ]);
      const waitsFor =
        name === 'migrate' ? ['database', 'service_healthy'] : ['migrate', 'service_completed_successfully'];
      expect([name, service.depends_on]).toEqual([name, { [waitsFor[0]!]: { condition: waitsFor[1] } }]);
    }
    const withOwner = services.filter(([, { environment }]) => environment?.DATABASE_OWNER_URL);
    expect(withOwner.map(([name]) => name)).toEqual(['migrate']);
  });

  test('their settings are accepted', () => {
    for (const [, { environment = {} }] of ours) {
      const filled = Object.entries(environment).map(([name, value]) => [
        name,
        value.replace(/\$\{(\w+):\?[^}]*\}/g, (_all, variable) =>
          variable === 'BASE_DOMAIN' ? 'crm.example.com' : 'a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8',
        ),
      ]);
      expect(loadConfig(Object.fromEntries(filled), '/nowhere').trustedProxies).toEqual(['172.28.0.0/24']);
    }
  });

  test('what is mounted, and whatever is named, exists', () => {
    for (const [, { volumes = [], depends_on = {} }] of services) {
      for (const name of Object.keys(depends_on)) expect(Object.keys(given.services)).toContain(name);
      for (const [from] of volumes.map((volume) => volume.split(':') as [string]))
        if (from.startsWith('.')) expect(existsSync(join(FOLDER, from))).toBe(true);
        else expect(Object.keys(given.volumes)).toContain(from);
    }
  });
});

test('the roles and the database are the same, however they are made', () => {
  const statements = (path: string) =>
    readFileSync(join(PACKAGE_ROOT, path), 'utf8')
      .replace(/''/g, "'")
      .match(/(?:ALTER ROLE leopard_app SET|REVOKE|GRANT CONNECT|LOCALE_PROVIDER|TEMPLATE template0)[^;\n]*/g)
      ?.map((line) => line.trim().replace(/'+$/, ''));
  const documented = statements('docs/operations.md');
  expect(documented?.length).toBeGreaterThan(6);
  for (const path of ['deployment/docker/roles.sh', 'deployment/install-debian.sh'])
    expect([path, documented?.filter((each) => !statements(path)?.includes(each))]).toEqual([path, []]);
});
