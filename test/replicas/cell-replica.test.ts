import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type RunningCell, startCells } from '../../src/app/cells.js';
import { startServer } from '../../src/app/server.js';
import { loadConfig } from '../../src/config/config.js';
import { openDatabase } from '../../src/database/connections.js';
import { Database } from '../../src/database/database.js';
import { withOwner } from '../../src/database/owner.js';
import { requireIsolation } from '../../src/schema/access/access-check.js';
import { PASSWORD } from '../helpers/app.js';
import { databaseUrl } from '../helpers/cli.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';
import { seedStaff } from '../helpers/staff.js';
import { type Replicated, startReplicated } from './replicated.js';

// The tenant `main` lives beside the catalogue, the tenant `demo` in a cell; one of the two databases has a replica.

const CLIENTS = '/api/v1/clients/';
const WAITS = { timeout: 30_000, interval: 50 };

let servers: Replicated;
let other: TestDatabase;
let directory: string;
let cells: RunningCell[];
let server: Awaited<ReturnType<typeof startServer>>;
const tokens: Record<string, string> = {};

/** Starts the program, with a replica of the cell or of the catalogue's database, and staff in both tenants. */
async function start(replicated: 'cell' | 'catalogue'): Promise<void> {
  [servers, other] = await Promise.all([startReplicated(), testDatabase()]);
  directory = await mkdtemp(join(tmpdir(), 'leopard-cell-replica-'));
  const [catalogue, cell] = replicated === 'cell' ? [other, servers.databases] : [servers.databases, other];
  const place = (text: string) => async (client: pg.Client) => (await client.query(text)).rows;
  const demo = "FROM public.tenants_tenant WHERE schema_name = 'tenant_demo'";
  const inCell = await withOwner(cell.owner, place(`SELECT id ${demo}`));
  expect(await withOwner(catalogue.owner, place(`SELECT id ${demo}`))).toEqual(inCell);
  await withOwner(
    catalogue.owner,
    place("UPDATE public.tenants_tenant SET cell = 'eu2' WHERE schema_name = 'tenant_demo'"),
  );
  await servers.onPrimary(`INSERT INTO public.write_position VALUES ('', '0/0', now() - interval '1 hour');
    DELETE FROM public.write_position WHERE writer LIKE 'tenant\\_%'`);
  for (const [app, schema] of [
    [catalogue.app, 'tenant_main'],
    [cell.app, 'tenant_demo'],
  ] as const) {
    const database = new Database(app, { size: 1 });
    await seedStaff({ database }, schema);
    await database.close();
  }
  const replica = databaseUrl(servers.standby.app);
  const eu2 = {
    url: databaseUrl(cell.app),
    owner_url: databaseUrl(cell.owner),
    ...(replicated === 'cell' && { replica_url: replica }),
  };
  const config = loadConfig(
    {
      SECRET_KEY: 'test-key-0123456789-abcdefghijklmnopqrstuvwxyz',
      DEBUG: 'true',
      LEOPARD_DATA_DIR: directory,
      LOG_LEVEL: 'silent',
      PORT: '0',
      METRICS_PORT: '0',
      REQUESTS_PER_SECOND_PER_USER: '0',
      DATABASE_URL: databaseUrl(catalogue.app),
      DATABASE_OWNER_URL: databaseUrl(catalogue.owner),
      DATABASE_REPLICA_MAX_LAG: '300',
      ...(replicated === 'catalogue' && { DATABASE_REPLICA_URL: replica }),
      LEOPARD_CELLS: JSON.stringify({ eu2 }),
    },
    directory,
  );
  const handle = await openDatabase(config);
  cells = await startCells(config, handle, requireIsolation);
  server = await startServer(config, handle, undefined, undefined, cells);
  for (const tenant of ['main', 'demo'])
    for (const username of ['admin', 'manager1']) {
      const { status, body } = await ask(tenant, 'POST', '/api/token/', undefined, {
        username,
        password: PASSWORD,
      });
      expect(status).toBe(200);
      tokens[`${tenant} ${username}`] = body.access;
    }
}

async function stop(): Promise<void> {
  for (const { gate } of cells ?? []) gate.end();
  await server?.close();
  await servers?.stop();
  await other?.drop();
  await rm(directory, { recursive: true, force: true });
}

// biome-ignore lint/suspicious/noExplicitAny: the body of any route
type Answer = { readonly status: number; readonly body: any };

async function ask(
  tenant: string,
  method: string,
  path: string,
  token?: string,
  body?: object,
): Promise<Answer> {
  const { hostname, port } = new URL(server.address);
  return await new Promise((resolve, reject) => {
    const headers = {
      host: `${tenant}.localhost`,
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body && { 'content-type': 'application/json' }),
    };
    const sent = request({ hostname, port, method, path, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) }));
    });
    sent.on('error', reject);
    sent.end(body && JSON.stringify(body));
  });
}

async function create(tenant: string, name: string): Promise<void> {
  const body = { first_name: name, gender: 'FEMALE', country: 'NP', branch_id: 1 };
  expect((await ask(tenant, 'POST', CLIENTS, tokens[`${tenant} admin`], body)).status).toBe(201);
}

async function found(tenant: string, name: string, username: string): Promise<number> {
  const { status, body } = await ask(
    tenant,
    'GET',
    `${CLIENTS}?search=${name}`,
    tokens[`${tenant} ${username}`],
  );
  expect(status).toBe(200);
  return body.count;
}

describe.each([
  { replicated: 'cell', own: 'demo', foreign: 'main' },
  { replicated: 'catalogue', own: 'main', foreign: 'demo' },
] as const)('a replica of the $replicated', ({ replicated, own, foreign }) => {
  beforeAll(() => start(replicated), 120_000);
  afterAll(stop);

  test('answers for the tenants of that database, except who has just written, and for nobody else', async () => {
    await servers.caughtUp();
    await servers.pause();
    // Only a read of the replica, whose replay is stopped, does not find what is committed.
    let stale = '';
    await vi.waitFor(async () => {
      stale = `Stale${performance.now().toFixed(0)}`;
      await create(own, stale);
      expect(await found(own, stale, 'admin')).toBe(1);
      expect(await found(own, stale, 'manager1')).toBe(0);
    }, WAITS);
    await create(foreign, stale);
    expect(await found(foreign, stale, 'admin')).toBe(1);
    expect(await found(foreign, stale, 'manager1')).toBe(1);
    await servers.resume();
    await servers.caughtUp();
    expect(await found(own, stale, 'manager1')).toBe(1);
  }, 60_000);

  test('that is away leaves the answers to the primary', async () => {
    await servers.pause();
    await create(own, 'Away');
    await servers.standby.stop();
    expect(await found(own, 'Away', 'admin')).toBe(1);
    await vi.waitFor(async () => expect(await found(own, 'Away', 'manager1')).toBe(1), WAITS);
    expect(await found(foreign, 'Away', 'manager1')).toBe(0);
  }, 60_000);
});
