import { setTimeout as sleep } from 'node:timers/promises';
import type { BackgroundLoop } from '../../src/background/loop.js';
import { Database } from '../../src/database/database.js';
import { type ImportLoopOptions, importLoop } from '../../src/immigration/client-imports/import-loop.js';
import { type Answer, startTestApp, type TestApp, type TestAppOptions } from '../helpers/app.js';
import { seedStaff } from '../helpers/staff.js';
import { type Row, tenantSql } from '../helpers/tenant-sql.js';

export const IMPORTS = '/api/v1/client-imports/';

/** The application with staff in both tenants, on which workers can be run. */
export interface ImportTest {
  readonly app: TestApp;
  readonly tokens: Readonly<Record<string, string>>;
  /** Sends a request as one of STAFF, admin by default. */
  ask(method: string, path: string, body?: unknown, by?: string): Promise<Answer>;
  /** Uploads a file; returns the import. */
  upload(file: string | Buffer, by?: string, name?: string): Promise<Row>;
  /** Starts a worker with a connection of its own. */
  start(options?: ImportLoopOptions): RunningRunner;
  /** Starts an action and waits, with a worker running, until it is over; returns the import then. */
  done(id: number, action: 'dry-run' | 'run' | 'undo', by?: string): Promise<Row>;
  /** Waits until an import has one of these statuses. */
  until(id: number, statuses: readonly string[], within?: number): Promise<Row>;
  /** Runs a statement as the server's superuser; tables of tenant_main need no schema. */
  sql(text: string, values?: unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

export interface RunningRunner {
  readonly loop: BackgroundLoop;
  stop(): Promise<void>;
}

const PEOPLE = [
  'admin',
  'branch1',
  'branch3',
  'manager1',
  'consultant1',
  'consultant3',
  'homeless',
  'groupless',
];

export async function importTest(options: TestAppOptions = {}): Promise<ImportTest> {
  const app = await startTestApp(options);
  for (const schema of ['tenant_main', 'tenant_demo']) await seedStaff(app, schema);
  const tokens: Record<string, string> = {};
  for (const name of PEOPLE) tokens[name] = await app.logIn(name);
  tokens.elsewhere = await app.logIn('admin', 'demo');
  const running = new Set<RunningRunner>();

  const ask: ImportTest['ask'] = (method, path, body, by = 'admin') =>
    app.ask(method, path, { token: tokens[by], body, ...(by === 'elsewhere' && { host: 'demo' }) });
  const start: ImportTest['start'] = (runnerOptions = {}) => {
    const database = new Database(app.databases.app, { size: 1 });
    const loop = importLoop(database, { pollMs: 20, ...runnerOptions });
    loop.start();
    const handle: RunningRunner = {
      loop,
      async stop() {
        running.delete(handle);
        await loop.stop();
        await database.close();
      },
    };
    running.add(handle);
    return handle;
  };
  const until: ImportTest['until'] = async (id, statuses, within = 20_000) => {
    for (const late = Date.now() + within; ; await sleep(20)) {
      const { body } = await ask('GET', `${IMPORTS}${id}/`);
      if (statuses.includes(body.status)) return body;
      if (Date.now() > late) throw new Error(`import ${id} is ${body.status}: ${body.error}`);
    }
  };
  return {
    app,
    tokens,
    ask,
    start,
    until,
    async upload(file, by = 'admin', name = 'clients.csv') {
      const answer = await sendFile(app, tokens[by] ?? '', file, {
        name,
        ...(by === 'elsewhere' && { host: 'demo' }),
      });
      if (answer.status !== 201) throw new Error(`upload: ${answer.status} ${answer.raw}`);
      return answer.body;
    },
    async done(id, action, by) {
      const answer = await ask('POST', `${IMPORTS}${id}/${action}/`, undefined, by);
      if (answer.status !== 200) throw new Error(`${action}: ${answer.status} ${answer.raw}`);
      const worker = start();
      const after = await until(id, ['DRAFT', 'COMPLETED', 'FAILED', 'UNDONE']).finally(() => worker.stop());
      return after;
    },
    sql: (text, values) => tenantSql(app.databases.admin, text, values),
    async close() {
      for (const handle of [...running]) await handle.stop();
      await app.close();
    },
  };
}

/** Uploads a file as a form. */
export function sendFile(
  app: TestApp,
  token: string,
  file: string | Buffer,
  { name = 'clients.csv', host = 'main', fields = {} as Record<string, string> } = {},
): Promise<Answer> {
  const parts = Object.entries(fields).map(
    ([key, value]) => `--x\r\nContent-Disposition: form-data; name="${key}"\r\n\r\n${value}\r\n`,
  );
  const head = `${parts.join('')}--x\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\n\r\n`;
  return app.ask('POST', IMPORTS, {
    token,
    host,
    body: Buffer.concat([Buffer.from(head), Buffer.from(file as string), Buffer.from('\r\n--x--\r\n')]),
    headers: { 'content-type': 'multipart/form-data; boundary=x' },
  });
}
