import { chownSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ConnectionSettings } from '../../src/config/config.js';
import { DatabaseClient } from '../../src/database/client.js';
import { withOwner } from '../../src/database/owner.js';
import { startTemporaryServer } from '../../src/database/temporary-server.js';
import type { ProductionCheck } from '../../src/production/check.js';
import { agencies } from '../../src/production/checks/agencies.js';
import { checksumsCheck } from '../../src/production/checks/checksums.js';
import { connectionsCheck } from '../../src/production/checks/connections.js';
import { databaseEncryptionCheck } from '../../src/production/checks/database-encryption.js';
import { durabilityCheck } from '../../src/production/checks/durability.js';
import { idleTransactions } from '../../src/production/checks/idle-transactions.js';
import { locksCheck } from '../../src/production/checks/locks.js';
import { replication } from '../../src/production/checks/replication.js';
import { timeZonesCheck } from '../../src/production/checks/time-zones.js';
import { vacuum } from '../../src/production/checks/vacuum.js';
import { walArchiveCheck } from '../../src/production/checks/wal-archive.js';
import { selfSigned } from '../helpers/certificates.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';
import { checked, expectLines, goodConfig } from './checking.js';
import { MISREAD_ZONE, type OddServer, startOddServer } from './odd-server.js';
import { startStandby } from './standby.js';

// The checks of the database server: one server as no operator should leave one, beside the tests' usual one.

let odd: OddServer;
let usual: TestDatabase;
beforeAll(async () => {
  usual = await testDatabase();
  odd = await startOddServer();
});
afterAll(async () => {
  await odd?.stop();
  await usual?.drop();
});

type Place = Pick<TestDatabase, 'app' | 'owner'>;
const look = (check: ProductionCheck, place: Place, changes: NodeJS.ProcessEnv = {}) =>
  checked(check, {
    config: goodConfig(changes),
    database: { kind: 'server', app: place.app, owner: place.owner },
  });

/** Asks until a check says it: what the server does in the background takes its time. */
async function until(check: ProductionCheck, text: RegExp): Promise<void> {
  for (const deadline = Date.now() + 20_000; ; await sleep(100)) {
    const [line] = await look(check, odd);
    if (text.test(line?.text ?? '')) return;
    if (Date.now() > deadline) expect(line?.text).toMatch(text);
  }
}

/** Runs work while a connection is open on which this has been run. */
async function holding(settings: ConnectionSettings, sql: string, work: () => Promise<void>): Promise<void> {
  await withOwner({ ...settings }, async (client) => {
    await client.query(sql);
    await work();
  });
}

describe('encryption of the database', () => {
  // Leads to this machine, which its text does not say.
  const elsewhere = ({ app, owner }: Place): Place => {
    const host = '0.0.0.0';
    return { app: { ...app, host }, owner: { ...owner, host } };
  };
  it('fails where connections to another machine can be read on their way', async () => {
    expectLines(await look(databaseEncryptionCheck, elsewhere(odd)), [
      ['problem', /^connections to 0\.0\.0\.0:\d+ are not encrypted: .*; set PGSSLMODE=verify-full/],
    ]);
  });
  it('passes where they are encrypted, and on one machine', async () => {
    await selfSigned(join(odd.data, 'tls'), ['database.test']);
    const { uid, gid } = statSync(odd.data);
    for (const name of ['tls', 'tls/fullchain.pem', 'tls/privkey.pem'])
      chownSync(join(odd.data, name), uid, gid);
    for (const [name, value] of Object.entries({
      ssl_cert_file: 'tls/fullchain.pem',
      ssl_key_file: 'tls/privkey.pem',
      ssl: 'on',
    }))
      await odd.sql(`ALTER SYSTEM SET ${name} = '${value}'`);
    await odd.sql('SELECT pg_reload_conf()');
    vi.stubEnv('PGSSLMODE', 'no-verify');
    try {
      await expect
        .poll(() => look(databaseEncryptionCheck, elsewhere(odd)))
        .toEqual([expect.objectContaining({ level: 'ok', text: expect.stringMatching(/are encrypted$/) })]);
    } finally {
      vi.unstubAllEnvs();
    }
    expectLines(await look(databaseEncryptionCheck, usual), [['ok', /without leaving this machine$/]]);
  });
});

describe('durability', () => {
  it('fails where a crash loses or destroys data', async () => {
    expectLines(await look(durabilityCheck, usual), [
      ['problem', /^fsync is off.*; set fsync = on/],
      ['problem', /^full_page_writes is off/],
      ['warning', /^synchronous_commit is off .*; set it to on/],
    ]);
  });
  it('passes where commits are on disk, unless the role gives that up', async () => {
    const durable = await startTemporaryServer({ durable: true });
    const place = { app: durable.admin, owner: durable.admin };
    try {
      expectLines(await look(durabilityCheck, place), [['ok', /synchronous_commit = on/]]);
      await withOwner(durable.admin, (client) =>
        client.query('ALTER ROLE postgres SET synchronous_commit TO off'),
      );
      const [line] = await look(durabilityCheck, place);
      expect(line?.text).toMatch(/^synchronous_commit is off for the program/);
    } finally {
      await durable.stop();
    }
  });
});

describe('data checksums', () => {
  it('fails where they are off', async () => {
    expectLines(await look(checksumsCheck, odd), [['warning', /; stop PostgreSQL and run pg_checksums/]]);
  });
  it('passes where they are on', async () => {
    expectLines(await look(checksumsCheck, usual), [['ok', /are on/]]);
  });
});

describe('time zones', () => {
  // A moment whose rules were known to both long before they were released.
  const look = (_: ProductionCheck, { app }: Place) =>
    checked(timeZonesCheck, {
      database: { kind: 'server', app, owner: null },
      now: () => Date.UTC(2022, 5, 1, 0, 0, 45),
    });
  it('fails for the zone that both read differently, gravely where an agency uses it', async () => {
    expectLines(await look(timeZonesCheck, odd), [
      ['warning', new RegExp(`no agency uses: ${MISREAD_ZONE}; update`)],
    ]);
    await odd.sql(
      `UPDATE public.tenants_tenant SET settings = '{"time_zone": "${MISREAD_ZONE.toLowerCase()}"}'`,
    );
    expectLines(await look(timeZonesCheck, odd), [
      ['problem', new RegExp(`of agencies differently: ${MISREAD_ZONE}`)],
    ]);
  });
  it('passes where both read all alike', async () => {
    expectLines(await look(timeZonesCheck, usual), [['ok', /all \d{3} alike/]]);
  });
});

describe('vacuum', () => {
  it('fails where autovacuum is off, for the server or a table', async () => {
    await odd.sql('ALTER SYSTEM SET autovacuum = off');
    await odd.sql(
      'SELECT pg_reload_conf(); ALTER TABLE public.tenants_domain SET (autovacuum_enabled = false)',
    );
    await until(vacuum(), /^autovacuum is off/);
    expectLines(await look(vacuum(), odd), [
      ['problem', /^autovacuum is off, .*; set autovacuum = on/],
      ['warning', /switched off for public\.tenants_domain|switched off for tenants_domain/],
    ]);
    await odd.sql('ALTER SYSTEM RESET autovacuum');
    await odd.sql('SELECT pg_reload_conf(); ALTER TABLE public.tenants_domain RESET (autovacuum_enabled)');
  });
  it('fails where rows are old', async () => {
    const lines = await look(vacuum({ warning: 1 }), usual);
    expect(lines[0]).toMatchObject({ level: 'warning', mend: expect.stringMatching(/VACUUM FREEZE in /) });
    expect((await look(vacuum({ warning: 1, problem: 2 }), usual))[0]?.level).toBe('problem');
  });
  it('passes where it is on and rows are young', async () => {
    await until(vacuum(), /^autovacuum is on/);
    expectLines(await look(vacuum(), odd), [['ok', /0 million/]]);
  });
});

describe('idle transactions', () => {
  it('fails for a session that does nothing in its transaction, and tells where that is hidden', async () => {
    await holding(usual.app, 'BEGIN; SELECT 1', async () => {
      const lines = await look(idleTransactions(0), usual);
      expect(lines[0]).toMatchObject({
        level: 'warning',
        text: expect.stringMatching(/pid \d+ for \d+ s \(user leopard_app, leopard-owner\)/),
        mend: expect.stringContaining('pg_terminate_backend'),
      });
    });
    await odd.sql('REVOKE pg_read_all_stats FROM leopard_app');
    await holding(odd.admin, 'BEGIN', async () => {
      const lines = await look(idleTransactions(0), odd);
      expectLines(lines, [
        ['unknown', /hidden; as a superuser run, .*: GRANT pg_read_all_stats TO leopard_app WITH INHERIT/],
      ]);
    });
    await odd.sql('GRANT pg_read_all_stats TO leopard_app WITH INHERIT TRUE');
  });
  it('fails for a transaction that was prepared and forgotten', async () => {
    await odd.restartWith({ max_prepared_transactions: '5' });
    await odd.sql("BEGIN; CREATE TABLE public.prepared (); PREPARE TRANSACTION 'forgotten'");
    expectLines(await look(idleTransactions(0), odd), [
      ['warning', /'forgotten' of postgres in leopard .*; find .* ROLLBACK PREPARED/],
    ]);
    await odd.sql("ROLLBACK PREPARED 'forgotten'");
  });
  it('passes without any', async () => {
    expectLines(await look(idleTransactions(), odd), [['ok', /none is open and idle/]]);
  });
});

describe('connections', () => {
  it('fails where the pools of all processes are larger than the server takes', async () => {
    const changes = { DOCTOR_PROCESSES: 'api:40,worker+scheduler:2', DB_POOL_SIZE: '5' };
    const [line] = await look(connectionsCheck, odd, changes);
    // 40 × (5 + 1 for metrics + 1 that listens) + 2 × (2 + 2 + 1 + 2 + 1 + 2 that listen) + 5 for commands
    expect(line).toMatchObject({
      level: 'problem',
      text: expect.stringMatching(
        /\(40 × api, 2 × worker\+scheduler\) may open 305 connections, .* has 197 /,
      ),
      mend: expect.stringMatching(/^set max_connections to 308 /),
    });
  });
  it('fails where the role may not have that many', async () => {
    await odd.sql('ALTER ROLE leopard_app CONNECTION LIMIT 10');
    expectLines(await look(connectionsCheck, odd), [['problem', /has 10 for them/]]);
    await odd.sql('ALTER ROLE leopard_app CONNECTION LIMIT -1');
  });
  it('fails where most are open', async () => {
    const settings = { ...odd.app, application_name: 'crowd' };
    const clients = Array.from({ length: 165 }, () => new DatabaseClient(settings));
    const connect = async (from: number) => {
      for (let i = from; i < clients.length; i += 8) await clients[i]?.connect();
    };
    await Promise.all(Array.from({ length: 8 }, (_, from) => connect(from)));
    try {
      expectLines(await look(connectionsCheck, odd), [['warning', /16\d of 200 .* \(crowd 165, .*; end/]]);
    } finally {
      await Promise.all(clients.map((client) => client.end()));
    }
  });
  it('passes where there is room, and counts the processes that listen', async () => {
    expectLines(await look(connectionsCheck, odd), [
      ['ok', /^21 at most of 197 possible \(1 × api\+worker\+scheduler\)/],
    ]);
    const clients = [1, 2, 3, 4].map(
      () => new DatabaseClient({ ...odd.app, application_name: 'leopard-listener' }),
    );
    for (const client of clients) await client.connect();
    const lines = await look(connectionsCheck, odd, { LEOPARD_SERVICES: 'api' });
    for (const client of clients) await client.end();
    expectLines(lines, [['ok', /^33 at most of 197 possible \(4 × api\)/]]);
  });
});

describe('locks', () => {
  // Tables without files, which are made faster.
  const MANY = `DO $$ BEGIN FOR i IN 1..2400 LOOP
    EXECUTE format('CREATE TABLE many.t%s (a integer) PARTITION BY LIST (a)', i);
    IF i % 200 = 0 THEN COMMIT; END IF; END LOOP; END $$`;
  /** Takes this many places of the table of locks in one transaction. */
  const take = (count: number) =>
    odd.sql(`SELECT count(pg_advisory_xact_lock(i)) FROM generate_series(1, ${count}) i`);

  it('fails where one transaction cannot lock all tables', async () => {
    await odd.restartWith({ max_locks_per_transaction: '10' });
    await odd.sql('CREATE SCHEMA many');
    await odd.sql(MANY);
    const [line] = await look(locksCheck, odd);
    expect(line).toMatchObject({
      level: 'problem',
      text: expect.stringMatching(/guarantees 2\d{3} locks for 2[45]\d\d tables and sequences of 1 agencies/),
      mend: expect.stringMatching(/^set max_locks_per_transaction = 64 and restart/),
    });
    await take(Number(/guarantees (\d+)/.exec(line?.text ?? '')?.[1]));
    await expect(take(100_000)).rejects.toThrow('out of shared memory');
  });
  it('passes with the advised number', async () => {
    await odd.restartWith({ max_locks_per_transaction: '64' });
    expectLines(await look(locksCheck, odd), [['ok', /\(max_locks_per_transaction = 64\)/]]);
    await odd.sql('ALTER SYSTEM RESET max_locks_per_transaction');
  });
});

describe('agencies', () => {
  it('fails where the server is not set for as many', async () => {
    expectLines(await look(agencies({ count: 1_000, memory: 2 ** 30 }), usual), [
      [
        'warning',
        /of 1000 agencies takes \d+ MiB, and shared_buffers are 128 MiB.*; set shared_buffers = 1000MB/,
      ],
      ['warning', /^3 workers .*; set autovacuum_max_workers = 6/],
      ['warning', /^after a crash .*; set recovery_init_sync_method = syncfs/],
      ['warning', /connections that have served all agencies take \d+ MiB each.*; give the machine more/],
    ]);
    const [line] = await look(agencies({ count: 0, few: 0, memory: 0 }), usual);
    expect(line).toMatchObject({
      level: 'warning',
      text: expect.stringMatching(/connections that have served/),
    });
  });
  it('passes where it is, and where there are few', async () => {
    expectLines(await look(agencies({ few: 0 }), usual), [['ok', /^the server is set for \d+ agencies/]]);
    expectLines(await look(agencies(), usual), [['ok', /agencies need no settings/]]);
  });
});

describe('wal archive', () => {
  it('fails where there is none, and where it does not take what it is given', async () => {
    expectLines(await look(walArchiveCheck, odd), [['warning', /is not archived.*; set up pgBackRest/]]);
    await odd.restartWith({ archive_mode: 'on', archive_command: 'false' });
    await odd.sql('CREATE TABLE public.written (); SELECT pg_switch_wal()');
    await until(walArchiveCheck, /^the archive does not take/);
    expectLines(await look(walArchiveCheck, odd), [['problem', /\(0000\w+\).*; look at archive_command/]]);
  });
  it('passes where files are archived', async () => {
    await odd.sql("ALTER SYSTEM SET archive_command = 'true'");
    await odd.sql('SELECT pg_reload_conf(); SELECT pg_switch_wal()');
    await until(walArchiveCheck, /^\d+ files are archived/);
    expect((await look(walArchiveCheck, odd))[0]?.level).toBe('ok');
  });
});

describe('replication', () => {
  it('fails for a slot that nobody reads', async () => {
    await odd.sql("SELECT pg_create_physical_replication_slot('left_over', true)");
    const wanted = /slot left_over, which keeps \d+ MiB .*; start .* pg_drop_replication_slot\('left_over'\)/;
    expectLines(await look(replication(), odd), [['warning', wanted]]);
    await odd.sql('CREATE TABLE public.more AS SELECT generate_series(1, 1000)');
    expectLines(await look(replication({ keptBytes: 1000 }), odd), [['problem', wanted]]);
    await odd.sql("SELECT pg_drop_replication_slot('left_over')");
  });
  it('fails where commits wait for a standby that is away', async () => {
    await odd.sql("ALTER SYSTEM SET synchronous_standby_names = 'away'");
    await withOwner(odd.admin, (client) => client.query('SELECT pg_reload_conf()'));
    await until(replication(), /^commits wait for a synchronous standby \(away\)/);
    await withOwner(odd.admin, async (client) => {
      await client.query('SET synchronous_commit TO local');
      await client.query('ALTER SYSTEM RESET synchronous_standby_names');
      await client.query('SELECT pg_reload_conf()');
    });
  });
  it('fails where a standby is behind, and where the program is connected to it; passes while it follows', async () => {
    const check = replication({ behindBytes: 500_000 });
    const standby = await startStandby(odd);
    try {
      await until(check, /^1 standbys follow/);
      await withOwner(standby.admin, (client) => client.query('SELECT pg_wal_replay_pause()'));
      await odd.sql('CREATE TABLE public.much AS SELECT generate_series(1, 30000) AS number');
      await until(check, /^the standby follower is [123] MiB.* behind/);
      expectLines(await look(check, odd), [['warning', /behind; look at its log/]]);
      await withOwner(standby.admin, (client) => client.query('SELECT pg_wal_replay_resume()'));
      await until(check, /^1 standbys follow/);
      expectLines(await look(check, { app: standby.app, owner: odd.owner }), [
        ['problem', /connected to a standby.*; set DATABASE_URL/],
      ]);
    } finally {
      await standby.stop();
    }
  });
  it('passes where nothing is replicated', async () => {
    await until(replication(), /^0 standbys follow/);
  });
});
