import { Agent, type IncomingMessage, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Tokens } from '../src/auth/tokens.js';
import { openDatabase } from '../src/database/connections.js';
import { Database } from '../src/database/database.js';
import { statement } from '../src/database/statement.js';
import { newNotificationsNotice } from '../src/events/new-notifications.js';
import { cpuTimes, residentMemory } from './processes.js';
import { build, freePort, Instance } from './program.js';
import { percentile } from './statistics.js';
import { Workshop } from './workshop.js';

/**
 * Live streams: memory for each that is open and idle, processor time of their heartbeats, and how long a notification
 * takes from its commit to the browser while many others are open. `node --import tsx bench/streams.ts [streams]`
 */

const USERS = 500;
const OPENED_AT_ONCE = 50;
const IDLE_SECONDS = 30;
const NOTIFICATIONS = 300;
const SCHEMA = 'tenant_main';
const context = { schema: SCHEMA, userId: null };

/** The time at which each notification first arrived, which now and then is before its writer learns of the commit. */
class ArrivalTimes {
  readonly #came = new Map<number, number>();
  readonly #awaited = new Map<number, (at: number) => void>();

  note(id: number): void {
    if (this.#came.has(id)) return;
    const now = performance.now();
    this.#came.set(id, now);
    this.#awaited.get(id)?.(now);
  }

  async of(id: number): Promise<number> {
    return this.#came.get(id) ?? (await new Promise((resolve) => this.#awaited.set(id, resolve)));
  }
}

async function measure(workshop: Workshop, count: number): Promise<void> {
  await build();
  const instance = new Instance(workshop.directory, await freePort());
  const program = workshop.start(instance);
  await program.ready();
  const handle = await openDatabase(instance.config, { shared: true });
  workshop.atEnd(() => handle.close());
  const database = new Database(handle.app, { size: 2 });
  workshop.atEnd(() => database.close());
  const arrivals = new ArrivalTimes();
  const users = await addUsers(database);
  const tokens = users.map((id) => tokenOf(instance, id));

  await openMany(instance, tokens, 100, (id) => arrivals.note(id)); // until hot code has been compiled
  await sleep(3_000);
  const before = residentMemory(program.pid) ?? Number.NaN;
  const begun = performance.now();
  await openMany(instance, tokens, count, (id) => arrivals.note(id));
  const opening = (performance.now() - begun) / 1000;
  await sleep(3_000);
  const after = residentMemory(program.pid) ?? Number.NaN;
  const idleBefore = cpuTimes(program.watched).node ?? Number.NaN;
  await sleep(IDLE_SECONDS * 1000);
  const idle = ((cpuTimes(program.watched).node ?? Number.NaN) - idleBefore) / IDLE_SECONDS;

  const latencies = new Float64Array(NOTIFICATIONS);
  for (let n = 0; n < NOTIFICATIONS; n++) {
    const { id, committed } = await notify(database, users[n % users.length] as number);
    latencies[n] = (await arrivals.of(id)) - committed;
  }
  const kilobytes = (after - before) / count / 1024;
  console.log(`${count} streams of ${USERS} users, opened in ${opening.toFixed(1)} s`);
  console.log(`memory of the process: ${mebibytes(before)} before, ${mebibytes(after)} with them`);
  console.log(`memory per idle stream: ${kilobytes.toFixed(1)} KiB`);
  console.log(`processor time while idle, heartbeats included: ${(idle / 10).toFixed(1)} % of one core`);
  const [p50, p99] = [percentile(latencies, 0.5), percentile(latencies, 0.99)];
  console.log(`from commit to browser: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`);
}

const mebibytes = (bytes: number) => `${(bytes / 1024 ** 2).toFixed(0)} MiB`;

async function addUsers(database: Database): Promise<number[]> {
  const insert = statement<{ id: number }>(
    `INSERT INTO immigration_user (username, email)
     SELECT 'stream-' || n, 'stream-' || n || '@example.com' FROM generate_series(1, $1::integer) n RETURNING id`,
    [USERS],
  );
  return (await database.tenantQuery(context, insert)).map(({ id }) => id);
}

function tokenOf(instance: Instance, id: number): string {
  const holder = { user_id: String(id), tid: 'main', email: '', username: `stream-${id}`, groups: [] };
  return new Tokens(instance.config).issue('access', holder).token;
}

/** Resolves with the notification's id when its transaction has committed, and when that was. */
async function notify(database: Database, user: number): Promise<{ id: number; committed: number }> {
  const id = await database.tenantTransaction(context, async (transaction) => {
    const [row] = await transaction.query(
      statement<{ id: number }>(
        "INSERT INTO immigration_notification (title, assigned_to_id) VALUES ('Bench', $1) RETURNING id",
        [user],
      ),
    );
    transaction.send(newNotificationsNotice(SCHEMA, [user]));
    return (row as { id: number }).id;
  });
  return { id, committed: performance.now() };
}

async function openMany(
  instance: Instance,
  tokens: readonly string[],
  count: number,
  onNotification: (id: number) => void,
): Promise<void> {
  const agent = new Agent({ keepAlive: false, maxSockets: Number.POSITIVE_INFINITY });
  let next = 0;
  const worker = async () => {
    for (let n = next++; n < count; n = next++) {
      await openStream(instance.port, agent, tokens[n % tokens.length] as string, onNotification);
    }
  };
  await Promise.all(Array.from({ length: OPENED_AT_ONCE }, worker));
}

/** Opens a stream, and resolves when it is established; it stays open until this process ends. */
function openStream(
  port: number,
  agent: Agent,
  token: string,
  onNotification: (id: number) => void,
): Promise<void> {
  const path = '/api/v1/notifications/stream/';
  const headers = { host: 'main.localhost', authorization: `Bearer ${token}` };
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, headers, agent }, (response: IncomingMessage) => {
      if (response.statusCode !== 200) return reject(new Error(`a stream answered ${response.statusCode}`));
      response.setEncoding('utf8');
      response.on('error', () => undefined);
      response.on('data', (text: string) => {
        if (text.includes('connection_established')) resolve();
        for (const [, id] of text.matchAll(/^id: (\d+)$/gm)) {
          onNotification(Number(id));
        }
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}

const workshop = await Workshop.open();
workshop.closeOnSignals();
try {
  await measure(workshop, Number(process.argv[2] ?? 5_000));
} finally {
  await workshop.close();
}
