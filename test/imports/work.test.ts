import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Database } from '../../src/database/database.js';
import { withOwner } from '../../src/database/owner.js';
import { oldClientImportsJob } from '../../src/immigration/client-imports/old-imports-job.js';
import { serveImport } from '../../src/immigration/client-imports/serve.js';
import { startTestApp } from '../helpers/app.js';
import { EventStream } from '../helpers/event-stream.js';
import { runJob } from '../helpers/jobs.js';
import { IMPORTS, type ImportTest, importTest, type RunningRunner, sendFile } from './setting.js';

let t: ImportTest;
beforeAll(async () => {
  t = await importTest();
});
afterAll(() => t?.close());
beforeEach(async () => {
  await t.sql('DELETE FROM client_import; DELETE FROM immigration_client');
});

const file = (rows: number, prefix = 'r') =>
  `first_name,gender,country,email\n${Array.from({ length: rows }, (_, n) => `${prefix}${n},F,NP,${prefix}${n}@x.org\n`).join('')}`;
const act = (id: number, action: string, by?: string) =>
  t.ask('POST', `${IMPORTS}${id}/${action}/`, undefined, by);
const count = async (schema = 'tenant_main') =>
  (
    await t.sql(
      `SELECT count(*)::integer AS n, count(DISTINCT email)::integer AS emails FROM ${schema}.immigration_client`,
    )
  )[0];

describe('two at the same moment', () => {
  test('start the same import: one does, the others are told so', async () => {
    const { id } = await t.upload(file(1200));
    const answers = await Promise.all(Array.from({ length: 6 }, () => act(id, 'run')));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400, 400, 400]);
    expect(answers.find(({ status }) => status === 400)?.body.detail).toBe(
      'The import is RUNNING; this is possible while it is DRAFT or FAILED.',
    );
    const workers = [t.start(), t.start(), t.start()];
    const done = await t.until(id, ['COMPLETED']);
    for (const worker of workers) await worker.stop();
    expect([done.processed, done.created]).toEqual([1200, 1200]);
    expect(await count()).toEqual({ n: 1200, emails: 1200 });
  });

  test('import the same people: the second finds what the first has made', async () => {
    const imports = [await t.upload(file(700)), await t.upload(file(700), 'manager1')];
    await Promise.all([act(imports[0]?.id, 'run'), act(imports[1]?.id, 'run')]);
    const workers = [t.start(), t.start()];
    const done = [await t.until(imports[0]?.id, ['COMPLETED']), await t.until(imports[1]?.id, ['COMPLETED'])];
    for (const worker of workers) await worker.stop();
    expect(await count()).toMatchObject({ emails: 700 });
    expect((done[0]?.created ?? 0) + (done[1]?.created ?? 0)).toBe((await count())?.n);
  });

  test('cancel and undo: each has one outcome', async () => {
    const { id } = await t.upload(file(1500));
    await act(id, 'run');
    const database = new Database(t.app.databases.app, { size: 1 });
    await serveImport(database, 'tenant_main', { tell: false });
    await database.close();
    const answers = await Promise.all([act(id, 'cancel'), act(id, 'cancel')]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
    const worker = t.start();
    const cancelled = await t.until(id, ['CANCELLED']);
    expect([cancelled.processed, cancelled.created]).toEqual([500, 500]);
    const undoing = await Promise.all([act(id, 'undo'), act(id, 'undo'), act(id, 'run')]);
    expect(undoing.map(({ status }) => status).sort()).toEqual([200, 400, 400]);
    expect(await t.until(id, ['UNDONE'])).toMatchObject({ undone: 500, kept: 0 });
    await worker.stop();
    expect(
      await t.sql('SELECT count(*)::integer AS n FROM immigration_client WHERE deleted_at IS NULL'),
    ).toEqual([{ n: 0 }]);
  });
});

describe('a worker', () => {
  test('that is killed at any point leaves nothing twice and nothing out', async () => {
    const { id } = await t.upload(file(3000));
    await act(id, 'run');
    for (const table of [
      'client_import',
      'immigration_client',
      'client_import_row',
      'immigration_client_count',
    ]) {
      const errors: unknown[] = [];
      let worker: RunningRunner | undefined;
      await withOwner(t.app.databases.admin, async (client) => {
        // It waits there until its connection is lost, as when its process is killed.
        await client.query(`BEGIN; LOCK TABLE tenant_main.${table} IN EXCLUSIVE MODE`);
        worker = t.start({ onError: (_schema, error) => errors.push(error) });
        for (let killed = 0; killed === 0; ) {
          const rows = await t.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0`);
          killed = rows.length;
        }
        await client.query('COMMIT');
      });
      await t.until(id, ['RUNNING', 'COMPLETED']);
      for (const late = Date.now() + 30_000; errors.length === 0 && Date.now() < late; ) await sleep(5);
      await worker?.stop();
      expect(errors).toHaveLength(1);
      await t.sql('UPDATE client_import SET due_at = now()');
    }
    const worker = t.start();
    const done = await t.until(id, ['COMPLETED']);
    await worker.stop();
    expect(done).toMatchObject({ processed: 3000, created: 3000, failed: 0 });
    expect(await count()).toEqual({ n: 3000, emails: 3000 });
    expect(await t.sql('SELECT count(*)::integer AS n FROM client_import_row')).toEqual([{ n: 3000 }]);
  });

  test('that dies over the same rows again and again gives them up, and can be told to go on', async () => {
    const { id } = await t.upload(file(1100));
    await act(id, 'run');
    const database = new Database(t.app.databases.app, { size: 1 });
    await serveImport(database, 'tenant_main', { tell: false });
    await t.sql('UPDATE client_import SET claims = 5'); // as five dead workers would leave it
    await serveImport(database, 'tenant_main', { tell: false });
    await database.close();
    expect((await t.ask('GET', `${IMPORTS}${id}/`)).body).toMatchObject({
      status: 'FAILED',
      processed: 500,
      error: 'Given up after 5 attempts at the same rows.',
    });
    expect(await t.done(id, 'run')).toMatchObject({ status: 'COMPLETED', created: 1100 });
  });

  test('waits longer after each failure', async () => {
    const { id } = await t.upload(file(10));
    await act(id, 'run');
    await t.sql(`ALTER TABLE immigration_client ADD CONSTRAINT broken CHECK (first_name <> 'r5')`);
    const database = new Database(t.app.databases.app, { size: 1 });
    const errors: unknown[] = [];
    const serve = () =>
      serveImport(database, 'tenant_main', { tell: false, onError: (error) => errors.push(error) });
    expect(await serve()).toBe(true);
    expect(await serve()).toBe(false); // not due yet
    await t.sql(
      'ALTER TABLE immigration_client DROP CONSTRAINT broken; UPDATE client_import SET due_at = now()',
    );
    await serve();
    await database.close();
    expect(errors).toHaveLength(1);
    expect((await t.ask('GET', `${IMPORTS}${id}/`)).body).toMatchObject({
      status: 'COMPLETED',
      created: 10,
      error: '',
    });
  });

  test('serves tenants in turn', async () => {
    const long = await t.upload(file(10_000));
    await act(long.id, 'run');
    const worker = t.start();
    await t.until(long.id, ['RUNNING']);
    const short = await t.upload(file(600), 'elsewhere');
    await act(short.id, 'run', 'elsewhere');
    for (let status = ''; status !== 'COMPLETED'; ) {
      ({ status } = (await t.ask('GET', `${IMPORTS}${short.id}/`, undefined, 'elsewhere')).body);
    }
    expect((await t.ask('GET', `${IMPORTS}${long.id}/`)).body.status).toBe('RUNNING');
    expect(await count('tenant_demo')).toMatchObject({ n: 600 });
    await act(long.id, 'cancel');
    await worker.stop();
  });

  test('leaves a tenant alone whose tables cannot be used, longer each time, and serves the others', async () => {
    await t.sql(`INSERT INTO public.client_import_queue (schema_name, import_id, due_at) VALUES ('tenant_demo', 1, now());
      ALTER TABLE tenant_demo.client_import RENAME TO moved`);
    const failed: unknown[] = [];
    const worker = t.start({ onError: (schema) => failed.push(schema) });
    const { id } = await t.upload(file(5));
    await act(id, 'run');
    await t.until(id, ['COMPLETED']);
    await sleep(600);
    expect(failed.length).toBeLessThanOrEqual(3);
    expect(new Set(failed)).toEqual(new Set(['tenant_demo']));
    await worker.stop();
    await t.sql(`ALTER TABLE tenant_demo.moved RENAME TO client_import;
      DELETE FROM public.client_import_queue WHERE schema_name = 'tenant_demo'`);
  });

  test('rests while events are paused, for all or for the tenant, and while the tenant is suspended', async () => {
    const pauses = [
      [
        'UPDATE public.immigration_event_processing_control SET is_paused = true',
        'UPDATE public.immigration_event_processing_control SET is_paused = false',
      ],
      [
        `INSERT INTO public.event_pause (schema_name) VALUES ('tenant_main')`,
        'DELETE FROM public.event_pause',
      ],
      [
        `UPDATE public.tenants_tenant SET subscription_status = 'SUSPENDED' WHERE schema_name = 'tenant_main'`,
        `UPDATE public.tenants_tenant SET subscription_status = 'ACTIVE' WHERE schema_name = 'tenant_main'`,
      ],
    ] as const;
    for (const [pause, resume] of pauses) {
      const { id } = await t.upload(file(5));
      await act(id, 'run');
      await t.sql(pause);
      const worker = t.start();
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(await t.sql(`SELECT status FROM client_import WHERE id = ${id}`)).toEqual([
        { status: 'RUNNING' },
      ]);
      await t.sql(resume);
      await new Promise((resolve) => setTimeout(resolve, 50));
      await t.until(id, ['COMPLETED']);
      await worker.stop();
    }
  });

  test('stops when whoever started it may no longer do it', async () => {
    for (const change of [
      `UPDATE immigration_user SET is_active = false WHERE username = 'consultant1'`,
      `DELETE FROM immigration_user_groups ug USING immigration_user u WHERE u.id = ug.user_id AND u.username = 'consultant1'`,
    ]) {
      const { id } = await t.upload(file(3), 'consultant1');
      await act(id, 'run', 'consultant1');
      await t.sql(change);
      const worker = t.start();
      const failed = await t.until(id, ['FAILED']);
      await worker.stop();
      expect(failed).toMatchObject({ error: 'Whoever started this may no longer do it.', created: 0 });
      await t.sql(`UPDATE immigration_user SET is_active = true`);
    }
  });
});

describe('the live stream', () => {
  const progressOf = async (deaf: boolean) => {
    const app = deaf ? await startTestApp({ sharing: t.app, deaf: true, live: { poll: 200 } }) : t.app;
    try {
      const { id } = await t.upload(file(2_500));
      const stream = await EventStream.open(app.base, { token: t.tokens.admin });
      const other = await EventStream.open(app.base, { token: t.tokens.branch1 });
      await stream.until('connection_established');
      await other.until('connection_established');
      await act(id, 'run');
      const worker = t.start();
      for (let seen = 1; ; seen++) {
        const { data } = await stream.until('client_import_progress', seen);
        expect(data.import).toMatchObject({ id, row_count: 2_500, failed: 0 });
        expect(data.import.created).toBe(data.import.processed);
        if (data.import.status === 'COMPLETED') break;
      }
      expect(stream.of('client_import_progress').at(-1)?.data.import).toMatchObject({ processed: 2_500 });
      expect(other.of('client_import_progress')).toEqual([]);
      await worker.stop();
      stream.close();
      other.close();
    } finally {
      if (deaf) await app.close();
    }
  };
  test('tells whoever started it how far it has come', () => progressOf(false));
  test('does so also where the database’s notices do not arrive', () => progressOf(true));
});

test('a file that is too large is refused, and one at the limit is taken', async () => {
  const token = t.tokens.admin ?? '';
  const long = Buffer.concat([
    Buffer.from('first_name,description\n'),
    Buffer.alloc(21 * 1024 * 1024, 'a,bbbbbbbbbbbbbbb\n'),
  ]);
  const refused = await sendFile(t.app, token, long);
  expect([refused.status, refused.body]).toEqual([400, { file: ['The file is larger than 20 MB.'] }]);
  const lines = `a,${'b'.repeat(200)}\n`.repeat(95_000);
  const taken = await sendFile(t.app, token, `first_name,description\n${lines}`);
  expect([taken.status, taken.body.row_count]).toEqual([201, 95_000]);
});

test('an import can be removed when nothing is under way; its clients stay', async () => {
  const { id } = await t.upload(file(5));
  await act(id, 'run');
  expect((await t.ask('DELETE', `${IMPORTS}${id}/`)).status).toBe(400);
  const worker = t.start();
  await t.until(id, ['COMPLETED']);
  await worker.stop();
  expect((await t.ask('DELETE', `${IMPORTS}${id}/`)).status).toBe(204);
  expect((await t.ask('GET', `${IMPORTS}${id}/`)).status).toBe(404);
  expect(await count()).toMatchObject({ n: 5 });
});

test('imports are removed after 90 days, unless they are under way', async () => {
  const ids = [await t.upload(file(5)), await t.upload(file(5)), await t.upload(file(5))].map(({ id }) => id);
  await act(ids[2] as number, 'run');
  await t.sql(`UPDATE client_import SET updated_at = now() - interval '91 days' WHERE id <> ${ids[1]}`);
  const run = (dryRun: boolean) => runJob(t.app.database, oldClientImportsJob, { dryRun });
  expect([(await run(true)).done, (await run(false)).done, (await run(false)).done]).toEqual([1, 1, 0]);
  expect((await t.sql('SELECT id::integer FROM client_import ORDER BY id')).map(({ id }) => id)).toEqual(
    ids.slice(1),
  );
});
