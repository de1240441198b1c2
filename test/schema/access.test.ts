import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withOwner } from '../../src/database/owner.js';
import { requireIsolation } from '../../src/schema/access/access-check.js';
import { migrateAll } from '../../src/schema/migrator.js';
import { examineAccess } from '../../src/schema/role-diagnosis.js';
import { hasPgBouncer, startPgBouncer } from '../helpers/pgbouncer.js';
import { startPostgres } from '../helpers/postgres-server.js';
import { type TwoAgencies, twoAgencies } from '../helpers/two-agencies.js';
import { CHANGES, IN_TABLES } from './access-changes.js';

/** A server of its own: roles and settings belong to the whole server. */
let server: Awaited<ReturnType<typeof startPostgres>>;
let agencies: TwoAgencies;
const sql = (text: string) => agencies.sql(text);
const everything = () => agencies.everything();
const migrate = () => migrateAll(agencies.owner, agencies.handle.app.user);

beforeAll(async () => {
  server = await startPostgres();
  agencies = await twoAgencies(server);
});
afterAll(() => server.stop());

const startsOrNot = () =>
  requireIsolation(agencies.handle.app).then(
    () => null,
    (error: Error) => error.message,
  );

it('finds nothing in a database as the program makes it, and the program starts', async () => {
  expect(await everything()).toEqual([]);
  expect(await requireIsolation(agencies.handle.app)).toEqual([]);
});

describe.each(CHANGES)('$change', ({ change, undo, line, voids, migrates }) => {
  it('is one line of doctor, and keeps the program from starting where it voids isolation', async () => {
    const found = /^(tables|public):/.test(typeof line === 'string' ? line : line.source.slice(1))
      ? everything
      : agencies.quickly;
    await sql(change);
    try {
      const said = await found();
      expect(said).toEqual([typeof line === 'string' ? line : expect.stringMatching(line)]);
      const refusal = await startsOrNot();
      if (voids) expect(said[0]).toContain(String(refusal).replace('agencies are not kept apart: ', ''));
      else expect(refusal).toBeNull();
      if (migrates) await migrate();
      const statement =
        /\b(?:as a superuser run: |unless it is yours: |as a superuser: )(.*?)\)?(?:; leopard.*)?$/.exec(
          said[0] ?? '',
        )?.[1];
      if (statement) await sql(statement);
      expect(await found()).toEqual([]);
    } finally {
      await sql(undo);
    }
  });
});

it('finds changes of tables, their code and their rights, several at once', async () => {
  for (const [change] of IN_TABLES) await sql(change);
  const said = (await everything()).join('\n');
  for (const [, mark] of IN_TABLES) expect(said).toContain(mark);
  // Functions, triggers, rights and foreign keys come back; what is not the program's stays, with what removes it.
  const { mended, repairs, failures } = await migrate();
  expect([repairs, failures]).toEqual([2, []]);
  expect(mended).toEqual([
    'tenant_one has rights on table public.auth_user, outside of its schema',
    'functions, triggers or rights of public were not the program’s',
  ]);
  const left = (await everything()).join('\n');
  const comesBack = /ENABLE ROW|^CREATE|OWNER TO|DROP CONSTRAINT|ALTER COLUMN/;
  for (const [change, mark] of IN_TABLES)
    expect([mark, left.includes(mark)]).toEqual([mark, comesBack.test(change)]);
  await sql(`ALTER TABLE tenant_one.immigration_note DISABLE ROW LEVEL SECURITY;
    DROP RULE no_log ON tenant_one.audit_entry; DROP VIEW tenant_one.peek;
    DROP TRIGGER drops ON tenant_two.audit_entry; DROP FUNCTION public.peek();
    ALTER FUNCTION tenant_two.audit_forget(integer, bigint) OWNER TO leopard_owner;
    ALTER TABLE public.auth_user ALTER COLUMN password TYPE varchar(128);
    ALTER TABLE public.tenants_domain ADD UNIQUE (domain)`);
  expect(await everything()).toEqual([]);
});

it('finds all of them at once', async () => {
  for (const { change } of CHANGES) await sql(change);
  const said = (await everything()).join('\n');
  for (const { undo } of [...CHANGES].reverse()) await sql(undo);
  for (const { mark } of CHANGES) expect(said).toContain(mark);
  expect(await everything()).toEqual([]);
});

it('lists the gravest first, and counts what is beyond the list', async () => {
  await sql(`DO $$ BEGIN
    FOR number IN 1 .. 53 LOOP
      EXECUTE format('CREATE ROLE cloud_%1$s NOLOGIN; GRANT cloud_%1$s TO leopard_app', number);
    END LOOP;
  END $$; GRANT pg_read_all_data TO leopard_app`);
  const { app } = agencies.handle;
  const results = await withOwner(app, (client) => examineAccess(client, app.user, 'roles'));
  await sql(`DO $$ BEGIN
    FOR number IN 1 .. 53 LOOP EXECUTE format('DROP ROLE cloud_%s', number); END LOOP;
  END $$; REVOKE pg_read_all_data FROM leopard_app`);
  const list = [results].flat();
  expect(list).toHaveLength(51);
  expect(list[0]).toMatchObject({
    status: 'problem',
    text: expect.stringContaining('member of pg_read_all_data'),
  });
  expect(new Set(list.slice(1).map(({ status }) => status))).toEqual(new Set(['warning']));
  expect(list.at(-1)?.text).toBe('and 4 more like these');
});

it('migrate takes away what roles must not have, as far as the owner may', async () => {
  await sql(`ALTER ROLE tenant_one LOGIN; GRANT ALL ON SCHEMA tenant_one TO tenant_two;
    GRANT UPDATE ON public.auth_user TO leopard_app; GRANT USAGE ON SCHEMA public TO leopard_app WITH GRANT OPTION;
    GRANT pg_read_all_data TO tenant_two`);
  expect((await migrate()).mended).toEqual([
    'tenant_one has LOGIN, which a tenant’s role must not have',
    'tenant_two has the rights of tenant_one, which no tenant may have',
    'leopard_app has UPDATE on table public.auth_user, which the program does not need',
    'leopard_app has USAGE WITH GRANT OPTION on schema public, which the program does not need',
  ]);
  expect(await everything()).toEqual([
    'roles: tenant_two has the rights of pg_read_all_data, which no tenant may have; as a superuser run: REVOKE pg_read_all_data FROM tenant_two',
  ]);
  await sql('REVOKE pg_read_all_data FROM tenant_two');
});

it('says so where the program may not read the catalogue, and starts with a warning', async () => {
  const shadow = 'ON pg_catalog.pg_auth_members';
  await sql(`REVOKE SELECT ${shadow} FROM PUBLIC`);
  try {
    expect(await agencies.quickly().catch(({ message }) => message)).toMatch(/permission denied/);
    expect(await everything()).toContain('roles: permission denied for table pg_auth_members');
    expect(await requireIsolation(agencies.handle.app)).toEqual([
      expect.stringMatching(
        /^the isolation of tenants could not be checked \(permission denied for table pg_auth_members\); /,
      ),
    ]);
  } finally {
    await sql(`GRANT SELECT ${shadow} TO PUBLIC`);
  }
});

it.skipIf(!hasPgBouncer)('holds behind a pooler too', async () => {
  const pooler = await startPgBouncer(agencies.handle.app, 2);
  try {
    expect(await requireIsolation(pooler.settings)).toEqual([]);
    await sql('ALTER ROLE tenant_one LOGIN');
    await expect(requireIsolation(pooler.settings)).rejects.toThrow('tenant_one has LOGIN');
  } finally {
    await sql('ALTER ROLE tenant_one NOLOGIN');
    await pooler.stop();
  }
});
