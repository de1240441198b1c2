import { chmodSync, existsSync, mkdirSync, realpathSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionSettings } from '../../config/config.js';
import { giveToOwnerOf } from '../../platform/private-text-file.js';
import { wayOutOf } from '../../platform/system-errors.js';
import { chooseAccount, giveTo, type ServerAccount } from './account.js';
import { type Binaries, findBinaries } from './binaries.js';
import { ensureCluster } from './cluster.js';
import { DataDirectoryInUseError, EmbeddedDatabaseError } from './errors.js';
import { claimDirectory, readInstance } from './instance-file.js';
import { type Layout, layoutOf } from './layout.js';
import { clearOrphans } from './orphans.js';
import { type Passwords, readPasswords } from './passwords.js';
import { type Postmaster, startPostmaster } from './postmaster.js';

export interface EmbeddedSettings {
  /** The directory of the data, created when it is missing. */
  readonly directory: string;
}

export interface EmbeddedOptions {
  readonly onProgress?: (text: string) => void;
}

/** A running embedded PostgreSQL. */
export interface EmbeddedServer {
  /** Settings of the superuser `postgres`, to the database `postgres`. */
  readonly admin: ConnectionSettings;
  readonly passwords: Passwords;
  /** False when another process runs the server, and `stop` leaves it running. */
  readonly startedHere: boolean;
  /** The account that keeps the server from being root (`same`: nothing is needed). */
  readonly account: ServerAccount['kind'] | null;
  /** Resolves when the server has ended, for whatever reason. Never for one that another process runs. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
  /** Asks the server to stop without waiting for it. */
  abandon(): void;
}

const STARTING_ELSEWHERE_MS = 60_000;

/**
 * Starts PostgreSQL on the directory, for this process alone, whatever a killed instance has left there.
 * @throws DataDirectoryInUseError when another living process has the directory
 * @throws EmbeddedDatabaseError when it cannot be started, with the reason
 */
export async function startEmbedded(
  settings: EmbeddedSettings,
  options: EmbeddedOptions = {},
): Promise<EmbeddedServer> {
  try {
    return await startIn(prepareDirectory(settings.directory), options.onProgress ?? (() => undefined));
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (!code || !syscall) throw error;
    throw new EmbeddedDatabaseError(
      `cannot use the data directory ${settings.directory} (${(error as Error).message}); ${wayOutOf(error, 'start as its owner')} or set LEOPARD_DATA_DIR`,
    );
  }
}

async function startIn(layout: Layout, onProgress: (text: string) => void): Promise<EmbeddedServer> {
  const claim = await claimDirectory(layout.directory, layout.instance);
  try {
    const binaries = findBinaries();
    await clearOrphans(layout, onProgress);
    const account = chooseAccount(layout, binaries);
    prepareFolders(layout, account);
    await ensureCluster(layout, account, binaries, onProgress);
    const passwords = readPasswords(layout.passwords);
    const postmaster = await start(layout, account, binaries, onProgress);
    const host = layout.socket ?? '127.0.0.1';
    claim.publish({ host, port: postmaster.port });
    let stopping: Promise<void> | undefined;
    return {
      admin: adminOf(host, postmaster.port, passwords),
      passwords,
      startedHere: true,
      account: account.kind,
      ended: postmaster.ended,
      abandon: postmaster.abandon,
      stop() {
        stopping ??= postmaster.stop().finally(claim.release);
        return stopping;
      },
    };
  } catch (error) {
    claim.release();
    throw error;
  }
}

/**
 * Attaches to the server of the process that has the directory; where there is none, starts one as `startEmbedded`
 * does. For commands that are used beside a running program.
 */
export async function attachEmbedded(
  settings: EmbeddedSettings,
  options: EmbeddedOptions = {},
): Promise<EmbeddedServer> {
  const until = Date.now() + STARTING_ELSEWHERE_MS;
  for (;;) {
    const attached = attach(settings.directory);
    if (attached) return attached;
    try {
      return await startEmbedded(settings, options);
    } catch (error) {
      // Another process is just starting the server, which will be up in a moment.
      if (!(error instanceof DataDirectoryInUseError) || Date.now() > until) throw error;
      await sleep(100);
    }
  }
}

function attach(directory: string): EmbeddedServer | null {
  if (!existsSync(directory)) return null;
  const layout = layoutOf(realpathSync(directory));
  const server = readInstance(layout.instance)?.server;
  if (!server) return null;
  const passwords = readPasswords(layout.passwords);
  return {
    admin: adminOf(server.host, server.port, passwords),
    passwords,
    startedHere: false,
    account: null,
    ended: new Promise(() => undefined),
    abandon: () => undefined,
    stop: async () => undefined,
  };
}

/** Returns the settings of the superuser. */
export function adminOf(host: string, port: number, { superuser }: Passwords): ConnectionSettings {
  return { host, port, database: 'postgres', user: 'postgres', password: superuser };
}

function start(
  layout: Layout,
  account: ServerAccount,
  binaries: Binaries,
  onProgress: (text: string) => void,
) {
  giveTo(account, layout.data);
  onProgress('starting the database');
  return startPostmaster(layout, account, binaries, onProgress) satisfies Promise<Postmaster>;
}

/**
 * Creates the directory. As root, the server's user must be able to pass through it; every part of it is closed to
 * others.
 */
function prepareDirectory(directory: string): Layout {
  if (!existsSync(directory)) {
    mkdirSync(directory, { recursive: true });
    chmodSync(directory, process.getuid?.() === 0 ? 0o711 : 0o700);
  }
  return layoutOf(realpathSync(directory));
}

/** Creates the folders of log and sockets, and gives them to the server's account. */
export function prepareFolders(layout: Layout, account: ServerAccount): void {
  for (const folder of [layout.log, layout.socket]) {
    if (!folder) continue;
    if (!existsSync(folder)) {
      mkdirSync(folder, { mode: 0o700 });
      giveToOwnerOf(layout.directory, folder);
    }
    giveTo(account, folder);
  }
}
