import { inTransaction, type OwnerClient } from '../database/owner.js';
import { SHARED_TABLES, schemaRightsSql } from '../database/roles.js';
import { checkSchemaName, quoteIdentifier } from '../database/schema-name.js';
import { PlainError } from '../platform/plain-error.js';
import { REPAIRABLE } from './catalogue-objects.js';
import { type Difference, FOREIGN_OWNER, isSlight, SWITCHED_OFF } from './differences.js';
import type { SchemaFailure } from './in-parallel.js';
import type { ReferenceSchema } from './tenant-catalogue.js';
import { tellOfTenant } from './tenant-notice.js';

/**
 * Selects the differences that can be repaired: no extra objects, though rights on them, and nothing that belongs to a
 * missing table or to another owner. Foreign keys that are not enforced are made anew.
 */
export function repairable(differences: readonly Difference[]): Difference[] {
  const gone = new Set(
    differences.filter(({ kind, what }) => kind === 'right' && what === 'missing').map(({ name }) => name),
  );
  const tableOf = ({ kind, name }: Difference) => (kind === 'trigger' ? name.split('.')[0] : name) ?? '';
  return differences.filter(
    (difference) =>
      isSwitchedOff(difference) ||
      (REPAIRABLE.includes(difference.kind) &&
        (difference.wanted !== null || (difference.kind === 'right' && !isSlight(difference))) &&
        !(difference.kind === 'function' && FOREIGN_OWNER.test(difference.found?.definition ?? '')) &&
        (difference.kind === 'function' || !gone.has(tableOf(difference)))),
  );
}

function isSwitchedOff({ kind, wanted, found }: Difference): boolean {
  return kind === 'constraint' && wanted !== null && found?.definition === wanted.definition + SWITCHED_OFF;
}

/**
 * Restores the functions, triggers and rights of a tenant's schema or of `public`; touches no record, and nothing that
 * is not the program's, but takes away rights that the program does not give. Runs in the caller's transaction.
 * @param differences those that can be repaired (see `repairable`)
 * @throws database errors, such as for a missing table
 */
export async function repairSchema(
  client: OwnerClient,
  schema: string,
  differences: readonly Difference[],
  reference: ReferenceSchema,
): Promise<void> {
  const isTenant = schema !== 'public';
  if (isTenant) checkSchemaName(schema);
  const here = (statement: string | null) => (statement ?? '').replaceAll(reference.schema, schema);
  const name = quoteIdentifier(schema);
  const of = (kind: Difference['kind']) => differences.filter((difference) => difference.kind === kind);
  // Function bodies may refer to each other in any order.
  await client.query('SET LOCAL check_function_bodies TO off');
  for (const { wanted, found } of of('function')) {
    await client.query(here(wanted?.statement ?? null));
    const on = `ON FUNCTION ${name}.${wanted?.name}`;
    for (const grantee of userNames(found?.definition)) {
      await client.query(`REVOKE EXECUTE ${on} FROM ${roleOf(grantee, schema, reference)} CASCADE`);
    }
    const isOpen = wanted?.definition.includes(' for everybody ');
    await client.query(`${isOpen ? 'GRANT' : 'REVOKE'} EXECUTE ${on} ${isOpen ? 'TO' : 'FROM'} PUBLIC`);
  }
  for (const { name: place, wanted } of of('trigger')) {
    const [table = '', trigger = ''] = place.split('.');
    const on = `${quoteIdentifier(trigger)} ON ${name}.${quoteIdentifier(table)}`;
    await client.query(`DROP TRIGGER IF EXISTS ${on}; ${here(wanted?.statement ?? null)}`);
  }
  for (const { name: place, wanted } of of('constraint')) {
    const [table = '', key = ''] = place.split('.').map(quoteIdentifier);
    await client.query(`SET LOCAL search_path TO ${name}, pg_temp`);
    await client.query(
      `ALTER TABLE ${name}.${table} DROP CONSTRAINT ${key}, ADD CONSTRAINT ${key} ${wanted?.definition}`,
    );
  }
  const rights = of('right');
  for (const { name: table, wanted, found } of rights) {
    const on =
      table === '(schema)'
        ? `ON SCHEMA ${name}`
        : table.startsWith('(')
          ? null
          : `ON ${name}.${quoteIdentifier(table)}`;
    const from = (grantee: string) => roleOf(grantee, schema, reference);
    for (const [grantee] of rightsOf(found?.definition)) {
      await client.query(
        on === null
          ? `ALTER DEFAULT PRIVILEGES IN SCHEMA ${name} REVOKE ALL ON TABLES FROM ${from(grantee)} CASCADE`
          : `REVOKE ALL ${on} FROM ${from(grantee)} CASCADE`,
      );
    }
    if (on === null) continue; // granted below
    for (const [grantee, granted] of rightsOf(wanted?.definition)) {
      await client.query(`GRANT ${granted} ${on} TO ${from(grantee)}`);
    }
  }
  if (!isTenant) return;
  if (rights.length > 0) await client.query(schemaRightsSql(schema));
  await tellOfTenant(client, schema);
}

/** Returns the grantees and their rights from a definition such as `its role: INSERT, SELECT; everybody: SELECT`. */
function rightsOf(definition = 'none'): [string, string][] {
  return definition
    .replace(/ ?OWNED BY .*$/, '')
    .split('; ')
    .flatMap((part) => {
      const [grantee, rights] = part.split(': ');
      return grantee && rights ? [[grantee, rights]] : [];
    });
}

/** Returns the roles that may call a function of this definition, apart from everybody. */
function userNames(definition = ''): string[] {
  return [...definition.matchAll(/ for (its role|the program|tenant_\w+)/g)].map(([, name = '']) => name);
}

/** Returns the role, for SQL, that a definition names. */
function roleOf(grantee: string, schema: string, { appUser }: ReferenceSchema): string {
  if (grantee === 'everybody') return 'PUBLIC';
  if (grantee === 'its role') return quoteIdentifier(schema);
  return quoteIdentifier(grantee === 'the program' ? appUser : grantee);
}

/**
 * Checks that the tables belong to the owner or to a role that it is a member of: tables restored by somebody else
 * belong to that user, and the owner may not change them.
 * @returns the schemas of tenants in which that is not so, each with what to do
 * @throws PlainError that says the same of schema `public`
 */
export async function checkOwnership(client: OwnerClient, owner: string): Promise<SchemaFailure[]> {
  const found = await inTransaction(client, async () => {
    await client.query('SET TRANSACTION READ ONLY; SET LOCAL search_path TO pg_catalog');
    const { rows } = await client.query<{ schema: string; role: string; count: number }>(
      `SELECT n.nspname::text AS schema, min(c.relowner::regrole::text) AS role, count(*)::integer AS count
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE c.relkind = 'r'
         AND CASE n.nspname WHEN 'public' THEN c.relname = ANY ($2) ELSE n.nspname ~ '^tenant_[a-z][a-z0-9_]*$' END
         AND NOT pg_has_role(to_regrole(quote_ident($1))::oid, c.relowner, 'USAGE')
       GROUP BY 1 ORDER BY 1`,
      [owner, SHARED_TABLES],
    );
    return rows;
  });
  return found.map(({ schema, role, count }) => {
    const error = new PlainError(
      `${count} tables of ${schema} belong to ${role}, so ${owner} cannot maintain them; restore the backup with pg_restore --no-owner --role=${owner}`,
    );
    if (schema === 'public') throw error;
    return { scope: schema, error };
  });
}
