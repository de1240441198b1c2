import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, chownSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionSettings } from '../../src/config/config.js';
import { withOwner } from '../../src/database/owner.js';
import { tryPort } from '../../src/platform/try-port.js';
import type { OddServer } from './odd-server.js';

/** A server that follows another one. */
export interface Standby {
  readonly admin: ConnectionSettings;
  readonly app: ConnectionSettings;
  stop(): Promise<void>;
}

const UP_WITHIN_MS = 30_000;

/** Starts a standby of a server from a copy of its files, as pg_basebackup makes one. */
export async function startStandby(
  primary: Pick<OddServer, 'data' | 'bin' | 'admin' | 'app'>,
): Promise<Standby> {
  const data = `${primary.data}-standby`;
  const label = await withOwner(primary.admin, async (client) => {
    await client.query("SELECT pg_backup_start('standby', true)");
    execFileSync('cp', ['-a', primary.data, data]);
    const { rows } = await client.query('SELECT labelfile FROM pg_backup_stop(false)');
    return rows[0].labelfile as string;
  });
  rmSync(join(data, 'postmaster.pid'));
  const { host, port: primaryPort, user, password } = primary.admin;
  const from = `host=${host} port=${primaryPort} user=${user} password=${password} application_name=follower`;
  const { uid, gid } = statSync(data);
  for (const [name, text] of Object.entries({ backup_label: label, 'standby.signal': '' })) {
    writeFileSync(join(data, name), text, { mode: 0o600 });
    if (process.getuid?.() === 0) chownSync(join(data, name), uid, gid);
  }
  appendFileSync(join(data, 'postgresql.auto.conf'), `primary_conninfo = '${from}'\n`);
  const port = await tryPort('127.0.0.1', 0);
  const settings = { listen_addresses: '127.0.0.1', unix_socket_directories: '', max_connections: '200' };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn(join(primary.bin, 'postgres'), ['-D', data, '-p', String(port), ...options], {
    ...(process.getuid?.() === 0 && { uid, gid }),
    cwd: data,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (text: Buffer) => {
    said = (said + text.toString()).slice(-4000);
  });
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const kill = () => child.kill('SIGQUIT');
  process.once('exit', kill);
  const stop = async () => {
    process.off('exit', kill);
    child.kill('SIGINT');
    await exited;
    rmSync(data, { recursive: true, force: true });
  };
  const admin = { ...primary.admin, port };
  for (const deadline = Date.now() + UP_WITHIN_MS; ; await sleep(100)) {
    try {
      await withOwner(admin, (client) => client.query('SELECT 1'));
      return { admin, app: { ...primary.app, port }, stop };
    } catch (error) {
      if (child.exitCode === null && Date.now() < deadline) continue;
      await stop();
      throw new Error(`the standby does not answer: ${(error as Error).message}\n${said}`);
    }
  }
}
