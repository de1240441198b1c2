import { spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionSettings } from '../../src/config/config.js';
import { withOwner } from '../../src/database/owner.js';
import { tryPort } from '../../src/platform/try-port.js';

const PROGRAM = ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer', '/opt/homebrew/bin/pgbouncer'].find((path) =>
  existsSync(path),
);
const STARTS_WITHIN_MS = 60_000;

export const hasPgBouncer = PROGRAM !== undefined;
export const NO_PGBOUNCER = 'PgBouncer is not installed (apt-get install pgbouncer); its tests are skipped';

/** A pooler in front of a database. */
export interface PgBouncer {
  /** Settings of the same database and role, through the pooler. */
  readonly settings: ConnectionSettings;
  stop(): Promise<void>;
  /** Ends it with this signal and starts it again, at the same port. */
  restart(signal: NodeJS.Signals): Promise<void>;
}

interface IniParts {
  readonly database: ConnectionSettings;
  readonly port: number;
  /** The file with users and passwords. */
  readonly users: string;
  readonly serverConnections: number;
}

/**
 * Starts PgBouncer in transaction mode in front of a database for one role, with this many connections to the server.
 * The program needs little of it: no named prepared statement, no session setting and no startup parameter beyond
 * PgBouncer's own is used, so neither `max_prepared_statements` nor `ignore_startup_parameters` has to be set. LISTEN
 * does not work through it, which the listener finds out.
 */
export async function startPgBouncer(
  database: ConnectionSettings,
  serverConnections: number,
  ini: (parts: IniParts) => string = usualIni,
): Promise<PgBouncer> {
  if (!PROGRAM) throw new Error(NO_PGBOUNCER);
  const directory = mkdtempSync(join(tmpdir(), 'leopard-pgbouncer-'));
  const port = await tryPort('127.0.0.1', 0);
  const files = {
    'users.txt': `"${database.user}" "${database.password}"\n`,
    'pgbouncer.ini': ini({ database, port, users: join(directory, 'users.txt'), serverConnections }),
  };
  const account = process.getuid?.() === 0 ? ordinaryAccount() : null; // it refuses to run as root
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(directory, name), content, { mode: 0o600 });
    if (account) chownSync(join(directory, name), account.uid, account.gid);
  }
  if (account) chownSync(directory, account.uid, account.gid);
  const program = PROGRAM;
  let said = '';
  const launch = () => {
    const started = spawn(program, [join(directory, 'pgbouncer.ini')], {
      ...account,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    started.stderr.on('data', (text: Buffer) => {
      said = (said + text.toString()).slice(-4000);
    });
    const exited = new Promise<void>((resolve) => started.once('close', () => resolve()));
    return { started, exited };
  };
  let child = launch();
  const kill = () => child.started.kill('SIGKILL');
  process.once('exit', kill);
  const end = async (signal: NodeJS.Signals) => {
    child.started.kill(signal);
    await child.exited;
  };
  const stop = async () => {
    process.off('exit', kill);
    await end('SIGTERM');
    rmSync(directory, { recursive: true, force: true });
  };
  const settings = { ...database, host: '127.0.0.1', port };
  const serves = async () => {
    for (const deadline = Date.now() + STARTS_WITHIN_MS; ; await sleep(25)) {
      try {
        await withOwner(settings, (client) => client.query('SELECT 1'));
        return;
      } catch (error) {
        if (child.started.exitCode === null && Date.now() < deadline) continue;
        throw new Error(`PgBouncer does not serve: ${(error as Error).message}\n${said}`);
      }
    }
  };
  try {
    await serves();
  } catch (error) {
    await stop();
    throw error;
  }
  const restart = async (signal: NodeJS.Signals) => {
    await end(signal);
    child = launch();
    await serves();
  };
  return { settings, stop, restart };
}

function usualIni({ database, port, users, serverConnections }: IniParts): string {
  return `
[databases]
${database.database} = host=${database.host} port=${database.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${users}
pool_mode = transaction
default_pool_size = ${serverConnections}
max_client_conn = 200
server_lifetime = 600
log_connections = 0
log_disconnections = 0
`;
}

function ordinaryAccount(): { uid: number; gid: number } {
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const found = ['postgres', 'nobody'].map((name) => accounts.find(([user]) => user === name)).find(Boolean);
  return { uid: Number(found?.[2]), gid: Number(found?.[3]) };
}
