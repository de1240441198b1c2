import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { ConnectionSettings } from '../config/config.js';
import { tryPort } from '../platform/try-port.js';
import { type Binaries, findBinaries } from './embedded/binaries.js';
import { withOwner } from './owner.js';

/** A PostgreSQL server in a folder of its own that is gone when it is stopped. */
export interface TemporaryServer {
  /** A superuser, on database `postgres`. */
  readonly admin: ConnectionSettings;
  readonly pid: number;
  /** The folder that contains all its files. */
  readonly directory: string;
  stop(): Promise<void>;
  /** Waits until a signal from outside has ended it, and starts it again on the same data and port. */
  startAgain(): Promise<void>;
}

export interface TemporaryServerOptions {
  /** Keeps what it has committed when it is killed, and stores its data on disk; it is slower then. */
  readonly durable?: boolean;
  /** The PostgreSQL to use instead of the embedded one. */
  readonly binaries?: Binaries;
  /** Settings of the server that differ from those for tests. */
  readonly settings?: Readonly<Record<string, string>>;
}

interface Account {
  readonly uid: number;
  readonly gid: number;
}

const run = promisify(execFile);
const STARTS_WITHIN_MS = 30_000;
const MEMORY = '/dev/shm';
const MEMORY_NEEDED = 2 * 1024 ** 3;

/** Nothing has to survive a power cut; speed matters more. Passwords are checked, cheaply. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  timezone: 'UTC',
};
/** Fewer hash iterations for passwords, a setting of PostgreSQL 16 and newer. */
const CHEAP_PASSWORDS: Readonly<Record<string, string>> = { scram_iterations: '1' };
const DURABLE: Readonly<Record<string, string>> = {
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
};

/**
 * Starts the embedded PostgreSQL on an empty temporary folder and a free port, for tests and generators. Works as root
 * too, which PostgreSQL refuses: it then runs as `postgres` or `nobody`.
 * @throws Error when it does not start, with its output
 */
export async function startTemporaryServer({
  durable = false,
  binaries: others,
  settings: given,
}: TemporaryServerOptions = {}): Promise<TemporaryServer> {
  const place = durable ? tmpdir() : (roomyMemory() ?? tmpdir());
  const folder = mkdtempSync(join(place, 'leopard-postgresql-'));
  const account = process.getuid?.() === 0 ? ordinaryAccount() : null;
  try {
    const binaries = others ?? reachableBinaries(folder, account);
    const password = randomBytes(12).toString('base64url');
    const data = join(folder, 'data');
    const passwordFile = join(folder, 'password');
    writeFileSync(passwordFile, password);
    if (account) for (const path of [folder, passwordFile]) chownSync(path, account.uid, account.gid);
    await run(
      binaries.initdb,
      [
        '-D',
        data,
        '-U',
        'postgres',
        '-E',
        'UTF8',
        '--locale=C',
        '-A',
        'scram-sha-256',
        '-N',
        `--pwfile=${passwordFile}`,
      ],
      { ...account, cwd: folder },
    );
    const port = await tryPort('127.0.0.1', 0);
    const settings = { ...SETTINGS, ...(!others && CHEAP_PASSWORDS), ...(durable && DURABLE), ...given };
    const options = Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
    const launch = () =>
      spawn(binaries.postgres, ['-D', data, '-p', String(port), ...options], {
        ...account,
        cwd: folder,
        stdio: ['ignore', 'ignore', 'pipe'],
      });
    const admin = { host: '127.0.0.1', port, database: 'postgres', user: 'postgres', password };
    return await whenUp(launch, admin, folder);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/**
 * Returns a file system in memory with enough room, or null: a copy of a database took 30 ms there, 600 ms on a disk.
 */
function roomyMemory(): string | null {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= MEMORY_NEEDED ? MEMORY : null;
  } catch {
    return null; // only Linux has it
  }
}

async function whenUp(
  launch: () => ChildProcess,
  admin: ConnectionSettings,
  folder: string,
): Promise<TemporaryServer> {
  let running = watch(launch());
  // Whatever ends this process must end the server too.
  const abandon = () => {
    running.child.kill('SIGQUIT');
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  const onSignal = (signal: NodeJS.Signals) => {
    abandon();
    process.kill(process.pid, signal); // the handler is gone by now, so this ends the process
  };
  process.once('exit', abandon).once('SIGTERM', onSignal).once('SIGHUP', onSignal);
  const stop = async () => {
    process.off('exit', abandon).off('SIGTERM', onSignal).off('SIGHUP', onSignal);
    running.child.kill('SIGINT');
    await running.exited;
    rmSync(folder, { recursive: true, force: true });
  };
  const answers = async () => {
    for (const deadline = Date.now() + STARTS_WITHIN_MS; ; await sleep(50)) {
      if (hasEnded(running.child)) throw new Error(`PostgreSQL ended while starting:\n${running.said()}`);
      try {
        return await withOwner(admin, async () => undefined);
      } catch (error) {
        if (Date.now() < deadline) continue;
        throw new Error(`PostgreSQL did not start in time: ${(error as Error).message}\n${running.said()}`);
      }
    }
  };
  try {
    await answers();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    admin,
    get pid() {
      return running.child.pid!;
    },
    directory: folder,
    stop,
    async startAgain() {
      await running.exited;
      for (const deadline = Date.now() + STARTS_WITHIN_MS; ; await sleep(100)) {
        running = watch(launch());
        try {
          return await answers();
        } catch (error) {
          // The remains of the killed server may take a moment to end.
          if (Date.now() > deadline || !hasEnded(running.child)) throw error;
        }
      }
    },
  };
}

interface Running {
  readonly child: ChildProcess;
  readonly exited: Promise<void>;
  /** Returns the end of its output. */
  said(): string;
}

function watch(child: ChildProcess): Running {
  let said = '';
  child.stderr?.on('data', (text: Buffer) => {
    said = (said + text.toString()).slice(-4000);
  });
  return {
    child,
    exited: new Promise<void>((resolve) => child.once('close', () => resolve())),
    said: () => said,
  };
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

/** Returns an unprivileged account that PostgreSQL may run as. */
function ordinaryAccount(): Account {
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const found = ['postgres', 'nobody'].map((name) => accounts.find(([user]) => user === name)).find(Boolean);
  if (!found)
    throw new Error('PostgreSQL does not run as root, and there is neither a user postgres nor nobody');
  return { uid: Number(found[2]), gid: Number(found[3]) };
}

/** Returns the binaries, copied where the other account cannot reach them, as below root's home. */
function reachableBinaries(folder: string, account: Account | null): Binaries {
  const binaries = findBinaries();
  if (!account || isOpenToAll(dirname(binaries.postgres))) return binaries;
  cpSync(join(dirname(binaries.postgres), '..'), join(folder, 'native'), {
    recursive: true,
    verbatimSymlinks: true,
  });
  const copied = (path: string) => join(folder, 'native', 'bin', path.slice(dirname(path).length + 1));
  return {
    postgres: copied(binaries.postgres),
    initdb: copied(binaries.initdb),
    pgCtl: copied(binaries.pgCtl),
  };
}

function isOpenToAll(directory: string): boolean {
  for (let path = directory; ; path = dirname(path)) {
    if ((statSync(path).mode & 0o001) === 0) return false;
    if (path === dirname(path)) return true;
  }
}
