import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The folder of the package's sources. */
const PACKAGE = fileURLToPath(new URL('..', import.meta.url));
const ROOT = join(PACKAGE, '..', '..');
const CACHE = join(ROOT, 'node_modules', '.cache', 'leopard-client');
const LOCK_OUTLIVED_MS = 180_000;

/** The published package as a program finds it that has installed it. */
export type LeopardClientModule = typeof import('../src/index.js');

let installed: Promise<string> | undefined;

/**
 * Packs the package as npm publishes it, and unpacks it beside its dependency.
 * @returns a folder whose node_modules hold both
 */
export function installedPackage(): Promise<string> {
  installed ??= install();
  return installed;
}

/** Returns the module of the published package. */
export async function loadPackage(): Promise<LeopardClientModule> {
  const folder = await installedPackage();
  const entry = createRequire(join(folder, 'program.js')).resolve('leopard-client');
  return await import(/* @vite-ignore */ pathToFileURL(entry).href);
}

/** Builds the package, unless another worker or an earlier run has done so from the same sources. */
async function install(): Promise<string> {
  const folder = join(CACHE, fingerprint());
  await mkdir(CACHE, { recursive: true });
  const lock = join(CACHE, 'lock');
  while (!existsSync(folder)) {
    try {
      await mkdir(lock);
    } catch {
      if (Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) > LOCK_OUTLIVED_MS)
        await rm(lock, { recursive: true, force: true });
      await sleep(100);
      continue;
    }
    try {
      if (!existsSync(folder)) await build(folder);
    } finally {
      await rm(lock, { recursive: true, force: true });
    }
  }
  return folder;
}

async function build(folder: string): Promise<void> {
  for (const name of await readdir(CACHE)) {
    if (name !== 'lock') await rm(join(CACHE, name), { recursive: true, force: true });
  }
  const made = await mkdtemp(join(CACHE, 'new-'));
  const environment = Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_ENV|npm_)/.test(name));
  await run('npm', ['pack', '--pack-destination', made, '--silent'], {
    cwd: PACKAGE,
    env: Object.fromEntries(environment),
  });
  const [tarball = ''] = await readdir(made);
  const target = join(made, 'node_modules', 'leopard-client');
  await mkdir(target, { recursive: true });
  await run('tar', ['-xzf', join(made, tarball), '-C', target, '--strip-components=1']);
  const require = createRequire(join(PACKAGE, 'package.json'));
  const dependency = dirname(require.resolve('openapi-fetch/package.json'));
  await symlink(relative(dirname(target), dependency), join(made, 'node_modules', 'openapi-fetch'));
  await symlink(
    relative(dirname(target), join(dependency, '..', 'openapi-typescript-helpers')),
    join(made, 'node_modules', 'openapi-typescript-helpers'),
  );
  await rename(made, folder);
}

/** Returns a name for what the package would be built from. */
function fingerprint(): string {
  const hash = createHash('sha256');
  const folders = [join(ROOT, 'src'), join(PACKAGE, 'src'), join(PACKAGE, 'build')];
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(ts|js)$/.test(name) && !name.endsWith('.test.ts') && !name.includes('generated'))
      .map((name) => join(folder, name)),
  );
  const others = ['package.json', 'tsconfig.json', 'README.md'].map((name) => join(PACKAGE, name));
  for (const path of [...files.sort(), ...others, join(ROOT, 'package-lock.json')]) {
    const { size, mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { size: 0, mtimeMs: 0 };
    hash.update(`${path} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex').slice(0, 16);
}
