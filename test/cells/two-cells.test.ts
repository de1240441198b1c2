import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFailed, onTestFinished, test } from 'vitest';
import type { RunningCell } from '../../src/app/cells.js';
import { type RunningServer, startServer } from '../../src/app/server.js';
import { type RunningWorker, startWorker } from '../../src/app/worker.js';
import { startFurtherCells } from '../../src/cli/start-cells.js';
import { CHANNELS } from '../../src/database/channels.js';
import { withOwner } from '../../src/database/owner.js';
import { PASSWORD } from '../helpers/app.js';
import { type TwoCells, twoCells } from '../helpers/two-cells.js';

const silent = { say() {}, count() {}, done() {}, failed() {} };

let place: TwoCells;
let cells: RunningCell[];
let server: RunningServer;
let workers: RunningWorker[];

beforeAll(async () => {
  place = await twoCells();
  const { config, handle } = place;
  cells = await place.start();
  server = await startServer(config, handle, undefined, undefined, cells);
  workers = [await startWorker(config, handle), await startWorker(config, place.eu2, undefined, cells[0])];
});

afterAll(async () => {
  for (const { gate } of cells ?? []) gate.end();
  await Promise.all([...(workers ?? []), server].map((running) => running?.close()));
  await place?.close();
});

interface Answer {
  readonly status: number;
  readonly retryAfter: string | null;
  /** Milliseconds. */
  readonly took: number;
  // biome-ignore lint/suspicious/noExplicitAny: the body of any route
  readonly body: any;
}

async function ask(
  tenant: string,
  method: string,
  path: string,
  token?: string,
  body?: object,
): Promise<Answer> {
  const since = performance.now();
  const { hostname, port } = new URL(server.address);
  const { request } = await import('node:http');
  return await new Promise((resolve, reject) => {
    const headers = {
      host: `${tenant}.localhost`,
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body && { 'content-type': 'application/json' }),
    };
    const sent = request({ hostname, port, method, path, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => (text += part));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          retryAfter: response.headers['retry-after'] ?? null,
          took: performance.now() - since,
          body: text.startsWith('{') ? JSON.parse(text) : text,
        }),
      );
    });
    sent.on('error', reject);
    sent.end(body && JSON.stringify(body));
  });
}

async function logIn(tenant: string): Promise<string> {
  const answer = await ask(tenant, 'POST', '/api/token/', undefined, {
    username: 'admin',
    password: PASSWORD,
  });
  expect(answer.status).toBe(200);
  return answer.body.access;
}

/** A tenant's clients: one writes, the others read, without a pause but a short one after a failure. */
class Load {
  readonly answers: Answer[] = [];
  /** The contents of notes whose creation was acknowledged. */
  readonly created: string[] = [];
  #stopped = false;
  #running: Promise<unknown> = Promise.resolve();

  constructor(
    readonly tenant: string,
    private readonly token: string,
    private readonly client: number,
  ) {}

  start(): void {
    this.#running = Promise.all([this.#write(), this.#read(), this.#read()]);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  get failures(): Answer[] {
    return this.answers.filter(({ status }) => status >= 400);
  }

  async #read(): Promise<void> {
    while (!this.#stopped) await this.#send('GET', '/api/v1/clients/');
  }

  async #write(): Promise<void> {
    for (let n = 0; !this.#stopped; n++) {
      const { status } = await this.#send('POST', '/api/v1/notes/', {
        client: this.client,
        content: `note ${n}`,
      });
      if (status === 201) this.created.push(`note ${n}`);
      await sleep(5);
    }
  }

  async #send(method: string, path: string, body?: object): Promise<Answer> {
    const answer = await ask(this.tenant, method, path, this.token, body);
    this.answers.push(answer);
    if (answer.status >= 400) await sleep(20);
    return answer;
  }
}

interface NoteInCell {
  readonly content: string;
  /** Number of its events, and of these that were handled. */
  readonly events: number;
  readonly handled: number;
}

/** Returns the notes of the further cell, and the number of entries of their timeline. */
async function notesInCell(): Promise<{ notes: NoteInCell[]; entries: number }> {
  return await withOwner(place.eu2.owner!, async (client) => {
    const notes = await client.query<NoteInCell>(
      `SELECT n.content, count(e.id)::integer AS events,
         (count(*) FILTER (WHERE e.status = 'COMPLETED'))::integer AS handled
       FROM tenant_far.immigration_note n
       LEFT JOIN tenant_far.immigration_event e ON e.entity_id = n.id AND e.event_type = 'Note.CREATE'
       GROUP BY n.id`,
    );
    const entries = await client.query<{ count: number }>(
      `SELECT count(*)::integer FROM tenant_far.immigration_clientactivity WHERE activity_type = 'NOTE_ADDED'`,
    );
    return { notes: notes.rows, entries: entries.rows[0]!.count };
  });
}

async function loadOf(tenant: string): Promise<Load> {
  const token = await logIn(tenant);
  const body = { first_name: 'A', last_name: 'Client', branch: 1, country: 'NP', gender: 'MALE' };
  const { status, body: client } = await ask(tenant, 'POST', '/api/v1/clients/', token, body);
  expect(status).toBe(201);
  return new Load(tenant, token, client.id);
}

test('a tenant of a further cell is served from there, with its own rows and settings', async () => {
  await withOwner(place.eu2.owner!, (client) =>
    client.query(`UPDATE public.tenants_tenant SET settings = '{"branding": {"display_name": "Far away"}}'`),
  );
  const token = await logIn('far');
  const list = await ask('far', 'GET', '/api/v1/clients/', token);
  expect(list).toMatchObject({ status: 200, body: { count: 0 } });
  const branding = await ask('far', 'GET', '/api/public/branding/');
  expect(JSON.stringify(branding.body)).toContain('Far away');
  // A token is good for its tenant alone, whichever cell that is in.
  expect((await ask('main', 'GET', '/api/v1/clients/', token)).status).toBe(401);
});

test('a live stream of a tenant in a further cell tells what is committed there', async () => {
  const token = await logIn('far');
  const { request } = await import('node:http');
  const { hostname, port } = new URL(server.address);
  let received = '';
  const headers = { host: 'far.localhost', authorization: `Bearer ${token}` };
  const sent = request({ hostname, port, path: '/api/v1/notifications/stream/', headers }, (response) =>
    response.setEncoding('utf8').on('data', (part) => (received += part)),
  );
  sent.on('error', () => undefined).end();
  onTestFinished(() => void sent.destroy());
  await expect.poll(() => received).toContain('connection_established');
  await withOwner(place.eu2.owner!, (client) =>
    client.query(`
      INSERT INTO tenant_far.immigration_notification (assigned_to_id, title) VALUES (1, 'From afar');
      SELECT pg_notify('${CHANNELS.notifications}', '{"schema": "tenant_far"}')`),
  );
  await expect.poll(() => received).toContain('From afar');
});

test('a tenant that is suspended in the catalogue is shut out of its cell at once', async () => {
  const token = await logIn('far');
  const set = (status: string) =>
    withOwner(place.catalogue.owner, (client) =>
      client.query(
        `UPDATE public.tenants_tenant SET subscription_status = $1 WHERE schema_name = 'tenant_far'`,
        [status],
      ),
    );
  const status = async () => (await ask('far', 'GET', '/api/v1/clients/', token)).status;
  expect(await status()).toBe(200);
  await set('SUSPENDED');
  await expect.poll(status).toBe(403);
  await set('ACTIVE');
  await expect.poll(status).toBe(200);
});

test('a cell whose roles would not keep agencies apart is not used until they do', async () => {
  const admin = { ...place.eu2.app, ...place.server.admin, database: 'leopard' };
  const sql = (text: string) => withOwner(admin, (client) => client.query(text));
  await sql(
    'GRANT SELECT ON ALL TABLES IN SCHEMA tenant_far TO leopard_app; GRANT USAGE ON SCHEMA tenant_far TO leopard_app',
  );
  await expect(
    startFurtherCells(place.config, place.handle, { progress: silent, warn: () => undefined }),
  ).rejects.toThrow(/agencies are not kept apart/);
  const [cell] = await place.start();
  onTestFinished(() => cell!.gate.end());
  expect(() => cell!.gate.check()).toThrow(/the cell eu2 is down: agencies are not kept apart/);
  await sql(
    'REVOKE ALL ON ALL TABLES IN SCHEMA tenant_far FROM leopard_app; REVOKE ALL ON SCHEMA tenant_far FROM leopard_app',
  );
  await expect.poll(() => cell!.gate.closedBy).toBeNull();
});

test('a cell that is away at the start keeps nothing from starting', async () => {
  const { cells: [eu2] = [] } = place.handle;
  const nowhere = { ...eu2!.handle, app: { ...eu2!.handle.app, port: 1 } };
  const warnings: string[] = [];
  const [cell] = await startFurtherCells(
    place.config,
    { ...place.handle, cells: [{ name: 'eu2', handle: nowhere }] },
    { progress: silent, warn: (line) => void warnings.push(line) },
  );
  onTestFinished(() => cell!.gate.end());
  expect(warnings).toEqual([
    expect.stringMatching(/^the cell eu2 cannot be reached, so its agencies are answered 503: /),
  ]);
  expect(() => cell!.gate.check()).toThrow(/the cell eu2 is down/);
});

test('a cell that is killed under load takes nothing from other tenants, and loses no event', async () => {
  const loads = [await loadOf('main'), await loadOf('far')] as const;
  const [near, far] = loads;
  for (const load of loads) load.start();
  onTestFailed(() => loads.forEach((load) => void load.stop()));
  await sleep(1_000);
  expect(far.failures).toEqual([]);

  const killedAt = performance.now();
  process.kill(place.server.pid, 'SIGKILL');
  await sleep(2_500);
  const ready = await ask('main', 'GET', '/health/ready');
  expect(ready.status).toBe(200);
  const down = await ask('far', 'GET', '/api/v1/clients/', 'x');
  expect(down).toMatchObject({ status: 503 });
  const before = far.answers.length;
  await place.server.startAgain();
  const startedAt = performance.now();
  await expect.poll(() => far.answers.slice(before).some(({ status }) => status < 400)).toBe(true);
  const recovered = performance.now() - startedAt;
  await sleep(500);
  await Promise.all(loads.map((load) => load.stop()));

  expect(near.failures).toEqual([]);
  for (const { status, retryAfter } of far.failures) {
    expect(status).toBe(503);
    expect(Number(retryAfter)).toBeGreaterThan(0);
  }
  expect(far.failures.length).toBeGreaterThan(10);
  // The first ones wait for a server that may just be restarting, later ones for nothing.
  const median = (answers: readonly Answer[]) =>
    answers.map(({ took }) => took).toSorted((a, b) => a - b)[Math.floor(answers.length / 2)]!;
  expect(median(far.failures)).toBeLessThan(Math.max(200, 3 * median(near.answers)));
  await expect
    .poll(async () => (await notesInCell()).notes.filter(({ handled }) => handled === 0))
    .toEqual([]);
  const { notes, entries } = await notesInCell();
  expect(notes.filter(({ events, handled }) => events !== 1 || handled !== 1)).toEqual([]);
  expect(entries).toBe(notes.length);
  const kept = new Set(notes.map(({ content }) => content));
  expect(far.created.filter((content) => !kept.has(content))).toEqual([]);
  console.log(
    `cell away for ${Math.round(startedAt - killedAt)} ms, used again ${Math.round(recovered)} ms after it was up; ` +
      `far: ${far.answers.length} answers, ${far.failures.length} of them 503, the slowest after ` +
      `${Math.round(Math.max(...far.failures.map(({ took }) => took)))} ms; main: ${near.answers.length} answers, the slowest after ` +
      `${Math.round(Math.max(...near.answers.map(({ took }) => took)))} ms`,
  );
});
