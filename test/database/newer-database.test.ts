import { afterAll, beforeEach, expect, it } from 'vitest';
import { bringUpToDate } from '../../src/cli/bring-up-to-date.js';
import { createProgress } from '../../src/cli/progress.js';
import { withOwner } from '../../src/database/owner.js';
import { migrateAll } from '../../src/schema/migrator.js';
import { testDatabase } from '../helpers/database.js';

// A program beside, or after, a newer version of it.

const databases = await testDatabase();
afterAll(() => databases.drop());

/** Writes the ledger as a newer version leaves it. */
const newer = (...names: string[]) =>
  withOwner(databases.owner, async (client) => {
    await client.query('DELETE FROM public.migration_ledger WHERE number > 500');
    for (const [index, name] of names.entries()) {
      for (const scope of ['tenant_main', 'tenant_demo'])
        await client.query(
          'INSERT INTO public.migration_ledger (scope, number, name, checksum) VALUES ($1, $2, $3, $4)',
          [scope, 501 + index, name, 'f'.repeat(64)],
        );
    }
  });
beforeEach(() => newer());

const start = async (hasOwner: boolean) => {
  const ended = new Promise<void>(() => undefined);
  const { app, owner } = databases;
  const handle = {
    kind: 'server' as const,
    app,
    owner: hasOwner ? owner : null,
    ended,
    close: async () => undefined,
    abandon: () => undefined,
  };
  return await bringUpToDate(handle, createProgress(process.stderr));
};

it.each([true, false])(
  'says so and goes on where what is new only adds (owner given: %s)',
  async (hasOwner) => {
    expect(await start(hasOwner)).toEqual([]);
    await newer('more_columns', 'more_tables');
    expect(await start(hasOwner)).toEqual([
      'the database is that of a newer version of the program: 2 of its migrations are unknown to this one, the last is 0502_more_tables; it goes on, since they only add',
    ]);
  },
);

it('takes away no right and changes no function that a newer version has made', async () => {
  const { owner, app } = databases;
  await newer('other_functions');
  await withOwner(owner, (client) =>
    client.query(`
      INSERT INTO public.migration_ledger (scope, number, name, checksum) VALUES ('shared', 501, 'x', '');
      CREATE TABLE public.newer (id integer); GRANT SELECT ON public.newer TO ${app.user};
      CREATE TABLE tenant_main.newer (id integer); REVOKE INSERT ON tenant_main.newer FROM tenant_main;
      CREATE OR REPLACE FUNCTION tenant_main.audit_source(part integer) RETURNS text LANGUAGE sql STABLE AS 'SELECT NULL'`),
  );
  const { mended, repairs } = await migrateAll(owner, app.user);
  expect([mended, repairs]).toEqual([[], 0]);
  await withOwner(owner, async (client) => {
    const { rows } = await client.query(
      `SELECT has_table_privilege($1, 'public.newer', 'SELECT') AS "right",
        (SELECT prosrc FROM pg_proc WHERE oid = 'tenant_main.audit_source(integer)'::regprocedure) AS source`,
      [app.user],
    );
    expect(rows).toEqual([{ right: true, source: 'SELECT NULL' }]);
  });
});

it.each([true, false])('does not start where what is new breaks it (owner given: %s)', async (hasOwner) => {
  await newer('other_names_breaking', 'more_tables');
  await expect(start(hasOwner)).rejects.toThrow(
    /^the database is that of a newer version of the program, which this one cannot work with \(0501_other_names_breaking of tenant_(demo|main)\); start the newer version$/,
  );
});
