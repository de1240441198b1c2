import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Tokens } from '../../src/auth/tokens.js';
import { loadConfig } from '../../src/config/config.js';
import { Database } from '../../src/database/database.js';
import { cliSurroundings } from '../helpers/cli.js';
import { idOf, seedStaff } from '../helpers/staff.js';
import { tenantSql } from '../helpers/tenant-sql.js';
import { killAll, Program } from '../start/program.js';

const CHANGES = 200;
const SENDERS = 8;
/** The answered changes after which a process is killed. */
const KILLED_AFTER = 60;

let surroundings: Awaited<ReturnType<typeof cliSurroundings>>;
let folder: string;
let token: string;
const started: Program[] = [];

const sql = (text: string) => tenantSql(surroundings.database.admin, text);

beforeAll(async () => {
  surroundings = await cliSurroundings();
  folder = mkdtempSync(join(tmpdir(), 'leopard-killed-'));
  const database = new Database(surroundings.database.app, { size: 1 });
  await seedStaff({ database });
  await database.close();
  await sql(`INSERT INTO immigration_client (first_name, last_name, gender, country, stage)
    SELECT 'Client', 'former' || n, 'MALE', 'NP', 'LEAD' FROM generate_series(1, ${CHANGES / 2}) n`);
  const holder = { user_id: String(idOf('admin')), tid: 'main', email: '', username: 'admin', groups: [] };
  token = new Tokens(loadConfig(surroundings.settings, folder)).issue('access', holder).token;
});
afterAll(async () => {
  killAll(started.map(({ pid }) => pid));
  for (const { ended } of started) await ended;
  await surroundings?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Starts the API with a worker; resolves when it serves. */
async function serve(name: string) {
  const socketPath = join(folder, name);
  const settings = surroundings.settings as Record<string, string>;
  const environment = { ...settings, HOST: `unix:${socketPath}`, METRICS_PORT: '0', EMAIL_TRANSPORT: 'off' };
  const program = Program.leopard(['serve', '--services', 'api,worker'], { directory: folder, environment });
  started.push(program);
  await program.said(/Leopard is ready on/);
  return { socketPath, program };
}

/** Sends a change. @returns the status; null when there was no answer */
function send(socketPath: string, method: string, path: string, body: object): Promise<number | null> {
  return new Promise((resolve) => {
    const headers = {
      host: 'main.localhost',
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
    };
    const sent = request({ socketPath, method, path, headers, agent: false }, (answer) => {
      answer.resume();
      answer.on('error', () => resolve(null));
      answer.on('end', () => resolve(answer.statusCode ?? null));
    });
    sent.on('error', () => resolve(null));
    sent.end(JSON.stringify(body));
  });
}

it('neither the audit log nor the search loses a change that was answered while a process is killed', async () => {
  const [one, other] = [await serve('one.sock'), await serve('other.sock')];
  const statuses = new Map<string, number | null>();
  let next = 0;
  let killed: Promise<unknown> | undefined;
  const answered = () => [...statuses].filter(([, status]) => status === 200 || status === 201);
  const sender = async () => {
    while (next < CHANGES) {
      const change = next++;
      const { socketPath } = change % 2 === 0 || killed ? one : other;
      const name = `changed${change}x`;
      const fields = { first_name: 'Client', last_name: name, assigned_to_id: idOf('consultant1') };
      const isNew = change >= CHANGES / 2;
      const status = isNew
        ? await send(socketPath, 'POST', '/api/v1/clients/', {
            ...fields,
            email: `${name}@example.com`,
            phone_number: '1',
            country: 'NP',
            gender: 'MALE',
            stage: 'LEAD',
            branch_id: 1,
          })
        : await send(socketPath, 'PATCH', `/api/v1/clients/${change + 1}/`, fields);
      statuses.set(name, status);
      if (answered().length >= KILLED_AFTER) killed ??= other.program.kill('SIGKILL');
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, sender));
  await killed;
  expect([...new Set(statuses.values())].filter((status) => ![200, 201, null].includes(status))).toEqual([]);
  expect(answered().length).toBeGreaterThanOrEqual(CHANGES - SENDERS);

  const isChange = "LIKE 'changed%x'";
  const stored = (await sql(`SELECT last_name FROM immigration_client WHERE last_name ${isChange}`)).map(
    (row) => row.last_name,
  );
  // What was answered is stored; of what was not, the rest of each change is there with it, or nothing is.
  expect(answered().filter(([name]) => !stored.includes(name))).toEqual([]);
  const logged = await sql(`
    SELECT after ->> 'last_name' AS name, record_id = c.id AS same, user_id::integer AS user
    FROM audit_entry a LEFT JOIN immigration_client c ON c.last_name = a.after ->> 'last_name'
    WHERE entity = 'client' AND after ->> 'last_name' ${isChange}`);
  expect(logged.map(({ name }) => name).sort()).toEqual([...stored].sort());
  expect(logged.filter(({ same, user }) => !same || user !== idOf('admin'))).toEqual([]);
  const found = await sql(`
    SELECT c.last_name AS name FROM client_search s JOIN immigration_client c ON c.id = s.client_id
    WHERE s.text LIKE '%' || c.last_name || '%'`);
  expect(
    found
      .filter(({ name }) => name.startsWith('changed'))
      .map(({ name }) => name)
      .sort(),
  ).toEqual([...stored].sort());

  // And the process that is left handles all events, those that the other one had in hand too, each once.
  await expect
    .poll(async () => (await sql('SELECT count(*)::integer AS n FROM public.event_queue'))[0]!.n)
    .toBe(0);
  const [counted] = await sql(`
    SELECT (SELECT count(*) FROM immigration_event WHERE status <> 'COMPLETED')::integer AS left,
      count(*)::integer AS told, count(DISTINCT meta_info ->> 'event_id')::integer AS once
    FROM immigration_notification`);
  const { left, told, once } = counted as { left: number; told: number; once: number };
  expect({ left, twice: told - once }).toEqual({ left: 0, twice: 0 });
  expect(told).toBeGreaterThanOrEqual(stored.filter((name) => numberIn(name) < CHANGES / 2).length);
});

const numberIn = (name: string) => Number(/\d+/.exec(name)?.[0]);
