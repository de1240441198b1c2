import { execFile, execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ConnectionSettings } from '../../src/config/config.js';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';
import { tryPort } from '../../src/platform/try-port.js';

const BIN = '/usr/lib/postgresql/15/bin';
const has = (program: string) => existsSync(program);

/** Whether Debian's PostgreSQL 15 and a user postgres are here, and the test may become that user. */
export const hasDebianPostgres =
  has(`${BIN}/pg_basebackup`) &&
  process.getuid?.() === 0 &&
  readFileSync('/etc/passwd', 'utf8').includes('\npostgres:');
export const hasPgBackRest = hasDebianPostgres && has('/usr/bin/pgbackrest');

/** Folders of a Debian machine that the page names, and that the test has elsewhere. */
const FOLDERS = ['/var/lib/postgresql/15', '/var/backups', '/etc/postgresql/15/main', '/usr/local/bin'];

/**
 * A server of Debian's PostgreSQL, laid out as Debian does below a temporary folder, in which the commands of the page
 * run: `sudo` and `systemctl` do the same there.
 */
export class DebianServer {
  private constructor(
    readonly root: string,
    readonly admin: ConnectionSettings,
  ) {}

  static async start(): Promise<DebianServer> {
    const root = mkdtempSync(join(tmpdir(), 'leopard-debian-'));
    chmodSync(root, 0o755);
    const port = await tryPort('127.0.0.1', 0);
    const admin = { host: '127.0.0.1', port, database: 'postgres', user: 'postgres', password: 'postgres' };
    const server = new DebianServer(root, admin);
    for (const folder of [...FOLDERS, '/etc/postgresql/15/main/conf.d', '/run', '/shims'])
      mkdirSync(join(root, folder), { recursive: true });
    server.#prepare(port);
    return server;
  }

  #prepare(port: number): void {
    const { root } = this;
    const etc = join(root, '/etc/postgresql/15/main');
    const data = join(root, '/var/lib/postgresql/15/main');
    const password = join(root, 'password');
    writeFileSync(password, 'postgres');
    execFileSync('chown', ['-R', 'postgres', join(root, 'var'), join(root, 'run'), password]);
    const initdb = ['-D', data, '-U', 'postgres', '--locale=C.UTF-8', `--pwfile=${password}`];
    execFileSync('runuser', ['-u', 'postgres', '--', `${BIN}/initdb`, ...initdb, '-A', 'trust', '-N'], {
      cwd: root,
    });
    for (const name of ['postgresql.conf', 'pg_hba.conf', 'pg_ident.conf'])
      renameSync(join(data, name), join(etc, name));
    writeFileSync(
      join(etc, 'postgresql.conf'),
      `data_directory = '${data}'\nhba_file = '${etc}/pg_hba.conf'\nident_file = '${etc}/pg_ident.conf'
port = ${port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '${root}/run'\ntimezone = 'UTC'
include_dir = 'conf.d'\n`,
    );
    this.#shim('sudo', `shift 2\ncd "${root}"\nexec runuser -u postgres -- "$@"`);
    this.#shim(
      'systemctl',
      `exec runuser -u postgres -- ${BIN}/pg_ctl "$1" -s -w -D ${data} -o '-c config_file=${etc}/postgresql.conf' -m fast -l ${root}/run/log`,
    );
    execFileSync('chown', ['-R', 'postgres', etc]);
    cpSync(join(PACKAGE_ROOT, 'deployment', 'backup'), join(root, 'deployment', 'backup'), {
      recursive: true,
    });
    for (const name of readdirSync(join(root, 'deployment', 'backup'))) {
      const file = join(root, 'deployment', 'backup', name);
      writeFileSync(file, this.here(readFileSync(file, 'utf8')));
    }
  }

  #shim(name: string, commands: string): void {
    const file = join(this.root, 'shims', name);
    writeFileSync(file, `#!/bin/sh\nset -eu\n${commands}\n`, { mode: 0o755 });
  }

  /** Returns a text with the machine's folders in place of Debian's. */
  here(text: string): string {
    const moved = FOLDERS.reduce((all, folder) => all.replaceAll(folder, join(this.root, folder)), text);
    return moved.replaceAll('/etc/pgbackrest.conf', join(this.root, 'etc', 'pgbackrest.conf'));
  }

  /** Runs commands of the page. @returns their output @throws with it when one fails */
  async run(commands: string, environment: NodeJS.ProcessEnv = {}): Promise<string> {
    const { root, admin } = this;
    const { stdout, stderr } = await promisify(execFile)('sh', ['-euc', this.here(commands)], {
      cwd: root,
      env: {
        PATH: `${root}/shims:${root}/usr/local/bin:${BIN}:${process.env.PATH}`,
        PGHOST: `${root}/run`,
        PGPORT: String(admin.port),
        PG_PROGRAMS: BIN,
        PGBACKREST_CONFIG: `${root}/etc/pgbackrest.conf`,
        PGBACKREST_PG1_PORT: String(admin.port),
        PGBACKREST_PG1_SOCKET_PATH: `${root}/run`,
        PGBACKREST_LOG_PATH: `${root}/run`,
        PGBACKREST_LOCK_PATH: `${root}/run`,
        ...environment,
      },
    });
    return stdout + stderr;
  }

  /** Stops the server, if it runs, and removes everything. */
  async remove(): Promise<void> {
    await this.run('systemctl stop').catch(() => undefined);
    rmSync(this.root, { recursive: true, force: true });
  }
}
