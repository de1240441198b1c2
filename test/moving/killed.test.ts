import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Database } from '../../src/database/database.js';
import { withOwner } from '../../src/database/owner.js';
import { sql } from '../../src/database/sql.js';
import { MOVE } from '../../src/moving/move-tenant.js';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';
import { contents } from '../backup/contents.js';
import { cliSurroundings, databaseUrl, runCommand } from '../helpers/cli.js';
import { killedAt, pointsOf } from '../helpers/killed-operations.js';
import { newClient } from '../helpers/samples/clients.js';
import { tenantSums } from '../helpers/tenant-sums.js';
import { type SecondServer, startSecondServer } from './second-server.js';

// Processes that move a tenant are killed before and after each step, and while the tenant is closed.

const SCHEMA = 'tenant_main';
const CONTEXT = { schema: SCHEMA, userId: null };
const COMMAND = ['tenants', 'move', 'main', '--to', 'eu2', '--longest-wait', '60'];

let main: Awaited<ReturnType<typeof cliSurroundings>>;
let second: SecondServer;
let settings: NodeJS.ProcessEnv;
let here: Database;
let there: Database;

beforeAll(async () => {
  [main, second] = await Promise.all([cliSurroundings(), startSecondServer()]);
  const cell = { url: databaseUrl(second.app), owner_url: databaseUrl(second.owner) };
  settings = { ...main.settings, LEOPARD_CELLS: JSON.stringify({ eu2: cell }) };
  here = new Database(main.database.app, { size: 1 });
  there = new Database(second.app, { size: 1 });
  await here.tenantTransaction(CONTEXT, async (transaction) => {
    for (let n = 0; n < 5; n++) await newClient(transaction);
  });
}, 120_000);
afterAll(async () => {
  await here.close();
  await there.close();
  await second.stop();
  await main.close();
});

const change = (database: Database) =>
  database.tenantQuery(CONTEXT, sql`UPDATE immigration_client SET first_name = first_name || '.'`).then(
    () => true,
    () => false,
  );

/** Returns in which of both databases a request could change something, and in which background work would be done. */
async function places() {
  const lives = `SELECT EXISTS (SELECT FROM public.tenants_tenant WHERE schema_name = $1 AND cell IS NULL
    AND work_held_until IS DISTINCT FROM 'infinity') AS lives`;
  const at = async (owner: typeof second.owner) =>
    (await withOwner(owner, (client) => client.query(lives, [SCHEMA]))).rows[0].lives;
  const catalogue = await withOwner(main.database.owner, (client) =>
    client.query('SELECT cell FROM public.tenants_tenant WHERE schema_name = $1', [SCHEMA]),
  );
  const { cell } = catalogue.rows[0];
  const [works, worksThere] = [await at(main.database.owner), await at(second.owner)];
  return { cell, works, worksThere, changes: await change(cell === null ? here : there) };
}

test('a move that is killed at any step leaves the tenant in one place, and the same command carries it on', {
  timeout: 300_000,
}, async () => {
  const others = await tenantSums(main.database.owner, [SCHEMA]);
  let before = true;
  for (const point of pointsOf(MOVE)) {
    const { killed, output } = await killedAt(settings, COMMAND, point);
    expect({ point, killed, output }).toEqual({ point, killed: true, output });
    const found = await places();
    before &&= found.cell === null;
    expect({ point, ...found }).toEqual({
      point,
      cell: before ? null : 'eu2',
      works: before,
      worksThere: before ? false : found.worksThere,
      changes: true,
    });
  }
  const { exitCode, stdout } = await runCommand(settings, COMMAND);
  expect({ exitCode, stdout }).toMatchObject({ exitCode: 0 });
  expect(before).toBe(false);
  expect(await places()).toEqual({ cell: 'eu2', works: false, worksThere: true, changes: true });
  expect(await change(here)).toBe(false);
  expect(await tenantSums(main.database.owner, [SCHEMA])).toEqual(others);
});

test('a move back that is killed while the tenant is closed: its time over, the tenant goes on where it was', {
  timeout: 120_000,
}, async () => {
  const leopard = join(PACKAGE_ROOT, 'bin', 'leopard.js');
  const back = ['tenants', 'move', 'main', '--to', 'main', '--longest-wait', '60'];
  const child = spawn(process.execPath, [leopard, ...back], {
    env: { PATH: process.env.PATH, ...settings },
    stdio: 'ignore',
  });
  let running = true;
  const ended = new Promise((resolve) => child.once('exit', resolve)).then(() => {
    running = false;
  });
  const isClosed = () =>
    withOwner(second.owner, (client) =>
      client.query(`SELECT has_schema_privilege($1::text, $1::text, 'USAGE') AS open`, [SCHEMA]),
    ).then(({ rows }) => !rows[0].open);
  while (running && !(await isClosed())) await sleep(2);
  child.kill('SIGKILL');
  await ended;
  expect(await change(there)).toBe(false);
  await withOwner(second.owner, (client) =>
    client.query('UPDATE public.tenants_tenant SET work_held_until = now() WHERE work_held_until > now()'),
  );
  const opened = await there.publicQuery(sql`SELECT public.end_tenant_holds() AS schema`);
  expect(opened).toEqual([{ schema: SCHEMA }]);
  expect(await change(there)).toBe(true);
  const rows = await contents(second.owner, SCHEMA, ['immigration_client']);

  const undone = await runCommand(settings, ['tenants', 'resume', 'main', '--undo']);
  expect(undone).toMatchObject({ exitCode: 0 });
  expect(await places()).toEqual({ cell: 'eu2', works: false, worksThere: true, changes: true });
  const { exitCode, stderr } = await runCommand(settings, [...back, '--keep-old', '0', '--json']);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(await places()).toMatchObject({ cell: null, works: true, worksThere: false, changes: true });
  expect(Object.keys(rows)).toEqual(['immigration_client']);
});
