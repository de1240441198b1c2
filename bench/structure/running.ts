import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { bootstrapDatabase } from '../../src/database/bootstrap.js';
import { withOwner } from '../../src/database/owner.js';
import { startTemporaryServer } from '../../src/database/temporary-server.js';
import { ask } from '../ask.js';
import { freePort } from '../program.js';
import type { Workshop } from '../workshop.js';
import { Inspector } from './inspector.js';

const OWNER = { user: 'leopard_owner', password: 'owner' };
const APP = { user: 'leopard_app', password: 'app' };
/** The password of every user of the contract's data set. */
const PASSWORD = 'Passw0rd!23';
const INSPECTED_WITHIN_MS = 30_000;
const HEALTHY_WITHIN_MS = 60_000;

/** A program, of any version, that serves the contract's data set and can be inspected. */
export interface Running {
  readonly inspector: Inspector;
  /** Sends a request as the admin of tenant main. @throws Error for an answer other than 2xx */
  ask(method: string, path: string, body?: object): Promise<{ readonly results: readonly { id: number }[] }>;
  /** Waits until every event of the tenant is handled. */
  eventsHandled(): Promise<void>;
}

/** Builds the program in this folder and starts its API and its worker on an empty PostgreSQL server. */
export async function startProgram(root: string, workshop: Workshop): Promise<Running> {
  const server = await startTemporaryServer();
  workshop.atEnd(() => server.stop());
  await bootstrapDatabase(server.admin, { database: 'leopard', owner: OWNER, app: APP });
  const database = ({ user, password }: typeof OWNER) =>
    `postgres://${user}:${password}@${server.admin.host}:${server.admin.port}/leopard`;
  const port = await freePort();
  const environment = {
    PATH: process.env.PATH,
    LEOPARD_DATA_DIR: workshop.directory,
    DATABASE_URL: database(APP),
    DATABASE_OWNER_URL: database(OWNER),
    SECRET_KEY: randomBytes(48).toString('base64url'),
    PORT: String(port),
    LOG_LEVEL: 'error',
  };
  const program = join(root, 'bin', 'leopard.js');
  const options = { cwd: workshop.directory, env: environment };
  for (const command of [['migrate'], ['seed', 'contract']])
    await promisify(execFile)(process.execPath, [program, ...command], options);
  const serving = ['--inspect=127.0.0.1:0', program, 'serve', '--services', 'api,worker'];
  const child = spawn(process.execPath, serving, { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  workshop.atEnd(async () => {
    child.kill('SIGTERM');
    await ended;
  });

  let said = '';
  child.stderr.on('data', (text) => {
    said += text;
  });
  const address = () => /Debugger listening on (ws:\S+)/.exec(said)?.[1];
  await until(() => address() !== undefined, INSPECTED_WITHIN_MS);
  const inspector = await Inspector.connect(address() ?? '');
  workshop.atEnd(() => inspector.close());
  const health = { method: 'GET', path: '/health/', headers: {} };
  await until(
    () =>
      ask(port, health).then(
        ({ status }) => status === 200,
        () => false,
      ),
    HEALTHY_WITHIN_MS,
  );

  let token = '';
  const send = async (method: string, path: string, given?: object) => {
    const headers = {
      host: 'main.localhost',
      'content-type': 'application/json',
      ...(token && { authorization: `Bearer ${token}` }),
    };
    const content = given && { body: JSON.stringify(given) };
    const { status, body } = await ask(port, { method, path, headers, ...content });
    if (status >= 300) throw new Error(`${method} ${path} answers ${status}: ${body}`);
    return JSON.parse(body);
  };
  token = (await send('POST', '/api/token/', { username: 'admin', password: PASSWORD })).access;
  return {
    inspector,
    ask: send,
    eventsHandled: () =>
      withOwner({ ...server.admin, database: 'leopard' }, (client) =>
        until(async () => {
          const { rows } = await client.query(WAITING);
          return rows.length === 0;
        }, HEALTHY_WITHIN_MS),
      ),
  };
}

const WAITING = "SELECT FROM tenant_main.immigration_event WHERE status IN ('PENDING', 'PROCESSING') LIMIT 1";

async function until(what: () => Promise<boolean> | boolean, within: number): Promise<void> {
  const late = Date.now() + within;
  while (!(await what())) {
    if (Date.now() > late) throw new Error('the program did not get ready');
    await sleep(20);
  }
}
