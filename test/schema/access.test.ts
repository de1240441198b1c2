import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bootstrapDatabase } from '../../src/database/bootstrap.js';
import type { DatabaseHandle } from '../../src/database/connections.js';
import type { Finding } from '../../src/database/finding.js';
import { withOwner } from '../../src/database/owner.js';
import { createTenantSchema } from '../../src/provisioning/tenant-schema.js';
import { requireIsolation } from '../../src/schema/access/access-check.js';
import { diagnose } from '../../src/schema/diagnosis.js';
import { migrateAll } from '../../src/schema/migrator.js';
import { examineAccess } from '../../src/schema/role-diagnosis.js';
import { startPostgres } from '../helpers/postgres-server.js';
import { CHANGES, IN_TABLES } from './access-changes.js';

/** A server of its own: roles and settings belong to the whole server. */
let server: Awaited<ReturnType<typeof startPostgres>>;
let handle: DatabaseHandle;
let admin: DatabaseHandle['app'];

beforeAll(async () => {
  server = await startPostgres();
  const owner = { user: 'leopard_owner', password: 'owner' };
  const app = { user: 'leopard_app', password: 'app' };
  await bootstrapDatabase(server.admin, { database: 'leopard', owner, app });
  admin = { ...server.admin, database: 'leopard' };
  handle = {
    kind: 'server',
    app: { ...admin, ...app },
    owner: { ...admin, ...owner },
    ended: new Promise(() => undefined),
    close: async () => undefined,
    abandon: () => undefined,
  };
  await migrateAll({ ...admin, ...owner }, app.user);
  for (const name of ['one', 'two']) {
    await createTenantSchema({ ...admin, ...owner }, app.user, {
      schema: `tenant_${name}`,
      name,
      domains: [{ domain: `${name}.localhost`, isPrimary: true }],
      status: 'ACTIVE',
    });
  }
  await sql('REVOKE CONNECT, TEMPORARY ON DATABASE postgres, template1 FROM PUBLIC');
});
afterAll(() => server.stop());

const sql = (text: string) => withOwner(admin, (client) => client.query(text));

/** Returns what all of doctor finds, one line each. */
async function everything(): Promise<string[]> {
  return lines(await diagnose(handle));
}

/** Returns what doctor finds without comparing tables, which takes longest. */
async function quickly(): Promise<string[]> {
  return await withOwner(handle.app, async (client) => {
    const findings: Finding[] = [];
    for (const check of ['roles', 'rights', 'role settings'] as const) {
      const results = [await examineAccess(client, handle.app.user, check)].flat();
      findings.push(...results.map((result) => ({ check, ...result })));
    }
    return lines(findings);
  });
}

function lines(findings: readonly Finding[]): string[] {
  return findings.filter(({ status }) => status !== 'ok').map(({ check, text }) => `${check}: ${text}`);
}

const startsOrNot = () =>
  requireIsolation(handle.app).then(
    () => null,
    (error: Error) => error.message,
  );

it('finds nothing in a database as the program makes it, and the program starts', async () => {
  expect(await everything()).toEqual([]);
  expect(await requireIsolation(handle.app)).toEqual([]);
});

describe.each(CHANGES)('$change', ({ change, undo, line, voids, migrates }) => {
  it('is one line of doctor, and keeps the program from starting where it voids isolation', async () => {
    const found = /^(tables|public):/.test(typeof line === 'string' ? line : line.source.slice(1))
      ? everything
      : quickly;
    await sql(change);
    try {
      const said = await found();
      expect(said).toEqual([typeof line === 'string' ? line : expect.stringMatching(line)]);
      const refusal = await startsOrNot();
      if (voids) expect(said[0]).toContain(String(refusal).replace('agencies are not kept apart: ', ''));
      else expect(refusal).toBeNull();
      if (migrates) await migrateAll(handle.owner!, handle.app.user);
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
  const { mended, repairs, failures } = await migrateAll(handle.owner!, handle.app.user);
  expect([repairs, failures]).toEqual([2, []]);
  expect(mended).toEqual(['functions, triggers or rights of public were not the program’s']);
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
