import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ConnectionSettings } from '../../src/config/config.js';
import { startTemporaryServer, type TemporaryServer } from '../../src/database/temporary-server.js';

/** The system's own PostgreSQL of 15 or newer, with pg_dump, which the packages of the embedded one do not bring. */
const FOLDER = '/usr/lib/postgresql';
const BIN = (existsSync(FOLDER) ? readdirSync(FOLDER) : [])
  .filter((version) => Number(version) >= 15)
  .sort((a, b) => Number(b) - Number(a))
  .map((version) => join(FOLDER, version, 'bin'))
  .find((folder) =>
    ['postgres', 'initdb', 'pg_dump', 'pg_restore'].every((name) => existsSync(join(folder, name))),
  );

export const hasSystemPostgres = BIN !== undefined;

const binary = (name: string) => join(BIN as string, name);

/** Returns the programs of the system's PostgreSQL. */
export const systemBinaries = () => ({
  postgres: binary('postgres'),
  initdb: binary('initdb'),
  pgCtl: binary('pg_ctl'),
});

/** Starts the system's PostgreSQL on an empty folder. The caller must stop it. */
export async function startSystemPostgres(): Promise<TemporaryServer> {
  return await startTemporaryServer({ binaries: systemBinaries() });
}

/** Runs one of PostgreSQL's own programs on a database. @returns its stderr, and whether it succeeded */
export async function runSystem(
  program: 'pg_dump' | 'pg_restore',
  { host, port, user, password, database }: ConnectionSettings,
  args: readonly string[],
): Promise<{ ok: boolean; stderr: string }> {
  const where = ['-h', host, '-p', String(port), '-U', user, '-d', database];
  const environment = { ...process.env, PGPASSWORD: password };
  return await promisify(execFile)(binary(program), [...where, ...args], { env: environment }).then(
    ({ stderr }) => ({ ok: true, stderr }),
    ({ stderr = '' }: { stderr?: string }) => ({ ok: false, stderr }),
  );
}
