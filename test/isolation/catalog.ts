import type { ConnectionSettings } from '../../src/config/config.js';
import { withOwner } from '../../src/database/owner.js';

/** The contents of a schema, with names as SQL writes them (`tenant_main.immigration_client`). */
export interface SchemaObjects {
  /** Tables and views, each with its first column and its oid. */
  readonly relations: readonly { readonly name: string; readonly column: string; readonly oid: number }[];
  readonly sequences: readonly { readonly name: string; readonly oid: number }[];
  /** Functions with a call that fits their arguments. */
  readonly functions: readonly { readonly name: string; readonly call: string }[];
}

/** Reads the contents of a tenant's schema from the catalogue, as the server's superuser. */
export async function readObjects(admin: ConnectionSettings, schema: string): Promise<SchemaObjects> {
  return await withOwner(admin, async (client) => {
    const relations = await client.query(
      `SELECT format('%I.%I', $1::text, relname) AS name, c.oid::integer AS oid,
              (SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = c.oid AND attnum = 1) AS column
       FROM pg_class c WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
       ORDER BY relname`,
      [schema],
    );
    const sequences = await client.query(
      `SELECT format('%I.%I', $1::text, relname) AS name, oid::integer AS oid
       FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind = 'S' ORDER BY relname`,
      [schema],
    );
    const functions = await client.query(
      `SELECT proname AS name, format('%I.%I(%s)', $1::text, proname,
              (SELECT string_agg('NULL::' || format_type(type, NULL), ', ') FROM unnest(proargtypes) AS type)) AS call
       FROM pg_proc WHERE pronamespace = $1::regnamespace ORDER BY proname`,
      [schema],
    );
    return { relations: relations.rows, sequences: sequences.rows, functions: functions.rows };
  });
}

/** Returns a statement of every kind that reads or changes something of the schema. */
export function everyAccess({ relations, sequences, functions }: SchemaObjects): string[] {
  return [
    ...relations.flatMap(({ name, column }) => [
      `SELECT FROM ${name}`,
      `SELECT count(*) FROM ${name}`,
      `SELECT ${column} FROM ${name} FOR UPDATE`,
      `INSERT INTO ${name} DEFAULT VALUES`,
      `UPDATE ${name} SET ${column} = ${column}`,
      `DELETE FROM ${name}`,
      `TRUNCATE ${name}`,
      `LOCK TABLE ${name}`,
      `COPY ${name} TO STDOUT`,
      `DROP TABLE ${name}`,
    ]),
    ...sequences.flatMap(({ name, oid }) => [
      `SELECT last_value FROM ${name}`,
      `SELECT nextval('${name}')`,
      `SELECT setval('${name}', 1)`,
      // By its OID a sequence is found without its schema.
      `SELECT nextval(${oid}::regclass)`,
      `SELECT setval(${oid}::regclass, 1)`,
    ]),
    ...functions.map(({ call }) => `SELECT ${call}`),
  ];
}
