import { type Sql, sql } from '../../database/sql.js';
import type { Field } from '../../http/fields/field.js';
import { ClientCreate, type ClientCreateInput, type ClientField } from '../shared/client-fields.js';

/** All columns of a client that an import writes, as stored. */
export type ClientValues = Required<ClientCreateInput>;

/** The fields of a client that an import writes. */
export const CLIENT_FIELDS = Object.keys(ClientCreate.shape) as ClientField[];

/** The values of a client's optional fields by default: null, empty text, or the default that bodies have. */
export const BLANK = Object.fromEntries(
  Object.entries<Field>(ClientCreate.shape).flatMap(([name, field]) =>
    field.required ? [] : [[name, blankOf(name, field)]],
  ),
) as Omit<ClientValues, RequiredField>;

type RequiredField = {
  [F in ClientField]: Record<never, never> extends Pick<ClientCreateInput, F> ? never : F;
}[ClientField];

function blankOf(name: string, { schema, nullable, blank, parse }: Field): unknown {
  if (schema.default !== undefined) return schema.default;
  if (nullable) return null;
  if (!blank) throw new Error(`the field "${name}" of clients has no default for imports to write`);
  return parse('');
}

/** Returns columns of the row with this alias, a constant of the program: all that an import writes, or these of them. */
export function columnsOf(alias: string, fields: readonly string[] = CLIENT_FIELDS): Sql {
  const known = CLIENT_FIELDS.filter((field) => fields.includes(field));
  return sql.join(known.map((field) => sql.ref(`${alias}.${field}`)));
}

/** The names of the columns, for INSERT and UPDATE. */
export const COLUMN_NAMES = sql.join(CLIENT_FIELDS.map((field) => sql.ref(field)));

/** Returns the SQL for a hash of these columns of row `r`, in order; it changes when any of them does. */
export function stateOf(fields: readonly string[]): Sql<string> {
  return sql<string>`md5(ROW(${sql.join(fields.map((field) => sql.ref(`r.${field}`)))})::text)::uuid`;
}
