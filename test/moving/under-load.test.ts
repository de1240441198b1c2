import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningCell } from '../../src/app/cells.js';
import { type RunningServer, startServer } from '../../src/app/server.js';
import { type RunningWorker, startWorker } from '../../src/app/worker.js';
import { Database } from '../../src/database/database.js';
import { sql } from '../../src/database/sql.js';
import { TenantBrokenError, TenantMovingError } from '../../src/database/tenant-fault.js';
import { moveTenant } from '../../src/moving/move.js';
import { CERTIFICATE } from '../deliveries/certificate.js';
import { type Receiver, startReceiver } from '../deliveries/receiver.js';
import { PASSWORD } from '../helpers/app.js';
import { EventStream } from '../helpers/event-stream.js';
import { type TwoCells, twoCells } from '../helpers/two-cells.js';

// The whole program, with clients that write and read, a stream of notifications and a receiver of webhooks, while the
// tenant moves to another server.

const CONTEXT = { schema: 'tenant_main', userId: null };

let folder: string;
let receiver: Receiver;
let place: TwoCells;
let cells: RunningCell[];
let server: RunningServer;
let workers: RunningWorker[];
let places: Database[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'leopard-moving-'));
  await writeFile(join(folder, 'ca.pem'), CERTIFICATE);
  receiver = await startReceiver();
  place = await twoCells({
    WEBHOOKS_ALLOW_PRIVATE: 'true',
    WEBHOOKS_PORTS: String(receiver.port),
    WEBHOOKS_CA_FILE: join(folder, 'ca.pem'),
  });
  const { config, handle, eu2 } = place;
  cells = await place.start();
  server = await startServer(config, handle, undefined, undefined, cells);
  workers = [await startWorker(config, handle), await startWorker(config, eu2, undefined, cells[0])];
  places = [handle, eu2].map(({ app }) => new Database(app, { size: 1 }));
  await places[0]!.tenantQuery(
    CONTEXT,
    sql`INSERT INTO webhook_endpoint (url, secret, event_types)
        VALUES (${`https://127.0.0.1:${receiver.port}/`}, 'whsec_test', '["Note.CREATE"]')`,
  );
}, 120_000);

afterAll(async () => {
  for (const { gate } of cells ?? []) gate.end();
  await Promise.all([...(workers ?? []), server].map((running) => running?.close()));
  await Promise.all((places ?? []).map((database) => database.close()));
  await place?.close();
  await receiver.close();
  await rm(folder, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly retryAfter: string | null;
  // biome-ignore lint/suspicious/noExplicitAny: the body of any route
  readonly body: any;
}

async function ask(method: string, path: string, token?: string, body?: object): Promise<Answer> {
  const { hostname, port } = new URL(server.address);
  return await new Promise((resolve, reject) => {
    const headers = {
      host: 'main.localhost',
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
          body: text.startsWith('{') ? JSON.parse(text) : text,
        }),
      );
    });
    sent.on('error', reject);
    sent.end(body && JSON.stringify(body));
  });
}

/** Clients of the tenant: they repeat what was refused until it succeeds. */
class Load {
  readonly refusals: Answer[] = [];
  readonly created: string[] = [];
  readonly notified: number[] = [];
  answers = 0;
  /** Milliseconds from the first attempt to success. */
  longestWait = 0;
  #stopped = false;
  #running: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly token: string,
    private readonly client: number,
  ) {}

  start(): void {
    this.#running = Promise.all([this.#write(1), this.#write(2), this.#read(), this.#notify()]);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #write(writer: number): Promise<void> {
    for (let n = 0; !this.#stopped; n++) {
      const content = `note ${writer}.${n}`;
      await this.#until(201, () =>
        ask('POST', '/api/v1/notes/', this.token, { client: this.client, content }),
      );
      this.created.push(content);
      await sleep(100);
    }
  }

  async #read(): Promise<void> {
    while (!this.#stopped) {
      await this.#until(200, () => ask('GET', '/api/v1/clients/', this.token));
      await sleep(50);
    }
  }

  async #until(status: number, send: () => Promise<Answer>): Promise<void> {
    const since = performance.now();
    for (;;) {
      const answer = await send();
      this.answers++;
      if (answer.status === status) break;
      this.refusals.push(answer);
      if (answer.status !== 503) break;
      await sleep(50);
    }
    this.longestWait = Math.max(this.longestWait, performance.now() - since);
  }

  /** Notifies user 1 wherever the tenant lives. */
  async #notify(): Promise<void> {
    while (!this.#stopped) {
      for (const database of places) {
        try {
          const [row] = await database.tenantQuery(
            CONTEXT,
            sql<{ id: number }>`
              WITH made AS (
                INSERT INTO immigration_notification (assigned_to_id, title) VALUES (1, 'News') RETURNING id
              ), told AS (SELECT pg_notify('leopard_notifications', '{"schema": "tenant_main"}') FROM made)
              SELECT id FROM made, told`,
          );
          this.notified.push(row!.id);
          break;
        } catch (error) {
          if (!(error instanceof TenantMovingError || error instanceof TenantBrokenError)) throw error;
        }
      }
      await sleep(100);
    }
  }
}

/** A browser's stream: it reconnects with the id of the last notification. */
class Browser {
  readonly ids: number[] = [];
  connections = 0;
  #closed = false;
  #stream: EventStream | undefined;

  constructor(private readonly token: string) {}

  async run(): Promise<void> {
    let last: string | undefined;
    while (!this.#closed) {
      const headers = last === undefined ? {} : { 'last-event-id': last };
      const stream = await EventStream.open(server.address, { token: this.token, headers });
      if (stream.response.statusCode === 200) this.connections++;
      this.#stream = stream;
      await stream.ended;
      this.ids.push(...stream.ids);
      last = stream.received.findLast(({ id }) => id !== undefined)?.id ?? last;
      await sleep(50);
    }
  }

  get all(): number[] {
    return [...this.ids, ...(this.#stream?.isEnded === false ? this.#stream.ids : [])];
  }

  close(): void {
    this.#closed = true;
    this.#stream?.close();
  }
}

test('a tenant moves under load, there and back: nothing but short 503s, no event lost or doubled', {
  timeout: 300_000,
}, async () => {
  const logIn = await ask('POST', '/api/token/', undefined, { username: 'admin', password: PASSWORD });
  const token: string = logIn.body.access;
  const person = { first_name: 'A', last_name: 'Client', branch: 1, country: 'NP', gender: 'MALE' };
  const client = await ask('POST', '/api/v1/clients/', token, person);
  const load = new Load(token, client.body.id);
  const browser = new Browser(token);
  const browsing = browser.run();
  await expect.poll(() => browser.connections).toBe(1);
  load.start();
  await sleep(500);

  const surroundings = { owner: place.catalogue.owner, catalogue: place.handle };
  const there = await moveTenant(surroundings, { schema: 'tenant_main', to: 'eu2', longest: 20_000 });
  await sleep(500);
  const back = await moveTenant(surroundings, { schema: 'tenant_main', to: 'main', longest: 20_000 });
  await sleep(500);
  await load.stop();

  const unexpected = load.refusals.filter(({ status, retryAfter }) => status !== 503 || retryAfter !== '1');
  expect(unexpected).toEqual([]);
  const notes = () =>
    places[0]!.tenantQuery(
      CONTEXT,
      sql<{ content: string; events: number; handled: number; sent: number }>`
        SELECT n.content, count(DISTINCT e.id)::integer AS events,
          (count(DISTINCT e.id) FILTER (WHERE e.status = 'COMPLETED'))::integer AS handled,
          (count(DISTINCT d.id) FILTER (WHERE d.status = 'SENT'))::integer AS sent
        FROM immigration_note n
        LEFT JOIN immigration_event e ON e.entity_id = n.id AND e.event_type = 'Note.CREATE'
        LEFT JOIN delivery d ON d.event_id = e.id
        GROUP BY n.id`,
    );
  const pending = async () =>
    (await notes()).filter(({ handled, sent }) => handled === 0 || sent === 0).length;
  await expect.poll(pending, { timeout: 60_000, interval: 200 }).toBe(0);
  const found = await notes();
  expect(found.map(({ content }) => content).sort()).toEqual(load.created.toSorted());
  expect(found.filter(({ events, handled, sent }) => events !== 1 || handled !== 1 || sent !== 1)).toEqual(
    [],
  );
  expect(receiver.received).toHaveLength(found.length);
  await expect
    .poll(() => browser.all.toSorted((a, b) => a - b))
    .toEqual(load.notified.toSorted((a, b) => a - b));
  browser.close();
  await browsing;
  console.info(
    `closed for ${there.closedMs} and ${back.closedMs} ms; the longest wait of a client ${Math.round(load.longestWait)} ms; ` +
      `${load.answers} answers, ${load.refusals.length} of them 503; ${found.length} events and webhooks, ` +
      `${load.notified.length} notifications over ${browser.connections} connections`,
  );
});
