import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { settingsFor } from '../helpers/cli.js';
import { type WorkerTest, workerTest } from '../helpers/worker.js';
import { killAll, Program } from './program.js';

let test: WorkerTest;
let folder: string;
const started: Program[] = [];

beforeAll(async () => {
  test = await workerTest();
  folder = mkdtempSync(join(tmpdir(), 'leopard-services-'));
});
afterEach(async () => {
  killAll(started.map(({ pid }) => pid));
  for (const { ended } of started.splice(0)) await ended;
});
afterAll(async () => {
  await test.close();
  rmSync(folder, { recursive: true, force: true });
});

function serve(services: string): Program {
  const settings = settingsFor(test.databases, folder) as Record<string, string>;
  const environment = { ...settings, PORT: '1', METRICS_PORT: '0', EMAIL_TRANSPORT: 'off' };
  const program = Program.leopard(['serve', '--services', services], { directory: folder, environment });
  started.push(program);
  return program;
}

it('a process with the worker alone handles events, listens on no port, and stops in order', async () => {
  const worker = serve('worker');
  await worker.said(/"running worker"/); // port 1 is one that nobody may open
  await test.sql(`INSERT INTO immigration_client (first_name, gender, country) VALUES ('A', 'MALE', 'NP')`);
  await test.sql('UPDATE immigration_client SET assigned_to_id = 6');
  await test.drained();
  expect(await test.sql('SELECT FROM immigration_notification')).toHaveLength(1);
  expect(await worker.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(worker.stdout).toMatch(/"stopping"}\n.*"stopped"}\n$/);
  expect(await test.sql('SELECT FROM public.event_sleeper')).toEqual([]);
});

it('imports run in a process of their own where a worker is split, and whoever leaves them to it says so', async () => {
  const importing = serve('imports');
  await importing.said(/"running imports"/);
  expect(importing.stdout).not.toContain('another process');
  // In one statement, as an upload writes them: an import without its parts would be taken for an empty one.
  await test.sql(`
    WITH made AS (
      INSERT INTO client_import (headers, samples, fields, row_count, encoding, status, acting_user_id, created_by_id)
      VALUES ('["First name"]', '[[]]', '["first_name"]', 1, 'utf-8', 'CHECKING', 1, 1) RETURNING id)
    INSERT INTO client_import_part (import_id, number, content) SELECT id, 0, '[[2, "Maya"]]' FROM made`);
  await test.until(
    async () =>
      (await test.sql(`SELECT FROM client_import WHERE status = 'DRAFT' AND processed = 1`)).length === 1,
    30_000,
  );
  const handling = serve('events');
  await handling.said(/"running events"/);
  await handling.said(/imports of clients are left to another process, with the service imports or worker/);
  expect(await importing.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(await handling.kill('SIGTERM')).toEqual({ code: 0, signal: null });
}, 60_000);

it('when a worker is killed, another goes on, and nothing is lost or doubled', async () => {
  await test.clear();
  await test.sql(`INSERT INTO immigration_client (first_name, last_name, gender, country)
    SELECT 'Many', n::text, 'MALE', 'NP' FROM generate_series(1, 3000) n`);
  const [one, other] = [serve('worker'), serve('worker')];
  await Promise.all([one.said(/"running worker"/), other.said(/"running worker"/)]);
  await test.sql(`UPDATE immigration_client SET stage = 'CLIENT' WHERE first_name = 'Many'`);
  await test.until(async () => (await test.sql('SELECT FROM immigration_clientactivity LIMIT 1')).length > 0);
  await one.kill('SIGKILL');
  await test.drained(60_000);
  const [counts] =
    await test.sql(`SELECT count(*)::integer AS entries, count(DISTINCT client_id)::integer AS clients
    FROM immigration_clientactivity`);
  expect(counts).toEqual({ entries: 3000, clients: 3000 });
  expect(await other.kill('SIGTERM')).toEqual({ code: 0, signal: null });
}, 90_000);
