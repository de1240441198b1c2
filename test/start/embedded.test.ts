import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { attachEmbedded, startEmbedded } from '../../src/database/embedded/embedded.js';
import { DataDirectoryInUseError } from '../../src/database/embedded/errors.js';
import { withOwner } from '../../src/database/owner.js';
import { killAll, othersMayEnter, Program, postgresOf, postmasterOf } from './program.js';

const isRoot = process.getuid?.() === 0;
const NOBODY = { uid: 65_534, gid: 65_534 };

let folder: string;
let directory: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'leopard-pg-'));
  directory = join(folder, 'pg');
});
afterAll(() => {
  killAll([...Program.running, ...postgresOf(folder)]);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});
afterEach(() => expect(postgresOf(folder)).toEqual([]));

async function addRow(admin: Parameters<typeof withOwner>[0]): Promise<number> {
  return await withOwner(admin, async (client) => {
    await client.query('CREATE TABLE IF NOT EXISTS kept (id integer)');
    await client.query('INSERT INTO kept SELECT count(*) + 1 FROM kept');
    const { rows } = await client.query<{ count: number }>('SELECT count(*)::integer AS count FROM kept');
    return rows[0]!.count;
  });
}

describe('a new directory', () => {
  it('is taken by exactly one of two that start at once', async () => {
    const results = await Promise.allSettled([startEmbedded({ directory }), startEmbedded({ directory })]);
    const started = results.filter((result) => result.status === 'fulfilled');
    const refused = results.filter((result) => result.status === 'rejected');
    await Promise.all(started.map(({ value }) => value.stop()));
    expect([started.length, refused.length]).toEqual([1, 1]);
    expect(refused[0]?.reason).toBeInstanceOf(DataDirectoryInUseError);
  });

  it('gets UTF-8 with the case and order of all scripts, checksums, scram and durable commits', async () => {
    const server = await startEmbedded({ directory });
    try {
      expect(await addRow(server.admin)).toBe(1);
      const row = await withOwner(server.admin, async (client) => {
        const { rows } = await client.query(`
          SELECT pg_encoding_to_char(encoding) AS encoding, 'É' ILIKE 'é' AS "hasCase",
                 current_setting('data_checksums') AS checksums, current_setting('fsync') AS fsync,
                 current_setting('synchronous_commit') AS commit, current_setting('timezone') AS zone,
                 (SELECT rolpassword LIKE 'SCRAM-SHA-256%' FROM pg_authid WHERE rolname = 'postgres') AS scram
          FROM pg_database WHERE datname = current_database()`);
        return rows[0];
      });
      expect(row).toEqual({
        encoding: 'UTF8',
        hasCase: true,
        checksums: 'on',
        fsync: 'on',
        commit: 'on',
        zone: 'UTC',
        scram: true,
      });
      await expect(withOwner({ ...server.admin, password: 'wrong' }, async () => undefined)).rejects.toThrow(
        /password authentication failed/,
      );
      expect(statSync(join(directory, 'passwords.json')).mode & 0o777).toBe(0o600);
      expect(statSync(join(directory, 'data')).mode & 0o777).toBe(0o700);
    } finally {
      await server.stop();
    }
    expect(existsSync(join(directory, 'instance.json'))).toBe(false);
  });

  it('can be reached by TCP too, and by commands beside the running program', async () => {
    const server = await startEmbedded({ directory });
    try {
      await withOwner({ ...server.admin, host: '127.0.0.1' }, async () => undefined);
      await expect(startEmbedded({ directory })).rejects.toThrow(
        `is in use by another instance (pid ${process.pid}); stop it or set LEOPARD_DATA_DIR`,
      );
      const beside = await attachEmbedded({ directory });
      expect(beside.startedHere).toBe(false);
      expect(beside.admin).toEqual(server.admin);
      await beside.stop();
      await withOwner(server.admin, async () => undefined);
    } finally {
      await server.stop();
    }
    const alone = await attachEmbedded({ directory });
    expect(alone.startedHere).toBe(true);
    await alone.stop();
  });
});

describe('after a killed instance', () => {
  it('whose server still runs, the next start ends that and keeps the data', async () => {
    const killed = Program.embedded(directory);
    await killed.said(/ready/);
    const orphan = postmasterOf(directory);
    const beside = await attachEmbedded({ directory });
    const count = await addRow(beside.admin);
    await killed.kill('SIGKILL');
    expect(postgresOf(directory)).toContain(orphan);
    const server = await startEmbedded({ directory });
    expect(postmasterOf(directory)).not.toBe(orphan);
    expect(await addRow(server.admin)).toBe(count + 1);
    await server.stop();
  });

  it('and a killed server, the next start recovers what was committed', async () => {
    const killed = Program.embedded(directory);
    await killed.said(/ready/);
    const beside = await attachEmbedded({ directory });
    const count = await addRow(beside.admin);
    killAll([killed.pid, ...postgresOf(directory)]);
    await killed.ended;
    // A process that has yet to die still listens.
    await expect.poll(() => postgresOf(directory)).toEqual([]);
    const server = await startEmbedded({ directory });
    expect(await addRow(server.admin)).toBe(count + 1);
    await server.stop();
  });

  it('whose postmaster alone was killed, orphaned backends are ended first', async () => {
    const killed = Program.embedded(directory);
    await killed.said(/ready/);
    const beside = await attachEmbedded({ directory });
    const busy = withOwner(beside.admin, (client) => client.query('SELECT pg_sleep(60)'));
    const cut = expect(busy).rejects.toThrow();
    await sleep(200);
    killAll([killed.pid, postmasterOf(directory)]);
    await killed.ended;
    const server = await startEmbedded({ directory });
    await cut;
    await addRow(server.admin);
    await server.stop();
  });

  it('whose numbers other processes have by now, files with those numbers are no hindrance', async () => {
    writeFileSync(
      join(directory, 'data', 'postmaster.pid'),
      `${process.ppid}\n${directory}/data\n1\n5432\n\n127.0.0.1\n`,
    );
    const owner = { pid: process.ppid, started: 'another time' };
    writeFileSync(join(directory, 'instance.json'), JSON.stringify({ owner, server: null }));
    if (isRoot) giveLike(join(directory, 'data'), join(directory, 'data', 'postmaster.pid'));
    const server = await startEmbedded({ directory });
    await addRow(server.admin);
    await server.stop();
  });

  it('in another container, which shares only the files, is not disturbed', async () => {
    const elsewhere = createServer();
    const socket = join(directory, 'socket', '.s.PGSQL.5432');
    await new Promise<void>((resolve) => elsewhere.listen(socket, resolve));
    await expect(startEmbedded({ directory })).rejects.toThrow(/in use by a server elsewhere/);
    await new Promise((resolve) => elsewhere.close(resolve));
  });

  it('that was making its database, the next start makes one', async () => {
    const half = join(folder, 'half');
    const killed = Program.embedded(half);
    await killed.said(/creating/);
    while (!existsSync(half) || !readdirSync(half).some((name) => existsSync(join(half, name, 'base')))) {
      await sleep(5);
    }
    await killed.kill('SIGKILL');
    expect(existsSync(join(half, 'data'))).toBe(false);
    const server = await startEmbedded({ directory: half });
    expect(await addRow(server.admin)).toBe(1);
    await server.stop();
    expect(readdirSync(half).filter((name) => name.startsWith('data.new'))).toEqual([]);
  });
});

describe('what cannot work', () => {
  it('is told in one line: data of another major version', async () => {
    const old = join(folder, 'old');
    mkdirSync(join(old, 'data'), { recursive: true });
    writeFileSync(join(old, 'data', 'PG_VERSION'), '16\n');
    await expect(startEmbedded({ directory: old })).rejects.toThrow(
      /PostgreSQL 16's, the embedded server is 18/,
    );
  });

  it('is told in one line: a setting of the operator’s that the server refuses', async () => {
    const file = join(directory, 'data', 'postgresql.auto.conf');
    writeFileSync(file, "shared_buffers = '1kB'\n");
    await expect(startEmbedded({ directory })).rejects.toThrow(
      /^the embedded database did not start: .*log is in/,
    );
    writeFileSync(file, '');
  });
});

describe.runIf(isRoot && othersMayEnter())('as root', () => {
  const open = () => {
    const path = mkdtempSync(join(folder, 'open-'));
    chmodSync(folder, 0o755);
    chmodSync(path, 0o755);
    return join(path, 'pg');
  };

  it('the server runs as an ordinary user where that one can reach the folders, and as no one with power elsewhere', async () => {
    const reachable = open();
    const first = await startEmbedded({ directory: reachable });
    const rows = await addRow(first.admin);
    await first.stop();
    expect(first.account).toBe('user');
    const { uid } = statSync(join(reachable, 'data'));
    expect(uid).not.toBe(0);

    // The same data in a folder that only root may enter: its owner stays.
    const closed = join(folder, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    cpSync(reachable, join(closed, 'pg'), { recursive: true });
    for (const name of readdirSync(join(closed, 'pg', 'data'), { recursive: true }) as string[]) {
      chownSync(join(closed, 'pg', 'data', name), uid, uid);
    }
    chownSync(join(closed, 'pg', 'data'), uid, uid);
    const second = await startEmbedded({ directory: join(closed, 'pg') });
    expect(await addRow(second.admin)).toBe(rows + 1);
    await second.stop();
    expect(second.account).toBe('capability');
    expect(statSync(join(closed, 'pg', 'data')).uid).toBe(uid);

    // New data in such a folder.
    const third = await startEmbedded({ directory: join(closed, 'new') });
    await addRow(third.admin);
    await third.stop();
    expect(['namespace', 'capability']).toContain(third.account);
  });

  it('an ordinary user’s directory stays that user’s', async () => {
    const theirs = open();
    mkdirSync(theirs, { mode: 0o700 });
    chownSync(theirs, NOBODY.uid, NOBODY.gid);
    for (const user of [NOBODY, undefined, NOBODY]) {
      const program = Program.embedded(theirs, user ? { user } : {});
      await program.said(user ? /ready as same/ : /ready as (user|capability)/);
      await program.interrupt();
    }
    const others = (readdirSync(theirs, { recursive: true }) as string[]).filter(
      (name) => statSync(join(theirs, name)).uid !== NOBODY.uid,
    );
    expect(others).toEqual([]);
  });
});

function giveLike(model: string, path: string): void {
  const { uid, gid } = statSync(model);
  chownSync(path, uid, gid);
}
