#!/usr/bin/env node
// Builds what is stale, then runs the command line. Plain JavaScript, and nothing but Node: it runs before anything
// is built. What is built is compared by the sources' names, sizes and times, not by the clock.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const source = join(root, 'src');
const output = join(root, 'dist');
const stamp = join(output, '.built');
const lock = join(output, '.building');
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const LOCK_OUTLIVED_MS = 120_000;

function fail(text) {
  process.stderr.write(`${text}\n`);
  process.exit(1);
}

/** The files below this folder, without tests. Every start asks, so this takes the quickest way. */
function sourcesBelow(folder, found = []) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) sourcesBelow(`${folder}/${entry.name}`, found);
    else if (entry.isFile() && !entry.name.endsWith('.test.ts')) found.push(`${folder}/${entry.name}`);
  }
  return found;
}

/** What the build was, or would be, made from. */
function fingerprint() {
  const settings = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'].map((name) =>
    join(root, name),
  );
  return [...sourcesBelow(source).sort(), ...settings]
    .map((path) => {
      const found = statSync(path, { throwIfNoEntry: false });
      return found ? `${path.slice(root.length)} ${found.size} ${found.mtimeMs}\n` : '';
    })
    .join('');
}

function isFresh() {
  if (!existsSync(join(output, 'cli.js'))) return false;
  // Installed without the tools to build: what is there was built elsewhere.
  if (!existsSync(compiler) || !existsSync(source)) return true;
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint();
}

/** Two starts at once: one builds, the other waits for it. */
async function withLock(work) {
  mkdirSync(output, { recursive: true });
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      if (isAbandoned()) rmSync(lock, { force: true });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  const unlock = () => rmSync(lock, { force: true });
  process.once('exit', unlock);
  try {
    work();
  } finally {
    process.off('exit', unlock);
    unlock();
  }
}

function isAbandoned() {
  try {
    const pid = Number(readFileSync(lock, 'utf8'));
    const age = Date.now() - statSync(lock).mtimeMs;
    if (age > LOCK_OUTLIVED_MS) return true;
    if (pid > 0) process.kill(pid, 0);
    return !pid && age > 1000;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

function build() {
  if (isFresh()) return;
  if (!existsSync(compiler))
    fail(
      'Leopard is not built, and the tools for it are not installed; run npm ci without --omit=dev, or copy the folder dist from where `npm run build` was run',
    );
  process.stderr.write('building Leopard\n');
  const made = fingerprint();
  const { status, stdout, stderr, error } = spawnSync(
    process.execPath,
    [compiler, '-p', join(root, 'tsconfig.build.json')],
    { cwd: root, encoding: 'utf8' },
  );
  if (status !== 0) fail(`${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`.trimEnd());
  writeFileSync(stamp, made);
}

if (!existsSync(join(root, 'node_modules'))) fail('The packages are not installed; run: npm ci');
if (process.argv[2] === 'serve') (await import('./build-console.js')).startConsoleBuild();
try {
  if (!isFresh()) await withLock(build);
} catch (error) {
  if (!error.syscall) throw error;
  fail(`cannot build Leopard in ${output} (${error.message}); start it once as the owner of that folder`);
}
// The start keeps nearly all that it makes, so V8 needs no 32 MiB for what is short-lived. `serve` lifts this when it is up.
if (process.argv[2] === 'serve') setFlagsFromString('--semi-space-growth-factor=1');
await import('../dist/cli.js');
