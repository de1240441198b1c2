import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type App, type AppParts, buildApp } from '../../src/app/app.js';
import { type Config, type ConnectionSettings, loadConfig } from '../../src/config/config.js';
import type { Channel } from '../../src/database/channels.js';
import { Database } from '../../src/database/database.js';
import { Listener, type ListenerOptions } from '../../src/database/listener.js';
import { openReplica } from '../../src/database/open-replica.js';
import { withOwner } from '../../src/database/owner.js';
import type { Replica } from '../../src/database/replica.js';
import { sql } from '../../src/database/sql.js';
import type { ConnectionTimes } from '../../src/http/server.js';
import type { HubOptions } from '../../src/live/hub.js';
import { type TestDatabase, testDatabase } from './database.js';
import { FailureLog } from './failure-log.js';
import { PASSWORD } from './secret-samples.js';
import { checkAnswer } from './valid-answers.js';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Parsed if it is JSON, else the text. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  readonly body: any;
  /** The raw bytes. */
  readonly raw: Buffer;
}

export interface Ask {
  /** The tenant whose host is used (`main`), or a whole host name (`a.b.c:80`). */
  readonly host?: string;
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON; text and bytes as they are. */
  readonly body?: unknown;
}

export interface TestApp {
  readonly app: App;
  readonly config: Config;
  readonly database: Database;
  readonly databases: TestDatabase;
  readonly listener: Listener;
  readonly replica: Replica | undefined;
  readonly base: string;
  /**
   * Sends a request.
   * @throws Error for a 500, with its cause, and for a 2xx answer that contradicts its documentation
   */
  ask(method: string, path: string, ask?: Ask): Promise<Answer>;
  /** Returns a user's access token, also if a suite has given the user a second factor. */
  logIn(username: string, tenant?: string): Promise<string>;
  /** Waits until it has received every notice of what was committed before. */
  noticesArrived(): Promise<void>;
  close(): Promise<void>;
}

export { PASSWORD };

export interface TestAppOptions {
  /** Settings that differ from the tests' own. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly from?: 'template' | 'empty';
  /** Another application whose database this one uses; it must be closed after this one. */
  readonly sharing?: TestApp;
  /** A database on a server of the test's own, which the test drops. */
  readonly databases?: TestDatabase;
  /** The replica that answers reads, and the seconds that it may be behind. */
  readonly replica?: { readonly at: ConnectionSettings; readonly mostLag: number };
  /** Connection settings that differ from the database's own, such as a pooler's. */
  readonly connectAs?: ConnectionSettings;
  readonly live?: HubOptions;
  readonly times?: Partial<ConnectionTimes>;
  /** The phase of the process, and the times of its check of writes, as /health/ready sees them. */
  readonly lifecycle?: AppParts['lifecycle'];
  readonly writeChecks?: AppParts['writeChecks'];
  /** By which it is measured. */
  readonly metrics?: AppParts['metrics'];
  /** Whether answers about forgotten passwords take as long as in operation; by default they come at once. */
  readonly delaysResets?: boolean;
  /** The server on which it listens for notices, and the listener's options; its own database by default. */
  readonly listens?: { readonly at: ConnectionSettings; readonly options?: ListenerOptions };
  /** Whether it receives no notices, as behind a pooler in transaction mode. */
  readonly deaf?: boolean;
  /** Fills the database before the server starts. */
  readonly prepare?: (databases: TestDatabase) => Promise<void>;
}

/** A channel of the tests' own. PostgreSQL delivers the notices of all channels in the order of their commits. */
const MARKER = 'leopard_test_marker' as Channel;
const NOTICED_WITHIN_MS = 30_000;

/** Starts the whole application on a real port, with a database of its own. */
export async function startTestApp(options: TestAppOptions = {}): Promise<TestApp> {
  const { sharing } = options;
  const given = sharing?.databases ?? options.databases;
  const databases = given ?? (await testDatabase(options.from ? { from: options.from } : {}));
  await options.prepare?.(databases);
  const directory = await mkdtemp(join(tmpdir(), 'leopard-test-'));
  const config = loadConfig(
    {
      SECRET_KEY: 'test-key-0123456789-abcdefghijklmnopqrstuvwxyz',
      DEBUG: 'true',
      LEOPARD_DATA_DIR: directory,
      LOG_LEVEL: 'error',
      LOGIN_FAILURES_PER_ACCOUNT: '0',
      LOGIN_FAILURES_PER_ADDRESS: '0',
      SECURITY_REFUSALS_PER_MINUTE: '0',
      LOGIN_FAILURES_PER_ADDRESS_ANYWHERE: '0',
      // Tests send as one user what many people would.
      REQUESTS_PER_SECOND_PER_USER: '0',
      REQUESTS_PER_SECOND_PER_TENANT: '0',
      REQUESTS_AT_ONCE_PER_USER: '0',
      REQUESTS_AT_ONCE_PER_TENANT: '0',
      HEAVY_REQUESTS_AT_ONCE_PER_USER: '0',
      HEAVY_REQUESTS_AT_ONCE_PER_TENANT: '0',
      ...options.environment,
    },
    directory,
  );
  const settings = options.connectAs ?? databases.app;
  const notesChanges = options.replica !== undefined;
  const database = new Database(settings, { size: config.poolSize, sharedByAgencies: true, notesChanges });
  const { at: replicaAt, mostLag = 0 } = options.replica ?? {};
  const replica = replicaAt && openReplica(database, { replica: replicaAt }, { mostLag, poolSize: 2 });
  const { at = settings, options: listening = {} } = options.listens ?? {};
  const listener = new Listener(at, listening);
  const heard = new Set<string>();
  listener.on(MARKER, (payload) => heard.add(payload));
  const log = new FailureLog(config.logLevel);
  const { live, times, lifecycle, writeChecks, metrics } = options;
  const parts = {
    ...(metrics && { metrics }),
    ...(lifecycle && { lifecycle }),
    ...(writeChecks && { writeChecks }),
    ...(live && { live }),
    ...(times && { times }),
    ...(!options.delaysResets && { resetsAnsweredAfterMs: 0 }),
  };
  const app = await buildApp({ config, database, listener, ...parts, log: log.logger });
  if (!options.deaf) await listener.start();
  const base = await app.server.listen({ host: '127.0.0.1', port: 0 });
  const agent = new Agent({ keepAlive: true });

  async function ask(method: string, path: string, asked: Ask = {}) {
    const answer = await send({ base, agent }, method, path, asked);
    if (answer.status === 500) {
      const cause = log.errorOf(answer.headers['x-request-id']);
      throw new Error(`${method} ${path} answers 500`, { cause });
    }
    const type = answer.headers['content-type'];
    checkAnswer([...app.routes, ...app.operatorRoutes], method, path.split('?', 1)[0] as string, {
      ...answer,
      type,
    });
    return answer;
  }
  return {
    app,
    config,
    database,
    databases,
    listener,
    replica,
    base,
    ask,
    async logIn(username, tenant = 'main') {
      const body = { username, password: PASSWORD };
      let answer = await ask('POST', '/api/token/', { host: tenant, body });
      if (answer.body.code === 'second_factor_required') {
        const code = await newRecoveryCode(database, `tenant_${tenant}`, username);
        answer = await ask('POST', '/api/token/', { host: tenant, body: { ...body, code } });
      }
      if (answer.status !== 200) {
        const cause = log.errorOf(answer.headers['x-request-id']);
        throw new Error(`log-in of ${username} at ${tenant}: ${answer.status}`, { cause });
      }
      return answer.body.access;
    },
    async noticesArrived() {
      const marker = randomUUID();
      // Once more where the listener has just connected anew, which loses notices.
      for (const late = Date.now() + NOTICED_WITHIN_MS; !heard.delete(marker); ) {
        if (Date.now() > late) throw new Error('notices do not arrive');
        await withOwner(at, (client) => client.query('SELECT pg_notify($1, $2)', [MARKER, marker]));
        for (let waited = 0; waited < 1_000 && !heard.has(marker); waited += 5) await sleep(5);
      }
    },
    async close() {
      agent.destroy();
      await app.server.close();
      await listener.close();
      await database.close();
      if (!given) await databases.drop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Gives a user a recovery code. */
async function newRecoveryCode(database: Database, schema: string, username: string): Promise<string> {
  const code = randomBytes(13).toString('hex').slice(0, 25).toUpperCase();
  const digest = createHash('sha256').update(code).digest();
  await database.tenantQuery(
    { schema, userId: null },
    sql`INSERT INTO recovery_code (user_id, digest)
        SELECT id, ${digest}::bytea FROM immigration_user WHERE username = ${username}`,
  );
  return code;
}

/** Sends a request, as browsers and proxies do, on a connection that is open already where there is one. */
function send(
  server: { readonly base: string; readonly agent: Agent },
  method: string,
  path: string,
  asked: Ask,
): Promise<Answer> {
  const { host = 'main', token, body } = asked;
  const isData = typeof body === 'object' && body !== null && !Buffer.isBuffer(body);
  const text = isData ? JSON.stringify(body) : (body as string | Buffer | undefined);
  const content = typeof text === 'string' ? Buffer.from(text) : text; // long texts take Node several times as long
  const { agent } = server;
  const { hostname, port } = new URL(server.base);
  const headers = {
    host: host.includes('.') ? host : `${host}.localhost`,
    ...(token && { authorization: `Bearer ${token}` }),
    ...(isData && { 'content-type': 'application/json' }),
    ...(content !== undefined && { 'content-length': String(content.length) }),
    ...asked.headers,
  };
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ hostname, port, method, path, headers, agent }, (response) => {
      const chunks: Buffer[] = [];
      const answered = () => {
        const raw = Buffer.concat(chunks);
        const isJson = response.headers['content-type']?.includes('json') && raw.length > 0;
        const text = raw.toString();
        const parsed = isJson ? JSON.parse(text) : text;
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: parsed, raw });
      };
      const isStream = response.headers['content-type'] === 'text/event-stream';
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        if (!isStream) return;
        answered(); // a stream does not end: its beginning is the answer
        response.destroy();
      });
      response.on('error', reject);
      response.on('end', answered);
    });
    sent.on('error', (error) => {
      // The server may close a connection that was idle in the moment in which a request is sent on it.
      const isStale = sent.reusedSocket && (error as NodeJS.ErrnoException).code === 'ECONNRESET';
      if (isStale) send(server, method, path, asked).then(resolve, reject);
      else reject(error);
    });
    sent.end(content);
  });
}
