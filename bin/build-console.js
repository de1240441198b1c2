// Builds the browser application when its sources have changed. Plain JavaScript, and nothing but Node, as leopard.js,
// which starts it beside the program: the API does not wait for it.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const source = join(root, 'console');
const client = join(root, 'clients', 'typescript', 'src');
const output = join(root, 'dist', 'console-app');
const stamp = join(output, '.built');
const lock = join(root, 'dist', '.building-console');
const builder = join(source, 'build.js');
const LOCK_OUTLIVED_MS = 120_000;

function filesBelow(folder, found = []) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (['node_modules', 'generated', 'screenshots'].includes(entry.name)) continue;
    if (entry.isDirectory()) filesBelow(join(folder, entry.name), found);
    else if (entry.isFile()) found.push(join(folder, entry.name));
  }
  return found;
}

/** Returns a checksum of everything that the application is built from: copies of a tree have other times. */
function fingerprint() {
  const hash = createHash('sha256');
  for (const path of [...filesBelow(source), ...filesBelow(client)].sort())
    hash
      .update(`${path.slice(root.length)}\0`)
      .update(readFileSync(path))
      .update('\0');
  return hash.digest('hex');
}

function isFresh() {
  // Installed without its sources or the tools to build: what is there was built elsewhere.
  if (!existsSync(builder) || !existsSync(client)) return true;
  if (!existsSync(join(root, 'node_modules', 'vite'))) return true;
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint();
}

/** Returns whether this process may build now; false while another does. */
function takeLock() {
  mkdirSync(dirname(lock), { recursive: true });
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (isAbandoned()) rmSync(lock, { force: true });
    return false;
  }
}

function isAbandoned() {
  try {
    if (Date.now() - statSync(lock).mtimeMs > LOCK_OUTLIVED_MS) return true;
    process.kill(Number(readFileSync(lock, 'utf8')) || process.pid, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

/** Starts a process that builds what is stale. It ends with this one. */
export function startConsoleBuild() {
  if (process.env.LEOPARD_CONSOLE === 'off' || isFresh()) return;
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  child.on('error', () => undefined); // the program works without it
  child.unref();
  process.once('exit', () => child.kill());
}

async function build() {
  while (!isFresh()) {
    if (!takeLock()) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      continue;
    }
    try {
      const made = fingerprint();
      process.stderr.write('building the console\n');
      const code = await new Promise((resolve, reject) => {
        const child = spawn(process.execPath, [builder, output], {
          cwd: source,
          stdio: ['ignore', 'ignore', 'inherit'],
        });
        child.on('error', reject);
        child.on('exit', resolve);
        process.once('SIGTERM', () => child.kill() && process.exit(1));
      });
      if (code !== 0) {
        process.stderr.write('the console is not built; everything else works\n');
        process.exitCode = 1;
        return;
      }
      writeFileSync(stamp, made);
    } finally {
      rmSync(lock, { force: true });
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build();
