import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
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

// The tenant `demo` lives in a cell with a replica; `main` lives beside the catalogue, without one.

const CLIENTS = '/api/v1/clients/';
const WAITS = { timeout: 30_000, interval: 50 };

let servers: Replicated;
let catalogue: TestDatabase;
let directory: string;
let cells: RunningCell[];
let server: Awaited<ReturnType<typeof startServer>>;
const tokens: Record<string, string> = {};

beforeAll(async () => {
  [servers, catalogue] = await Promise.all([startReplicated(), testDatabase()]);
  directory = await mkdtemp(join(tmpdir(), 'leopard-cell-replica-'));
  const inCell = await servers.onPrimary(
    "SELECT id FROM public.tenants_tenant WHERE schema_name = 'tenant_demo'",
  );
  await withOwner(catalogue.owner, async (client) => {
    const place =
      "UPDATE public.tenants_tenant SET cell = 'eu2' WHERE schema_name = 'tenant_demo' RETURNING id";
    expect((await client.query(place)).rows).toEqual(inCell);
  });
  await servers.onPrimary(`INSERT INTO public.write_position VALUES ('', '0/0', now() - interval '1 hour');
    DELETE FROM public.write_position WHERE writer LIKE 'tenant\\_%'`);
  for (const [app, schema] of [
    [catalogue.app, 'tenant_main'],
    [servers.databases.app, 'tenant_demo'],
  ] as const) {
    const database = new Database(app, { size: 1 });
    await seedStaff({ database }, schema);
    await database.close();
  }
  const { app, owner } = servers.databases;
  const cell = {
    url: databaseUrl(app),
    owner_url: databaseUrl(owner),
    replica_url: databaseUrl(servers.standby.app),
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
      LEOPARD_CELLS: JSON.stringify({ eu2: cell }),
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
}, 120_000);

afterAll(async () => {
  for (const { gate } of cells ?? []) gate.end();
  await server?.close();
  await servers?.stop();
  await catalogue?.drop();
  await rm(directory, { recursive: true, force: true });
});

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

test("a cell's replica answers for its tenants, except who has just written, and for nobody else", async () => {
  await servers.caughtUp();
  await servers.pause();
  // Only a read of the replica, whose replay is stopped, does not find what is committed.
  let stale = '';
  await vi.waitFor(async () => {
    stale = `Stale${performance.now().toFixed(0)}`;
    await create('demo', stale);
    expect(await found('demo', stale, 'admin')).toBe(1);
    expect(await found('demo', stale, 'manager1')).toBe(0);
  }, WAITS);
  await create('main', stale);
  expect(await found('main', stale, 'admin')).toBe(1);
  expect(await found('main', stale, 'manager1')).toBe(1);
  await servers.resume();
  await servers.caughtUp();
  expect(await found('demo', stale, 'manager1')).toBe(1);
}, 60_000);

test("while a cell's replica is away, its primary answers", async () => {
  await servers.pause();
  await create('demo', 'Away');
  await servers.standby.stop();
  expect(await found('demo', 'Away', 'admin')).toBe(1);
  await vi.waitFor(async () => expect(await found('demo', 'Away', 'manager1')).toBe(1), WAITS);
  expect(await found('main', 'Away', 'manager1')).toBe(0);
}, 60_000);
