import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ConnectionSettings } from '../../src/config/config.js';
import type { DatabaseHandle } from '../../src/database/connections.js';
import { inTransaction, withOwner } from '../../src/database/owner.js';
import type { ReadOutcome } from '../../src/database/replica.js';
import { diagnoseReplicas } from '../../src/database/replica-diagnosis.js';
import { sql } from '../../src/database/sql.js';
import type { TenantContext } from '../../src/database/tenant-transaction.js';
import { noteOperation } from '../../src/database/write-positions.js';
import { renameSchema } from '../../src/provisioning/renamed-schema.js';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { SAMPLES } from '../helpers/samples/index.js';
import { seedStaff } from '../helpers/staff.js';
import { startTcpProxy, type TcpProxy } from '../helpers/tcp-proxy.js';
import { type Replicated, startReplicated } from './replicated.js';

const CLIENTS = '/api/v1/clients/';
const WAITS = { timeout: 15_000, interval: 20 };

let servers: Replicated;
let proxy: TcpProxy;
let first: TestApp;
/** Another process of the API. */
let second: TestApp;
let admin: string;
let manager: string;
/** The notes on whole tenants that their creation has left. */
let ofNewTenants: Record<string, unknown>[];

beforeAll(async () => {
  servers = await startReplicated();
  proxy = await startTcpProxy(servers.standby.app);
  const { databases } = servers;
  // Notes began long ago, as on a server in use.
  await servers.onPrimary(`INSERT INTO public.write_position VALUES ('', '0/0', now() - interval '1 hour')`);
  ofNewTenants = await servers.onPrimary(
    "DELETE FROM public.write_position WHERE writer LIKE 'tenant\\_%' RETURNING writer",
  );
  const replica = { at: { ...proxy.settings, answersWithin: 500 }, mostLag: 60 };
  first = await startTestApp({ databases, replica });
  second = await startTestApp({ sharing: first, replica });
  await seedStaff(first);
  admin = await first.logIn('admin');
  manager = await first.logIn('manager1');
}, 60_000);

afterAll(async () => {
  await second?.close();
  await first?.close();
  await proxy?.close();
  await servers?.stop();
});

beforeEach(async () => {
  await servers.caughtUp();
  await vi.waitFor(
    () => expect([first, second].map((app) => app.replica?.watch.trouble)).toEqual([null, null]),
    WAITS,
  );
});

afterEach(() => servers.resume());

/** Counts what becomes of reads while `work` is done. */
async function outcomesOf(
  app: TestApp,
  work: () => Promise<unknown>,
): Promise<Partial<Record<ReadOutcome, number>>> {
  const before = { ...app.replica?.counts };
  await work();
  const changes = Object.entries(app.replica?.counts ?? {}).map(
    ([outcome, count]) => [outcome, count - (before[outcome as ReadOutcome] ?? 0)] as const,
  );
  return Object.fromEntries(changes.filter(([, count]) => count > 0));
}

/** Repeats reads until the replica has done them: on a busy machine a look at it may take too long. */
const byReplica = (app: TestApp, work: () => Promise<unknown>) =>
  vi.waitFor(async () => {
    const outcomes = await outcomesOf(app, work);
    expect(outcomes).toEqual({ replica: expect.any(Number) });
  }, WAITS);

const create = async (app: TestApp, name: string, token = admin) => {
  const body = { first_name: name, gender: 'FEMALE', country: 'NP', branch_id: 1 };
  const answer = await app.ask('POST', CLIENTS, { token, body });
  expect(answer.status).toBe(201);
};

const found = async (app: TestApp, name: string, token = admin): Promise<number> => {
  const answer = await app.ask('GET', `${CLIENTS}?search=${name}`, { token });
  expect(answer.status).toBe(200);
  return answer.body.count;
};

describe('who has written', () => {
  test('sees it at once in every process, while others are answered by the replica', async () => {
    await servers.pause();
    await create(first, 'Paused');
    for (const app of [first, second]) {
      expect(await outcomesOf(app, async () => expect(await found(app, 'Paused')).toBe(1))).toEqual({
        behind: 1,
      });
      const others = async () => expect(await found(app, 'Paused', manager)).toBe(0);
      expect(await outcomesOf(app, others)).toEqual({ replica: 1 });
    }
    await servers.resume();
    await servers.caughtUp();
    await byReplica(second, async () => expect(await found(second, 'Paused')).toBe(1));
  });

  test('sees every change of many, which the replica shows as soon as it has them', async () => {
    const changes = async () => {
      for (let i = 0; i < 20; i++) {
        const [writes, reads] = i % 2 ? [first, second] : [second, first];
        await create(writes, `Alternating${i}`);
        expect(await found(reads, `Alternating${i}`)).toBe(1);
      }
    };
    const inFirst = await outcomesOf(first, () => outcomesOf(second, changes));
    expect(inFirst.replica).toBeGreaterThan(0);
  });

  test('or whose whole tenant has just been written by an operation, sees that', async () => {
    await servers.pause();
    await servers.onPrimary(
      "INSERT INTO tenant_main.immigration_client (first_name, gender, country) VALUES ('Restored', 'MALE', 'NP')",
    );
    await first.database.publicQuery(noteOperation('tenant_main'));
    const read = async () => expect(await found(second, 'Restored', manager)).toBe(0); // in no branch of the manager's
    expect(await outcomesOf(second, read)).toEqual({ behind: 1 });
    await servers.onPrimary("DELETE FROM public.write_position WHERE writer = 'tenant_main'");
  });

  test('or whose tenant is new: the replica may still have an earlier one of that name', async () => {
    expect(ofNewTenants.map(({ writer }) => writer).toSorted()).toEqual(['tenant_demo', 'tenant_main']);
    const rename = (from: string, to: string) =>
      withOwner(servers.databases.owner, (client) =>
        inTransaction(client, () => renameSchema(client, servers.databases.app.user, from, to)),
      );
    await rename('tenant_demo', 'tenant_other');
    await rename('tenant_other', 'tenant_demo');
    const noted =
      "DELETE FROM public.write_position WHERE writer IN ('tenant_demo', 'tenant_other') RETURNING writer";
    expect((await servers.onPrimary(noted)).map(({ writer }) => writer).toSorted()).toEqual([
      'tenant_demo',
      'tenant_other',
    ]);
  });

  test('waits 50 ms for it once, not at each read', async () => {
    await servers.pause();
    await create(first, 'Waiting');
    await found(first, 'Waiting');
    const durations: number[] = [];
    const reads = async () => {
      for (let i = 0; i < 5; i++) {
        const begun = performance.now();
        await found(first, 'Waiting');
        durations.push(performance.now() - begun);
      }
    };
    expect(await outcomesOf(first, reads)).toEqual({ behind: 5 });
    expect(Math.min(...durations)).toBeLessThan(50);
  });

  test('sees it after a crash too, which empties the notes', async () => {
    await servers.pause();
    await create(first, 'Crashed');
    await servers.onPrimary('TRUNCATE public.write_position');
    expect(await outcomesOf(second, async () => expect(await found(second, 'Crashed')).toBe(1))).toEqual({
      unknown: 1,
    });
    await servers.onPrimary(`
      INSERT INTO public.write_position VALUES ('', '0/0', now() - interval '1 hour')
      ON CONFLICT (writer) DO UPDATE SET written_at = excluded.written_at`);
  });

  test('also where the note could not be made with the commit', async () => {
    const root = await first.logIn('root');
    await servers.pause();
    await servers.onPrimary('REVOKE INSERT ON public.write_position FROM leopard_app');
    await create(first, 'Unnoted', root);
    await servers.onPrimary('GRANT INSERT ON public.write_position TO leopard_app');
    expect(await outcomesOf(first, async () => expect(await found(first, 'Unnoted', root)).toBe(1))).toEqual({
      behind: 1,
    });
  });
});

describe('rights', () => {
  test('that ended just now are ended, however far the replica is behind', async () => {
    await create(first, 'Secret');
    await servers.caughtUp();
    const token = await first.logIn('consultant1');
    expect(await found(second, 'Secret', token)).toBe(1);
    await servers.pause();
    await servers.onPrimary('DELETE FROM tenant_main.immigration_user_branches WHERE user_id = 6');
    await vi.waitFor(async () => expect(await found(second, 'Secret', token)).toBe(0), WAITS);
    const ended = await first.ask('POST', '/api/v1/sessions/end-all/', { token, body: {} });
    expect(ended.status).toBe(200);
    const answer = async () => (await second.ask('GET', CLIENTS, { token })).status;
    await vi.waitFor(async () => expect(await answer()).toBe(401), WAITS);
  });

  test('are as narrow at the replica: a tenant’s role, and no changes', async () => {
    const context: TenantContext = { schema: 'tenant_main', userId: 2, reads: 'replica' };
    const who = sql<{ role: string; standby: boolean; path: string }>`
      SELECT current_user AS role, pg_is_in_recovery() AS standby, current_setting('search_path') AS path`;
    expect(await first.database.tenantQuery(context, who)).toEqual([
      { role: 'tenant_main', standby: true, path: 'tenant_main, pg_temp' },
    ]);
    const replica = first.replica as unknown as { replica: TestApp['database'] };
    const there = (text: string) => replica.replica.tenantQuery(context, sql.raw(text));
    await expect(there('SELECT FROM tenant_demo.immigration_client')).rejects.toThrow('permission denied');
    await expect(there('DELETE FROM immigration_client')).rejects.toThrow('read-only transaction');
  });
});

describe('a route that a replica may answer', () => {
  const REPORT_PERIOD = '?from=2026-01-01&to=2026-12-31';
  const pathIn = (path: string) => {
    if (path.endsWith('/search/')) return `${path}?q=sample`;
    return path.includes('/reports/') ? path + REPORT_PERIOD : path;
  };

  test('is answered by it as by the primary; the others never are', async () => {
    await first.database.tenantTransaction({ schema: 'tenant_main', userId: null }, async (transaction) => {
      for (const { create: insert } of Object.values(SAMPLES)) await insert(transaction, { archived: false });
    });
    const primaryAlone = await startTestApp({ sharing: first });
    await servers.caughtUp();
    const routes = first.app.routes.filter(({ method, path }) => method === 'GET' && !path.includes(':'));
    const open = routes.filter(({ load, produces }) => load !== 'open' && !produces?.includes('text/html'));
    expect(open.filter(({ fromReplica }) => fromReplica).length).toBeGreaterThan(30);
    for (const { path, fromReplica } of open) {
      const ask = (app: TestApp) => app.ask('GET', pathIn(path), { token: admin });
      let answer: Awaited<ReturnType<typeof ask>> | undefined;
      const read = async () => {
        answer = await ask(first);
      };
      if (!fromReplica) {
        expect({ path, outcomes: await outcomesOf(first, read) }).toEqual({ path, outcomes: {} });
        continue;
      }
      await byReplica(first, read).catch((error: Error) => {
        throw new Error(`${path}: ${error.message}`);
      });
      expect({ path, status: answer?.status }).toEqual({ path, status: 200 });
      expect(answer?.body).toEqual((await ask(primaryAlone)).body);
    }
    await primaryAlone.close();
  });

  test('an export is read there, and logged at the primary', async () => {
    const logged = () =>
      servers.onPrimary(
        "SELECT count(*)::int AS count FROM tenant_main.audit_entry WHERE operation = 'read'",
      );
    const [before] = await logged();
    let lines = 0;
    await byReplica(first, async () => {
      const { body } = await first.ask('GET', `${CLIENTS}export/`, { token: admin });
      lines = body.trim().split('\n').length;
    });
    expect(lines).toBeGreaterThan(10);
    expect((await logged())[0]?.count).toBeGreaterThan(before?.count as number);
  });
});

describe('leopard doctor', () => {
  const handleOf = (replica: ConnectionSettings): DatabaseHandle => ({
    ...servers.databases,
    kind: 'server',
    replica,
    ended: new Promise(() => undefined),
    close: async () => undefined,
    abandon: () => undefined,
  });

  test('reports how far it is behind, and what is wrong with it', async () => {
    const diagnose = async (replica: ConnectionSettings) => (await diagnoseReplicas(handleOf(replica), 1))[0];
    const { app } = servers.standby;
    expect(await diagnose(app)).toMatchObject({
      check: 'replica',
      status: 'warning',
      text: expect.stringMatching(/^0\.\d s behind; .*hot_standby_feedback = on/),
    });
    await servers.pause();
    expect((await diagnose(app))?.text).toMatch(/^its replay is paused; .*pg_wal_replay_resume/);
    expect((await diagnose(servers.databases.app))?.text).toMatch(/^it is not a standby; all reads go/);
    expect((await diagnose({ ...app, port: 1 }))?.text).toMatch(/^cannot reach PostgreSQL at 127.0.0.1:1 /);
    expect((await diagnose({ ...app, password: 'x' }))?.text).toContain('DATABASE_REPLICA_URL');
  });
});

describe('the primary answers', () => {
  test('where the replica is too far behind', async () => {
    const replica = { at: servers.standby.app, mostLag: 1 };
    const strict = await startTestApp({ sharing: first, replica });
    await vi.waitFor(() => expect(strict.replica?.watch.trouble).toBeNull(), WAITS);
    await servers.pause();
    await create(first, 'Behind');
    await vi.waitFor(() => expect(strict.replica?.watch.trouble).toBe('lagging'), WAITS);
    const others = async () => expect(await found(strict, 'Behind', manager)).toBe(1);
    expect(await outcomesOf(strict, others)).toEqual({ lagging: 1 });
    expect(strict.replica?.watch.lag).toBeGreaterThan(0);
    await servers.resume();
    await vi.waitFor(() => expect(strict.replica?.watch.trouble).toBeNull(), WAITS);
    await strict.close();
  });

  test('where replay cancels the read', async () => {
    const context: TenantContext = { schema: 'tenant_main', userId: 2, reads: 'replica' };
    const slow = sql<{ slept: string; standby: boolean }>`
      SELECT pg_is_in_recovery() AS standby, (SELECT count(*) FROM immigration_client),
        CASE WHEN pg_is_in_recovery() THEN pg_sleep(20) END::text AS slept`;
    const outcomes = await outcomesOf(first, async () => {
      const read = first.database.tenantQuery(context, slow);
      await sleep(200);
      await servers.onPrimary(
        'BEGIN; LOCK TABLE tenant_main.immigration_client IN ACCESS EXCLUSIVE MODE; COMMIT',
      );
      expect((await read)[0]?.standby).toBe(false);
    });
    expect(outcomes).toEqual({ conflict: 1 });
  });

  test.each(['cut', 'stall'] as const)('where the connections to the replica are dead (%s)', async (how) => {
    await found(first, 'nobody', manager);
    proxy[how]();
    if (how === 'cut') proxy.stall(); // nor do new ones work
    const reads = async () => {
      await Promise.all(Array.from({ length: 6 }, () => found(first, 'nobody', manager)));
    };
    const outcomes = await outcomesOf(first, reads);
    expect(outcomes.replica).toBeUndefined();
    await vi.waitFor(() => expect(first.replica?.watch.lag).toBeNull(), WAITS);
    proxy.goOn();
    proxy.cut();
    await vi.waitFor(() => expect(first.replica?.watch.trouble).toBeNull(), WAITS);
    await byReplica(first, () => found(first, 'nobody', manager));
  });

  test('where the replica is none', async () => {
    const wrong = await startTestApp({ sharing: first, replica: { at: servers.databases.app, mostLag: 60 } });
    await vi.waitFor(() => expect(wrong.replica?.watch.problem).toBe('it is not a standby'), WAITS);
    expect(await outcomesOf(wrong, () => found(wrong, 'nobody', manager))).toEqual({ away: 1 });
    await wrong.close();
  });
});
