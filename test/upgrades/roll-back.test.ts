import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bringUpToDate } from '../../src/cli/bring-up-to-date.js';
import { createProgress } from '../../src/cli/progress.js';
import { TENANT_COLUMNS } from '../../src/database/generated/columns.js';
import {
  contentOf,
  type Migration,
  type MigrationFiles,
  readMigrations,
} from '../../src/database/migration-files.js';
import { withOwner } from '../../src/database/owner.js';
import { planCapture } from '../../src/events/capture/capture.js';
import { EVENTS } from '../../src/events/config.js';
import { createTenantSchema } from '../../src/provisioning/tenant-schema.js';
import { requireIsolation } from '../../src/schema/access/access-check.js';
import { migrateAll } from '../../src/schema/migrator.js';
import { findBreakingMigrations } from '../../src/schema/upgrade/additive-rule.js';
import { AdditionsInAnswers } from '../contract/additions-in-answers.js';
import { EXAMPLES, loadContract, type Result, replay, withDispatcher } from '../contract/replaying.js';
import { startTestApp, type TestApp } from '../helpers/app.js';
import type { TestDatabase } from '../helpers/database.js';
import { seedStaff } from '../helpers/staff.js';

// One version back: the program of this checkout is the older one, on the schema of a newer version. That one has more
// columns, rules for them and indexes on every table, more tables and functions, and another capture of events.

const real = readMigrations();
const made = (kind: 'shared' | 'tenant', sql: string): Migration => ({
  kind,
  number: real[kind].length + 1,
  name: 'newer',
  sql,
  checksum: 'f'.repeat(64),
});

const columnForEach = (schema: string) => `
  DO $$
  DECLARE t record;
  BEGIN
    FOR t IN SELECT relname FROM pg_class c WHERE relnamespace = ${schema} AND relkind = 'r'
      AND relowner = current_user::regrole AND relname <> 'migration_ledger' LOOP
      EXECUTE format('ALTER TABLE %I ADD COLUMN newer text NOT NULL DEFAULT ''x'' CHECK (newer <> '''')', t.relname);
      EXECUTE format('CREATE INDEX ON %I (newer)', t.relname);
    END LOOP;
  END $$;`;

const NEWER: MigrationFiles = {
  shared: [
    ...real.shared,
    made(
      'shared',
      `${columnForEach("'public'::regnamespace").replaceAll('TABLE %I', 'TABLE public.%I').replaceAll('ON %I', 'ON public.%I')}
       CREATE TABLE public.feature (name text PRIMARY KEY);
       CREATE FUNCTION public.newer() RETURNS integer LANGUAGE sql AS 'SELECT 1'`,
    ),
  ],
  tenant: [
    ...real.tenant,
    made(
      'tenant',
      `${columnForEach('current_schema()::regnamespace')}
       CREATE TABLE newer_of_client (id bigint PRIMARY KEY REFERENCES immigration_client ON DELETE CASCADE);
       CREATE FUNCTION note_newer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
       BEGIN
         INSERT INTO newer_of_client SELECT NEW.id ON CONFLICT DO NOTHING;
         RETURN NULL;
       END $$;
       CREATE TRIGGER note_newer AFTER INSERT OR UPDATE ON immigration_client FOR EACH ROW EXECUTE FUNCTION note_newer()`,
    ),
  ],
};
const columns = Object.fromEntries(
  Object.entries(TENANT_COLUMNS).map(([table, own]) => [table, [...own, { name: 'newer', type: 'text' }]]),
);
const newerCapture = planCapture(columns, EVENTS);

async function startNewer({ owner, app }: TestDatabase, files = NEWER): Promise<void> {
  const { failures } = await migrateAll(owner, app.user, { files, capture: newerCapture, parallel: 2 });
  expect(failures).toEqual([]);
}

const startOlder = ({ app, owner }: TestDatabase, hasOwner = true) =>
  bringUpToDate(
    {
      kind: 'server',
      app,
      owner: hasOwner ? owner : null,
      ended: new Promise(() => undefined),
      close: async () => undefined,
      abandon: () => undefined,
    },
    createProgress(process.stderr),
  );

describe('the older version on the schema of the newer one', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({
      from: 'empty',
      async prepare(databases) {
        await loadContract(databases);
        await startNewer(databases);
      },
    });
  }, 120_000);
  afterAll(() => app?.close());

  it('starts, says what it found, and leaves the schema and the capture of events as they are', async () => {
    const { owner } = app.databases;
    const captures = () =>
      withOwner(owner, async (client) => {
        const { rows } = await client.query<{ checksum: string }>(
          'SELECT checksum FROM public.event_capture',
        );
        return [...new Set(rows.map(({ checksum }) => checksum))];
      });
    expect(await withOwner(owner, (client) => findBreakingMigrations(client, NEWER))).toEqual([]);
    for (const hasOwner of [true, false]) {
      expect(await startOlder(app.databases, hasOwner)).toEqual([
        `the database is that of a newer version of the program: 2 of its migrations are unknown to this one, the last is 00${real.shared.length + 1}_newer; it goes on, since they only add`,
        expect.stringMatching(/^the events of 2 tenants are captured as a newer version of the program/),
      ]);
    }
    expect(await captures()).toEqual([newerCapture.checksum]);
    expect(await requireIsolation(app.databases.app)).toEqual([]);
  });

  it('answers every recorded request as before, and handles the events', { timeout: 120_000 }, async () => {
    let results = new Map<string, Result>();
    await withDispatcher(app.databases, async () => {
      results = await replay(app.base, app.config.secretKey);
    });
    const additions = new AdditionsInAnswers((await app.ask('GET', '/api/schema/?format=json')).body);
    const failed = EXAMPLES.flatMap(({ name, request: { method, path }, response: { status } }) => {
      const { differences = [], reason } = results.get(name) ?? { reason: 'was not sent' };
      const lines = additions.unexplained(method, path, status, differences);
      return [...lines, ...(reason ? [reason] : [])].map((line) => `${name}: ${line}`);
    });
    // The newer version's own addition: events hold what its capture has recorded.
    expect(failed.filter((line) => !line.includes('.metadata.newer: '))).toEqual([]);
    expect(results.size).toBe(EXAMPLES.length);
  });

  it('creates an agency, which the newer version brings up to date when it comes back', async () => {
    const { owner, app: role } = app.databases;
    await createTenantSchema(owner, role.user, {
      schema: 'tenant_late',
      name: 'Late',
      domains: [{ domain: 'late.localhost', isPrimary: true }],
      status: 'ACTIVE',
    });
    await seedStaff(app, 'tenant_late');
    await startNewer(app.databases);
    const { rows } = await withOwner(owner, (client) =>
      client.query(`SELECT count(*)::integer AS tables, max(checksum) AS capture
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid, public.event_capture
        WHERE c.relnamespace = 'tenant_late'::regnamespace AND c.relkind = 'r' AND attname = 'newer'
          AND schema_name = 'tenant_late'`),
    );
    expect(rows).toEqual([{ tables: Object.keys(TENANT_COLUMNS).length, capture: newerCapture.checksum }]);
    expect(await startOlder(app.databases)).toHaveLength(2);
  });
});

it('requests to the older version go on while the newer one migrates', { timeout: 60_000 }, async () => {
  const app = await startTestApp();
  try {
    await seedStaff(app);
    const token = await app.logIn('admin');
    const answers = new Map<string, number>();
    let stop = false;
    const many = Array.from({ length: 4 }, async (_, index) => {
      for (let number = 0; !stop; number++) {
        const body = {
          first_name: 'Maya',
          last_name: `${index}-${number}`,
          gender: 'FEMALE',
          country: 'NP',
          branch_id: 1,
        };
        const made = await app.ask('POST', '/api/v1/clients/', { token, body });
        const path = `/api/v1/clients/${made.body.id}/`;
        const others = [
          await app.ask('PATCH', path, { token, body: { middle_name: 'x' } }),
          await app.ask('GET', path, { token }),
          await app.ask('GET', '/api/v1/clients/', { token }),
        ];
        await sleep(10);
        for (const { status } of [made, ...others])
          answers.set(`${status}`, (answers.get(`${status}`) ?? 0) + 1);
      }
    });
    const busy = ['immigration_client', 'immigration_clientactivity', 'immigration_event', 'client_search'];
    const ofBusyTables = `
      DO $$ BEGIN
        IF NOT has_parameter_privilege('deadlock_timeout', 'SET') THEN RAISE EXCEPTION 'would not give way'; END IF;
      END $$;
      ${busy.map((table) => `ALTER TABLE ${table} ADD COLUMN newer text; CREATE INDEX ON ${table} (newer);`).join('\n')}`;
    const index = `-- transaction: none
      CREATE INDEX CONCURRENTLY IF NOT EXISTS newer_client ON immigration_client (newer, id);`;
    const concurrently = {
      ...made('tenant', ''),
      number: real.tenant.length + 2,
      ...contentOf(index, 'newer'),
    };
    const tenant = [...real.tenant, made('tenant', ofBusyTables), concurrently];
    await startNewer(app.databases, { ...real, tenant });
    const { size } = answers;
    await sleep(300);
    stop = true;
    await Promise.all(many);
    expect(size).toBeGreaterThan(0);
    expect([...answers.keys()].toSorted()).toEqual(['200', '201']);
  } finally {
    await app.close();
  }
});

describe('the newer version on the schema of the older one', () => {
  it('does not start where it may not migrate', async () => {
    const app = await startTestApp();
    try {
      await withOwner(app.databases.owner, (client) =>
        client.query(
          "DELETE FROM public.migration_ledger WHERE number = (SELECT max(number) FROM public.migration_ledger WHERE scope = 'shared') AND scope = 'shared'",
        ),
      );
      await expect(startOlder(app.databases, false)).rejects.toThrow(
        /^1 migrations are pending, and the program's own role/,
      );
    } finally {
      await app.close();
    }
  });
});
