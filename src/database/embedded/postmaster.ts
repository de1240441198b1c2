import { type ChildProcess, execFile, spawn } from 'node:child_process';
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { tryPort } from '../../platform/try-port.js';
import { giveTo, type ServerAccount } from './account.js';
import type { Binaries } from './binaries.js';
import { cleanEnvironment } from './environment.js';
import { EmbeddedDatabaseError } from './errors.js';
import type { Layout } from './layout.js';
import { stopPostmaster } from './orphans.js';
import { identify, type ProcessIdentity } from './process-identity.js';
import { SETTINGS_FILE, serverSettings } from './server-settings.js';

/** A server that this process started. */
export interface Postmaster {
  readonly port: number;
  /** Resolves when it has ended, for whatever reason. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
  /** Asks the server to stop without waiting: for when the program must end this instant. */
  abandon(): void;
}

const ATTEMPTS = 20;
const RETRY_AFTER_MS = 300;
const SLOW_START_MS = 2_000;
/** Minimum free disk space: the server creates files of 16 MiB. */
const LEAST_ROOM = 16 * 1024 * 1024;
const JUST_NOW_MS = 60_000;
/** Transient reasons: another program has just taken the port, or a killed server's backends are still ending. */
const PASSING = /pre-existing shared memory block|could not (create any TCP\/IP sockets|bind)|in use/;

/**
 * Starts the server and waits until it takes connections, however long its recovery may last.
 * @throws EmbeddedDatabaseError with the server's own reason.
 */
export async function startPostmaster(
  layout: Layout,
  account: ServerAccount,
  binaries: Binaries,
  onProgress: (text: string) => void,
): Promise<Postmaster> {
  for (let attempt = 1; ; attempt++) {
    const port = await tryPort('127.0.0.1', 0);
    const settings = join(layout.data, SETTINGS_FILE);
    writeFileSync(settings, serverSettings(layout, port), { mode: 0o600 });
    giveTo(account, settings);
    clearSocketFolder(layout);
    const child = launch(layout, account, binaries.postgres);
    giveTo(account, layout.startLog);
    const ended = new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.on('error', () => resolve());
    });
    if (await isReady(layout, child, onProgress)) return postmasterOf(child, port, ended, layout, binaries);
    const reason = reasonOf(layout, child.pid);
    if (attempt >= ATTEMPTS || !PASSING.test(reason)) {
      throw new EmbeddedDatabaseError(
        `the embedded database did not start: ${reason}; ${/disk is full|No space left|quota exceeded/.test(reason) ? `make room on the disk of ${layout.directory}` : `its log is in ${layout.log}`}`,
      );
    }
    await sleep(RETRY_AFTER_MS);
  }
}

/**
 * Launches the server in a session of its own: a Ctrl-C at the terminal reaches only the program, which stops the
 * server in order.
 */
function launch(layout: Layout, account: ServerAccount, postgres: string): ChildProcess {
  const command = account.command(postgres, ['-D', layout.data]);
  const log = openSync(layout.startLog, 'w', 0o600);
  try {
    return spawn(command.file, command.args, {
      ...command.options,
      env: cleanEnvironment(),
      detached: true,
      stdio: ['ignore', log, log],
      windowsHide: true,
    });
  } finally {
    closeSync(log);
  }
}

/**
 * Waits until the server accepts connections; PostgreSQL writes its state in the eighth line of postmaster.pid.
 * @returns false when it has ended
 */
async function isReady(
  layout: Layout,
  child: ChildProcess,
  onProgress: (text: string) => void,
): Promise<boolean> {
  const begun = Date.now();
  let told = false;
  while (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    const lines = readOrEmpty(join(layout.data, 'postmaster.pid')).split('\n');
    if (Number(lines[0]) === child.pid && lines[7]?.trim() === 'ready') return true;
    if (!told && Date.now() - begun > SLOW_START_MS) {
      onProgress('the database is recovering');
      told = true;
    }
    await sleep(10);
  }
  return false;
}

/** Removes a killed server's sockets; nobody else uses that folder. */
function clearSocketFolder({ socket }: Layout): void {
  if (!socket) return;
  for (const name of readdirSync(socket)) rmSync(join(socket, name), { force: true });
}

/** Returns the server's last complaint, from its log or from its output before the log was open. */
function reasonOf(layout: Layout, pid: number | undefined): string {
  const texts = readdirSync(layout.log)
    .map((name) => join(layout.log, name))
    .filter((path) => Date.now() - statSync(path).mtimeMs < JUST_NOW_MS)
    .map(readOrEmpty);
  const complaints = texts
    .flatMap((text) => text.split('\n'))
    .filter((line) => line.includes(`[${pid}] `))
    .map((line) => /(?:FATAL|PANIC): (.*)$/.exec(line)?.[1]?.trim())
    .filter((reason) => reason !== undefined);
  const first = readOrEmpty(layout.startLog).trim().split('\n')[0];
  return complaints.at(-1) ?? (first || (hasRoom(layout) ? 'it ended without a word' : 'its disk is full'));
}

/** Returns whether the disk has any room left; without it, the server cannot even log that the disk is full. */
function hasRoom({ data }: Layout): boolean {
  const { bavail, bsize } = statfsSync(data);
  return bavail * bsize >= LEAST_ROOM;
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function postmasterOf(
  child: ChildProcess,
  port: number,
  ended: Promise<void>,
  layout: Layout,
  binaries: Binaries,
): Postmaster {
  const identity = identify(child.pid ?? 0);
  // If the program ends without having stopped its server (an uncaught error), the server must not stay.
  const abandon = () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGINT');
  };
  process.once('exit', abandon);
  void ended.then(() => process.off('exit', abandon));
  child.unref();
  return {
    port,
    ended,
    abandon,
    async stop() {
      child.ref();
      if (process.platform === 'win32') await stopOnWindows(layout, binaries);
      else if (identity) await stopPostmaster(identity satisfies ProcessIdentity);
      await ended;
    },
  };
}

/** Stops the server on Windows, which has no signals. */
async function stopOnWindows(layout: Layout, binaries: Binaries): Promise<void> {
  await promisify(execFile)(binaries.pgCtl, ['stop', '-D', layout.data, '-m', 'fast', '-w']);
}
